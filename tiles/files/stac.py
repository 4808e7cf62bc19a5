"""Read a STAC item from this disk: which files it names, their bands, place and date."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pystac
from affine import Affine
from pyproj import CRS
from pyproj.exceptions import CRSError

from geo.errors import SceneError
from tiles.files.band_names import band_name
from tiles.files.probe import Placement
from tiles.files.raster_file import one_line
from tiles.files.remote_url import REMOTE_VARIABLE, allowed_url, is_remote, listed_prefixes

MAX_ITEM_BYTES = 16 << 20
"""A STAC item is a few kilobytes; more is not one."""

DATES = "dates"
"""Name of the band that says which day each pixel of a composite was seen."""

PARTS_ACQUIRED = "hongxian:acquired"
"""In the item of a composite of ours: the instants of its parts."""

_DATE_ROLE = "date"
_PICTURES = {"visual", "overview", "thumbnail", "metadata", "preview"}
_MALFORMED = (
    pystac.STACError,
    CRSError,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    RecursionError,
)


@dataclass(frozen=True, slots=True)
class ItemBand:
    """One band of a STAC item, on this disk or where the installation may read."""

    name: str
    """STAC common name, `scl`, or DATES."""
    path: str
    """Absolute path of its file, or URL."""
    index: int
    """Band number in the file, from 1."""
    nodata: float | None
    """Value of missing pixels as the item states it."""
    placement: Placement | None
    """Where the item says that the file lies."""


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """What a STAC item says of a scene."""

    when: str | None
    """Day of acquisition as the item writes it, of an interval the last; None: it states none."""
    since: date | None
    """Of an interval of several days (a composite) the first; else None."""
    acquired: datetime | None
    """Instant of acquisition (UTC); None: it states none, or an interval of days."""
    parts_acquired: tuple[datetime, ...]
    """Of a composite of ours the instants (UTC) of its parts; else empty."""
    bands: tuple[ItemBand, ...]
    """Bands in the item's order; pictures and files that are not on this disk are left out."""


def is_item(path: Path) -> bool:
    """Whether a file is a STAC item, by its first words."""
    if path.suffix.lower() not in {".json", ".geojson"}:
        return False
    with path.open("rb") as file:
        head = file.read(4096)
    return b'"stac_version"' in head and b'"Feature"' in head


def read_item(path: str) -> ItemFacts:
    """Read a STAC item.

    Raises SceneError: it is malformed, names no band to be read, or only names one, or the scene
    classification, in a place elsewhere that may not be read.
    """
    refused: list[_Refused] = []
    try:
        item = pystac.Item.from_dict(_load(path))
        when, since, acquired = _times(item)
        parts = tuple(map(_instant, item.properties.get(PARTS_ACQUIRED) or ()))
        assets = [(key, asset) for key, asset in item.assets.items() if _is_data(key, asset)]
        folder = Path(path).parent
        if any(is_remote(asset.href) for _, asset in assets):
            listed_prefixes()  # a bad setting is told as such, not as assets that are not listed
        bands = [
            band
            for key, asset in assets
            for band in _bands(key, asset, folder, item.properties, refused)
        ]
    except _MALFORMED as error:
        raise SceneError(f"{path}: not a valid STAC item ({one_line(error)})") from None
    _check_refused(path, bands, refused)
    if not bands:
        raise SceneError(
            f"{path}: none of the {len(item.assets)} assets is a band on this disk or in a place "
            f"that {REMOTE_VARIABLE} lists; download them, or list their folder"
        )
    return ItemFacts(when, since, acquired, parts, tuple(bands))


def _load(path: str) -> dict[str, Any]:
    with Path(path).open("rb") as file:
        text = file.read(MAX_ITEM_BYTES + 1)
    if len(text) > MAX_ITEM_BYTES:
        raise SceneError(f"{path}: a STAC item of over {MAX_ITEM_BYTES >> 20} MB")
    loaded = json.loads(text)
    if not isinstance(loaded, dict):
        raise SceneError(f"{path}: a STAC item is one JSON object, this is none")
    return loaded


def _times(item: pystac.Item) -> tuple[str | None, date | None, datetime | None]:
    """Last day, first day where it is another, and instant. Raises ValueError: ends swapped."""
    keys = ("start_datetime", "end_datetime")
    texts = [item.properties.get(key) for key in keys]
    first, last = (datetime.fromisoformat(str(text)) if text else None for text in texts)
    if first and last and first.date() != last.date():
        if first > last:
            raise ValueError(f"its interval ends on {last.date()}, before {first.date()}")
        return last.date().isoformat(), first.date(), None
    moment = item.datetime or (first and last)
    if moment is None:
        return None, None, None
    return moment.date().isoformat(), None, _utc(item.datetime)


