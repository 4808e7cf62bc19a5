"""Open a scene: a file, a folder of band files, or a STAC item become one value.

Only headers are read, and every byte once for the fingerprint. For files of unknown origin call it
inside `limited.run_limited`.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType

from geo.errors import SceneError
from geo.geobox import GeoBox
from tiles.files.band_names import SCL, band_name, by_wavelength
from tiles.files.dates import scene_date
from tiles.files.gdal_env import IMAGE_SUFFIXES
from tiles.files.probe import FileFacts, probe_file
from tiles.files.raster_file import local_file, one_line
from tiles.files.remote_url import allowed_url, is_remote
from tiles.files.stac import DATES, is_item, read_item
from tiles.scene import BandFile, Scene

MAX_FILES = 500
"""A folder with more images than this is no single scene."""
OPTIONS = "--before-date or --after-date"
"""Of commands: what gives a date."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What the headers of a scene say."""

    geobox: GeoBox
    """Grid of the finest band."""
    day: date
    """Acquisition date."""
    acquired: datetime | None
    """Instant (UTC) of the sensing where it is known."""


@dataclass(frozen=True, slots=True)
class _Found:
    """The parts of a scene, before its bands are chosen and its date is known."""

    bands: tuple[BandFile, ...]
    files: tuple[FileFacts, ...]
    item: str | None = None
    item_date: str | None = None
    since: date | None = None
    acquired: datetime | None = None
    parts_acquired: tuple[datetime, ...] = ()


def open_scene(source: str, when: date | None = None, option: str = OPTIONS) -> Scene:
    """Open the scene a user named, without reading its pixels.

    `when` overrides all times the imagery states of itself; an item of several days (a composite)
    is of its last one, and keeps the first and the day of each pixel. `option` names, in the
    error's text, the command's option that would have given it. Raises SceneError (not readable,
    not allowed, no place on the ground, fewer than two bands) and DateError (no date).
    """
    found = _find(source)
    bands, extra = _chosen(source, found)
    day = when or _day(source, found, option)
    paths = {facts.path for facts in found.files} | ({found.item} if found.item else set())
    remote = {facts.path: facts.fingerprint for facts in found.files if is_remote(facts.path)}
    stated = when is None
    return Scene(
        source,
        day,
        bands,
        extra.get(SCL),
        sha256_of(paths, remote),
        since=found.since if stated else None,
        acquired=found.acquired if stated else None,
        dates=extra.get(DATES) if stated else None,
        parts_acquired=found.parts_acquired if stated else (),
    )


def glance(source: str, option: str = OPTIONS) -> Glance:
    """What the headers of a scene say: nothing else is read, nothing hashed.

    Raises SceneError and DateError as `open_scene` does.
    """
    found = _find(source)
    bands, _ = _chosen(source, found)
    finest = min((band.geobox for band in bands), key=lambda box: box.pixel_size[0])
    return Glance(finest, _day(source, found, option), found.acquired)


def _chosen(source: str, found: _Found) -> tuple[tuple[BandFile, ...], dict[str, BandFile]]:
    try:
        return _choose(source, found.bands)
    except OSError as error:
        raise SceneError(f"{source}: {one_line(error)}") from None


def _day(source: str, found: _Found, option: str) -> date:
    return scene_date(source, found.item_date, [facts.tags for facts in found.files], option)


def sha256_of(paths: Iterable[str], remote: Mapping[str, bytes] = MappingProxyType({})) -> str:
    """SHA-256 over the bytes of files, in the order of their paths; of `remote` ones, what it says.

    Raises SceneError.
    """
    digest = hashlib.sha256()
    for path in sorted(paths):
        if path in remote:
            digest.update(remote[path])
            continue
        try:
            with Path(path).open("rb") as file:
                while chunk := file.read(1 << 20):
                    digest.update(chunk)
        except OSError as error:
            raise SceneError(f"{path}: {one_line(error)}") from None
    return digest.hexdigest()


