"""Any STAC API as a source: searched by pystac-client, read by ranges, only the area's windows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from geo.area import geodesic_area_m2
from geo.crs import CGCS2000, is_metric, reproject_geometry
from geo.errors import GridError, InputError, NoWorkersError, SceneError, SourceError, WorkerError
from geo.geobox import GeoBox, Window
from geo.tiling import tiles_of
from tiles.files.band_names import SCL
from tiles.files.probe import FileFacts
from tiles.limited import LimitedPool, Limits, limited_pool, run_limited
from tiles.scene import BandFile
from tiles.sources.acquisition import Acquisition, Kind
from tiles.sources.answer_words import without_folders
from tiles.sources.assemble import Piece, assemble, room_for
from tiles.sources.parts import PartsFolder
from tiles.sources.source import BANDS_FILE, SCL_FILE, Ask, Cost, Fetched
from tiles.sources.stac_api_items import acquisition_of_item
from tiles.sources.stac_api_layers import Layer, is_reflectance, layers_of
from tiles.sources.stac_api_read import PartJob, Reading, look, read_part
from tiles.sources.stac_api_spec import StacApiSpec

__all__ = ["StacApi", "StacApiSpec"]

PART_PX = 2048
"""Edge of a part in pixels: what a kill costs at most."""
RESTARTS = 2
"""How often a fetch begins again because a file was replaced meanwhile."""

_LIMITS = Limits(seconds=1800, written_mb=1024)
_REQUESTS_PER_LAYER = 4  # a part of one file: its head, and what of it is not one range


@dataclass(frozen=True, slots=True)
class _Work:
    """What is read, onto which grid."""

    readings: tuple[Reading, ...]
    grid: GeoBox
    windows: tuple[Window, ...]
    dtype: str

    @property
    def purpose(self) -> dict[str, Any]:
        """What parts must be of to be taken up: pixels, their meaning, and the files' state."""
        return {
            "grid": [self.grid.crs.to_string(), *self.grid.transform[:6], *self.grid.shape],
            "dtype": self.dtype,
            "layers": [
                [r.file.name, r.file.path, r.file.index, r.file.stamp, r.scale, r.offset, r.decibel]
                for r in self.readings
            ],
        }


@dataclass(frozen=True, slots=True)
class _Image:
    """One file to assemble of parts; the arguments of `assemble`."""

    grid: GeoBox
    bands: tuple[str, ...]
    dtype: str
    pieces: tuple[Piece, ...]
    target: Path


class _ReplacedError(Exception):
    """A file is not what it was when the fetch began."""