def _instant(text: str) -> datetime:
    """An instant as our items write it. Raises ValueError, TypeError."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _utc(moment: datetime | None) -> datetime | None:
    """An instant in UTC, which is also meant where an item states no zone."""
    if moment is None or moment.tzinfo is None:
        return moment and moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def _is_data(key: str, asset: pystac.Asset) -> bool:
    words = {key.lower(), *(role.lower() for role in asset.roles or [])}
    return not words & _PICTURES


def _bands(
    key: str,
    asset: pystac.Asset,
    folder: Path,
    properties: Mapping[str, Any],
    refused: list["_Refused"],
) -> list[ItemBand]:
    """The bands of an asset; of one elsewhere that may not be read none, it is noted as refused."""
    try:
        path = _place(asset.href, folder)
    except SceneError as error:
        lost = tuple(name for name in band_names_of(key, asset) if name is not None)
        refused.append(_Refused(key, lost, str(error)))
        return []
    if path is None:
        return []
    fields, names = asset.extra_fields, band_names_of(key, asset)
    placement = _placement({**properties, **fields})
    missing = [_nodata(fields, number) for number in range(len(names))]
    return [
        ItemBand(name, path, number, nodata, placement)
        for number, (name, nodata) in enumerate(zip(names, missing, strict=True), start=1)
        if name is not None
    ]


def band_names_of(key: str, asset: pystac.Asset) -> list[str | None]:
    """Per band of an asset its name, `scl` or DATES; None where it is not spectral."""
    if _DATE_ROLE in (asset.roles or []):
        return [DATES]
    names = [_common_name(band) for band in _listed_bands(asset.extra_fields)]
    if any(names):
        return names
    file = re.split(r"[?#]", asset.href)[0] if is_remote(asset.href) else asset.href
    return [band_name(key) or band_name(Path(file).stem)]


@dataclass(frozen=True, slots=True)
class _Refused:
    """An asset that lies elsewhere, where nothing may be read."""

    key: str
    names: tuple[str, ...]
    why: str


def _check_refused(path: str, bands: Sequence[ItemBand], refused: Sequence[_Refused]) -> None:
    """A band that is left out would go unnoticed, and clouds be looked at as ground.

    Not where another asset holds the band too: items list one band in several formats.
    """
    held = {band.name for band in bands}
    for asset in refused:
        lost = [name for name in asset.names if name not in held]
        if lost:
            raise SceneError(
                f"{path}: its asset {asset.key!r} ({', '.join(lost)}) may not be read: "
                f"{asset.why}; or take the asset out of the item to do without it"
            )


def _place(href: str, folder: Path) -> str | None:
    """Absolute path or URL; None where no such file is. Raises SceneError: not to be read."""
    if is_remote(href):
        return allowed_url(href)
    if href.startswith("/vsi"):
        return None
    path = (folder / href).absolute()
    return str(path) if path.is_file() else None


def _listed_bands(fields: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    listed = fields.get("eo:bands") or fields.get("bands") or []
    return [band for band in listed if isinstance(band, dict)]


def _common_name(band: Mapping[str, Any]) -> str | None:
    """`rededge` stands for three bands of Sentinel-2: there the band's own name says more."""
    common = band.get("eo:common_name") or band.get("common_name")
    own = band_name(str(band.get("name", "")))
    if common is None or (common == "rededge" and own is not None):
        return own
    return band_name(str(common))


def _nodata(fields: Mapping[str, Any], number: int) -> float | None:
    for key in ("raster:bands", "bands"):
        listed = fields.get(key) or []
        if number < len(listed) and listed[number].get("nodata") is not None:
            return float(listed[number]["nodata"])
    value = fields.get("nodata")
    return None if value is None else float(value)


def _placement(fields: Mapping[str, Any]) -> Placement | None:
    code = fields.get("proj:code") or fields.get("proj:epsg")
    transform, shape = fields.get("proj:transform"), fields.get("proj:shape")
    if not code or not transform:
        return None
    rows_cols = (int(shape[0]), int(shape[1])) if shape else None
    return Placement(CRS.from_user_input(code), Affine(*map(float, transform[:6])), rows_cols)