def _find(source: str) -> _Found:
    if is_remote(source):
        return _from_file(allowed_url(source))
    path = Path(source)
    try:
        if path.is_dir():
            return _from_folder(source, path)
        if is_item(Path(local_file(source))):
            return _from_item(str(path.absolute()))
    except (OSError, ValueError) as error:
        raise SceneError(f"{source}: {one_line(error)}") from None
    return _from_file(local_file(source))


def _from_file(path: str) -> _Found:
    facts = probe_file(path)
    bands = [
        BandFile(name, path, index, facts.geobox, stamp=facts.stamp)
        for index, name in enumerate(facts.names, start=1)
        if name is not None
    ]
    return _Found(tuple(bands), (facts,))


def _from_item(path: str) -> _Found:
    item = read_item(path)
    placements = {band.path: band.placement for band in item.bands}  # one file may hold many
    files = {path: probe_file(path, placement) for path, placement in placements.items()}
    bands = []
    for band in item.bands:
        facts = files[band.path]
        if band.index <= len(facts.names):
            nodata = None if facts.has_nodata else band.nodata
            bands.append(
                BandFile(band.name, band.path, band.index, facts.geobox, nodata, facts.stamp)
            )
    files_facts = tuple(files.values())
    times = item.when, item.since, item.acquired, item.parts_acquired
    return _Found(tuple(bands), files_facts, path, *times)


def _from_folder(source: str, folder: Path) -> _Found:
    items = [path for path in sorted(folder.iterdir()) if path.is_file() and is_item(path)]
    if len(items) == 1:
        return _from_item(str(items[0].absolute()))
    images = _images(folder)
    if not images:
        raise SceneError(f"{source}: no image in this folder ({', '.join(IMAGE_SUFFIXES)})")
    named = [(name, path) for path in images if (name := band_name(path.stem)) is not None]
    if len(named) < 2 and len(images) == 1:
        return _from_file(str(images[0].absolute()))
    if not named:
        raise SceneError(
            f"{source}: {len(images)} images, but no name states a band; call them B02, blue, "
            "or the like, or name one of the files"
        )
    files = [(name, probe_file(str(path.absolute()))) for name, path in named]
    bands = tuple(_single_band(name, facts) for name, facts in files)
    _refuse_twins(source, bands)
    return _Found(bands, tuple(facts for _, facts in files))


def _images(folder: Path) -> list[Path]:
    """Images in the folder itself, else (as in a .SAFE) in the folders below it."""
    for pattern in ("*", "**/*"):
        found = sorted(
            path
            for path in folder.glob(pattern)
            if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()
        )
        if len(found) > MAX_FILES:
            raise SceneError(f"{folder}: {len(found)} images; name the folder of one scene")
        if found:
            return found
    return []


def _single_band(name: str, facts: FileFacts) -> BandFile:
    """Sentinel-2's own JP2 files mark no missing pixels; ESA's product definition says 0 is one."""
    unmarked = facts.dtypes[0] == "uint16" and not facts.has_nodata
    return BandFile(name, facts.path, 1, facts.geobox, 0.0 if unmarked else None, facts.stamp)


def _refuse_twins(source: str, bands: Sequence[BandFile]) -> None:
    seen: dict[tuple[str, float], str] = {}
    for band in bands:
        twin = seen.setdefault((band.name, band.geobox.pixel_size[0]), band.path)
        if twin != band.path:
            raise SceneError(
                f"{source}: {Path(twin).name} and {Path(band.path).name} both hold {band.name}; "
                "keep the files of one scene"
            )


def _choose(
    source: str, bands: Sequence[BandFile]
) -> tuple[tuple[BandFile, ...], dict[str, BandFile]]:
    """Spectral bands in order, and what else there is; of one name the finest, then the first."""
    best: dict[str, BandFile] = {}
    for band in bands:
        held = best.setdefault(band.name, band)
        if band.geobox.pixel_size[0] < held.geobox.pixel_size[0]:
            best[band.name] = band
    extra = {name: best.pop(name) for name in (SCL, DATES) if name in best}
    if len(best) < 2:
        raise SceneError(
            f"{source}: {len(best)} spectral band(s) ({', '.join(best) or 'none'}); change needs "
            "at least two: name a file with several bands or a folder of band files"
        )
    return tuple(best[name] for name in by_wavelength(list(best))), extra