class StacApi:
    """One collection of a STAC API; implements Source."""

    def __init__(self, name: str, spec: StacApiSpec) -> None:
        self._name = name
        self._spec = spec

    @property
    def name(self) -> str:
        """Its name in the configuration."""
        return self._name

    def search(self, ask: Ask) -> Iterator[Acquisition]:
        """Every acquisition of the window that meets the area; malformed items too, marked so."""
        from tiles.sources.stac_api_client import pages  # noqa: PLC0415 (pystac-client is heavy)

        spec, seen = self._spec, set()
        for page in pages(spec, ask.area.bounds, (ask.start, ask.end)):
            for item in page["features"]:
                found = acquisition_of_item(self._name, spec.collection, spec.sensor, item, ask)
                # the server's interval holds its end too, and a page may shift under a search
                inside = ask.start <= found.acquired < ask.end
                if inside and found.identifier not in seen and found.footprint.intersects(ask.area):
                    seen.add(found.identifier)
                    yield found

    def cost(self, acquisition: Acquisition, area: BaseGeometry) -> Cost:
        """Requests and bytes, estimated from the area; nothing is metered and nothing asked."""
        shown = shapely.intersection(acquisition.footprint, area)
        gsd = float(acquisition.detail.get("properties", {}).get("gsd") or 10)
        pixels = geodesic_area_m2(shown, CGCS2000) / gsd**2
        layers = len(self._spec.wanted) + 1
        each = 4 if self._spec.sensor is Kind.SAR else 2
        parts = max(1, ceil(pixels / PART_PX**2))
        requests = parts * layers * _REQUESTS_PER_LAYER
        return Cost(requests=requests, bytes=ceil(pixels * layers * each))

    def fetch(
        self,
        acquisition: Acquisition,
        area: BaseGeometry,
        folder: Path,
        check: Callable[[], None],
    ) -> Fetched:
        """Read the windows of the area; see `Source.fetch`.

        A file that is replaced meanwhile, as its ETag tells, makes the fetch begin again.
        """
        layers = layers_of(acquisition, self._spec)
        with limited_pool(1, _LIMITS) as pool:
            for _ in range(RESTARTS + 1):
                work = _plan(acquisition, area, layers, self._look(pool, layers))
                try:
                    self._read(pool, work, folder, check)
                except _ReplacedError:
                    continue
                return self._assembled(acquisition, work, folder, check)
        raise SourceError(
            f"{acquisition.identifier}: its files are being replaced; try again later"
        )

    def _look(self, pool: LimitedPool, layers: tuple[Layer, ...]) -> Mapping[str, FileFacts]:
        with _Telling(self._name, self._spec.root):
            return pool.run(look, sorted({layer.place for layer in layers}))

    def _read(
        self, pool: LimitedPool, work: _Work, folder: Path, check: Callable[[], None]
    ) -> None:
        """Read all parts that are not there yet. Raises _ReplacedError and SourceError."""
        parts = PartsFolder(folder, work.purpose)
        for window in work.windows:
            check()
            name = _part_name(window)
            if parts.has(name):
                continue
            grid, draft = work.grid.crop(window), parts.draft(name)
            try:
                with _Telling(self._name, self._spec.root, folder):
                    pool.run(read_part, PartJob(grid, work.readings, work.dtype, draft))
            except SourceError as error:
                if self._is_replaced(pool, work):
                    raise _ReplacedError from error
                raise
            parts.keep(name, draft)

    def _is_replaced(self, pool: LimitedPool, work: _Work) -> bool:
        """Whether a file is in another state than when the fetch began."""
        known = {reading.file.path: reading.file.stamp for reading in work.readings}
        try:
            now = pool.run(look, sorted(known))
        except (SceneError, WorkerError):
            return False
        return any(facts.stamp != known[path] for path, facts in now.items())

    def _assembled(
        self, acquisition: Acquisition, work: _Work, folder: Path, check: Callable[[], None]
    ) -> Fetched:
        parts = PartsFolder(folder, work.purpose)
        names = [reading.file.name for reading in work.readings]
        bands = tuple(name for name in names if name != SCL)
        images = [(BANDS_FILE, bands, work.dtype)]
        images += [(SCL_FILE, (SCL,), "uint8")] if SCL in names else []
        check()
        files = {window: parts.path(_part_name(window)) for window in work.windows}
        made = [
            _Image(
                work.grid,
                held,
                dtype,
                tuple(Piece(w, path, _indexes(names, held)) for w, path in files.items()),
                folder / file,
            )
            for file, held, dtype in images
        ]
        limits = room_for(work.grid, len(bands), work.dtype)
        with _Telling(self._name, folder):
            run_limited(_assemble_all, made, limits=limits)
        parts.clear()
        return _fetched(acquisition, work, bands, has_scl=SCL in names)


class _Telling:
    """What children raise on strangers' files, as the source's own error: worth another try."""

    def __init__(self, name: str, *folders: Path | None) -> None:
        self._name = name
        self._folders = folders

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, NoWorkersError):
            return
        if isinstance(error, SceneError | WorkerError):
            told = without_folders(str(error), *self._folders)
            raise SourceError(f"{self._name}: {told}") from None


def _assemble_all(images: Sequence[_Image]) -> None:
    """Assemble several files, in one child."""
    for image in images:
        assemble(image.grid, image.bands, image.dtype, image.pieces, image.target)


