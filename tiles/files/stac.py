"""Read a STAC item from this disk: which files it names, their bands, place and date."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
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
from tiles.files.remote_url import REMOTE_VARIABLE, allowed_url, is_remote

MAX_ITEM_BYTES = 16 << 20
"""A STAC item is a few kilobytes; more is not one."""

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
    """STAC common name, or `scl`."""
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
    """Acquisition time as text; None when the item states none or an interval of days."""
    bands: tuple[ItemBand, ...]
    """Bands in the item's order; pictures and files that cannot be read are left out."""


def is_item(path: Path) -> bool:
    """Whether a file is a STAC item, by its first words."""
    if path.suffix.lower() not in {".json", ".geojson"}:
        return False
    with path.open("rb") as file:
        head = file.read(4096)
    return b'"stac_version"' in head and b'"Feature"' in head


def read_item(path: str) -> ItemFacts:
    """Read a STAC item. Raises SceneError when it is malformed or names no band to be read."""
    try:
        item = pystac.Item.from_dict(_load(path))
        when = _when(item)
        assets = [(key, asset) for key, asset in item.assets.items() if _is_data(key, asset)]
        folder = Path(path).parent
        bands = [
            band for key, asset in assets for band in _bands(key, asset, folder, item.properties)
        ]
    except _MALFORMED as error:
        raise SceneError(f"{path}: not a valid STAC item ({one_line(error)})") from None
    if not bands:
        raise SceneError(
            f"{path}: none of the {len(item.assets)} assets is a band on this disk or in a place "
            f"that {REMOTE_VARIABLE} lists; download them, or list their folder"
        )
    return ItemFacts(when, tuple(bands))


def _load(path: str) -> dict[str, Any]:
    with Path(path).open("rb") as file:
        text = file.read(MAX_ITEM_BYTES + 1)
    if len(text) > MAX_ITEM_BYTES:
        raise SceneError(f"{path}: a STAC item of over {MAX_ITEM_BYTES >> 20} MB")
    loaded = json.loads(text)
    if not isinstance(loaded, dict):
        raise SceneError(f"{path}: a STAC item is one JSON object, this is none")
    return loaded


def _when(item: pystac.Item) -> str | None:
    if item.datetime is not None:
        return item.datetime.date().isoformat()
    ends = [item.properties.get(key) for key in ("start_datetime", "end_datetime")]
    days = {datetime.fromisoformat(str(end)).date().isoformat() for end in ends if end}
    return days.pop() if len(days) == 1 else None


def _is_data(key: str, asset: pystac.Asset) -> bool:
    words = {key.lower(), *(role.lower() for role in asset.roles or [])}
    return not words & _PICTURES


def _bands(
    key: str, asset: pystac.Asset, folder: Path, properties: Mapping[str, Any]
) -> list[ItemBand]:
    path = _place(asset.href, folder)
    if path is None:
        return []
    fields = asset.extra_fields
    listed = _listed_bands(fields)
    names = [_common_name(band) for band in listed]
    if not any(names):
        names = [band_name(key) or band_name(Path(path).stem)]
    placement = _placement({**properties, **fields})
    missing = [_nodata(fields, number) for number in range(len(names))]
    return [
        ItemBand(name, path, number, nodata, placement)
        for number, (name, nodata) in enumerate(zip(names, missing, strict=True), start=1)
        if name is not None
    ]


def _place(href: str, folder: Path) -> str | None:
    if is_remote(href):
        try:
            return allowed_url(href)
        except SceneError:
            return None
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