def _indexes(names: Sequence[str], held: Sequence[str]) -> tuple[int, ...]:
    """Numbers of bands in a part, from 1."""
    return tuple(names.index(name) + 1 for name in held)


def _plan(
    acquisition: Acquisition,
    area: BaseGeometry,
    layers: tuple[Layer, ...],
    facts: Mapping[str, FileFacts],
) -> _Work:
    """Grid and windows of the area, on the pixels of the finest band.

    Raises InputError: bands without a common plane in metres, or nothing of the area is shown.
    """
    named = acquisition.identifier
    spectral = [facts[layer.place].geobox for layer in layers if layer.name != SCL]
    finest = min(spectral, key=lambda box: box.pixel_size[0])
    for layer in layers:
        found = facts[layer.place]
        if layer.index > len(found.dtypes):
            raise InputError(
                f"{named}: {Path(layer.place).name} has no band {layer.index} ({layer.name})"
            )
        if found.geobox.crs != finest.crs or not found.geobox.is_axis_aligned:
            raise InputError(f"{named}: {layer.name} lies in another or a turned grid")
    if not is_metric(finest.crs):
        raise InputError(f"{named}: in {finest.crs.name}, without pixels in metres")
    shown = shapely.intersection(shapely.make_valid(area), acquisition.footprint)
    ground = reproject_geometry(shapely.segmentize(shown, 0.05), CGCS2000, finest.crs)
    try:
        window = finest.covering(ground.bounds)
    except (GridError, ValueError, OverflowError):
        raise InputError(f"{named}: its files show nothing of the area") from None
    grid = finest.crop(window)
    shapely.prepare(ground)
    cut = (tile.core for tile in tiles_of(grid.shape, PART_PX, 0))
    windows = tuple(w for w in cut if ground.intersects(shapely.box(*grid.crop(w).bounds)))
    return _Work(_readings(layers, facts), grid, windows, _dtype(named, layers, facts))


def _readings(layers: tuple[Layer, ...], facts: Mapping[str, FileFacts]) -> tuple[Reading, ...]:
    known = is_reflectance(layers)
    return tuple(
        Reading(
            BandFile(
                layer.name,
                layer.place,
                layer.index,
                facts[layer.place].geobox,
                layer.nodata,
                facts[layer.place].stamp,
            ),
            layer.scale if known else None,
            layer.offset if known else 0.0,
            layer.decibel,
        )
        for layer in layers
    )


def _dtype(named: str, layers: tuple[Layer, ...], facts: Mapping[str, FileFacts]) -> str:
    """Type of what is kept: float32 of radar, uint16 of all else."""
    if layers[0].name in {"vv", "vh", "hh", "hv"}:
        return "float32"
    types = {facts[layer.place].dtypes[layer.index - 1] for layer in layers}
    if not is_reflectance(layers) and not types <= {"uint8", "uint16"}:
        raise InputError(
            f"{named}: pixels of {', '.join(sorted(types))} of unknown scale; give `scale`"
        )
    return "uint16"


def _fetched(
    acquisition: Acquisition, work: _Work, bands: tuple[str, ...], *, has_scl: bool
) -> Fetched:
    first = work.readings[0]
    known = first.scale is not None
    steps = ["windows of the producer's files, by the nearest pixel of each"]
    if known:
        offsets = sorted({r.offset for r in work.readings if r.file.name != SCL})
        told = ", ".join(f"{offset:g}" for offset in offsets)
        steps.append(f"reflectance by scale {first.scale:g} and offset {told}, at least 0.0001")
    said = acquisition.detail.get("properties", {})
    return Fetched(
        bands=bands,
        gsd_m=round(work.grid.pixel_size[0], 6),
        has_scl=has_scl,
        reflectance=known,
        properties={
            **{k: v for k, v in said.items() if k != "gsd" and not k.startswith("proj:")},
            "platform": acquisition.platform,
        },
        steps=tuple(steps),
    )


def _part_name(window: Window) -> str:
    return f"r{window.row}-c{window.col}.tif"
