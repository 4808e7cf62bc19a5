"""Items of a STAC API become acquisitions, those that make no sense too.

One bad item must not end a search, or it would stop a watch for as long as it stands there; nor may
it be lost without a word. So it becomes an acquisition like others, over the whole area that was
asked for, and carries what is wrong with it: to fetch it fails for good, and the ledger keeps why.
"""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import shapely
from shapely.geometry import box, shape
from shapely.geometry.base import BaseGeometry

from geo.errors import SceneError
from tiles.sources.acquisition import Acquisition, Kind
from tiles.sources.source import Ask

WRONG = "wrong"
"""Key in an acquisition's detail: what is wrong with its item, in words."""

_ASSET_FIELDS = {
    "href", "type", "roles", "gsd", "eo:bands", "bands", "raster:bands", "nodata", "unit",
    "raster:scale", "raster:offset",
}  # fmt: skip
_BAND_FIELDS = {
    "name", "common_name", "eo:common_name", "nodata", "unit", "scale", "offset", "raster:scale",
    "raster:offset",
}  # fmt: skip
_PROPERTY_FIELDS = re.compile(
    r"(platform|constellation|instruments|gsd"
    r"|(view|sat|sar|processing|proj):[a-z_]+"
    r"|(s2|sentinel):processing_baseline|(earthsearch|sentinel):boa_offset_applied)"
)
_DATATAKE = re.compile(r"G(S2[A-Z])_(\d{8}T\d{6})_")
_PRODUCT = re.compile(r"(S2[A-Z])_MSIL2A_(\d{8}T\d{6})_N(\d{2})(\d{2})_R\d{3}_T([0-9A-Z]{5})_")
_STRIP = re.compile(r"_S(\d{8}T\d{6})_")
_MAX_ASSETS, _MAX_DEPTH, _MAX_TEXT, _MAX_ID = 200, 6, 2000, 300
_MALFORMED = (
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    OverflowError,
    shapely.GEOSException,
    SceneError,
)


def acquisition_of_item(
    source: str,
    collection: str,
    kind: Kind,
    item: Any,  # noqa: ANN401 (a stranger's)
    ask: Ask,
) -> Acquisition:
    """The acquisition of an item; of one that makes no sense, one that says so under WRONG."""
    item = _plain(item)
    identifier = _identifier(item)
    acquired = ask.start
    try:
        said = item["properties"]
        acquired = _acquired(said)
        footprint = _footprint(item)
        if item.get("collection", collection) != collection:
            raise ValueError(f"it is of {item['collection']!r}")
        return Acquisition(
            source=source,
            collection=collection,
            identifier=identifier,
            kind=kind,
            acquired=acquired,
            footprint=footprint,
            published=_published(said),
            cloud_share=_cloud(said.get("eo:cloud_cover")),
            platform=str(said.get("platform") or "").lower(),
            same_as=_same_as(said, acquired),
            version=_version(said),
            orbit=_orbit(said, kind),
            detail={"assets": _assets(item["assets"]), "properties": _properties(said)},
        )
    except _MALFORMED as error:
        why = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        return Acquisition(
            source, collection, identifier, kind, acquired, ask.area, detail={WRONG: why}
        )


def _identifier(item: Any) -> str:  # noqa: ANN401 (a stranger's)
    """Its id; of an item without one, a sum of what it says."""
    said = item.get("id") if isinstance(item, dict) else None
    if isinstance(said, str) and 0 < len(said) <= _MAX_ID:
        return said
    text = json.dumps(item, sort_keys=True)
    return f"nameless-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _plain(value: Any, depth: int = 12) -> Any:  # noqa: ANN401 (any JSON)
    """JSON values that any store takes: no NaN, no control characters, nothing endlessly deep."""
    if isinstance(value, str):
        return "".join(letter for letter in value if letter.isprintable())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict | list) and depth == 0:
        return None
    if isinstance(value, dict):
        return {_plain(str(name)): _plain(one, depth - 1) for name, one in value.items()}
    return [_plain(one, depth - 1) for one in value] if isinstance(value, list) else value


def _acquired(said: Mapping[str, Any]) -> datetime:
    if said.get("datetime"):
        return _instant(said["datetime"])
    first, last = _instant(said["start_datetime"]), _instant(said["end_datetime"])
    if last < first:
        raise ValueError(f"its interval ends at {last}, before {first}")
    return first + (last - first) / 2


def _instant(text: object) -> datetime:
    when = datetime.fromisoformat(str(text))
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)


def _footprint(item: Mapping[str, Any]) -> BaseGeometry:
    if item.get("geometry") is None:
        edges = [float(edge) for edge in item["bbox"]]
        half = len(edges) // 2
        found: BaseGeometry = box(edges[0], edges[1], edges[half], edges[half + 1])
    else:
        found = shapely.make_valid(shape(item["geometry"]))
    if found.area <= 0 or not math.isfinite(found.area):
        raise ValueError("its geometry is no area")
    return found


def _published(said: Mapping[str, Any]) -> datetime | None:
    """When it was put up or changed last; None where that is not said, or in no known form."""
    stated = []
    for name in ("created", "updated", "published"):
        try:
            stated.append(_instant(said[name]))
        except (KeyError, ValueError):
            continue
    return max(stated, default=None)


def _cloud(percent: object) -> float | None:
    """The share; None where it is not stated, or is none: it is measured once it is here."""
    if isinstance(percent, int | float) and 0 <= percent <= 100:
        return float(percent) / 100
    return None


def _same_as(said: Mapping[str, Any], acquired: datetime) -> str:
    """Platform, start and tile; of Sentinel-2 the strip too, for some catalogues cut tiles by it.

    A baseline is no part of it: a sensing that is processed anew stays the same sensing.
    """
    names = [str(said.get(name, "")) for name in ("s2:datatake_id", "s2:product_uri")]
    take, product = _DATATAKE.match(names[0]), _PRODUCT.match(names[1])
    tile = _tile(said) or (product[5] if product else "")
    found = take or product
    if found and tile:
        strip = _STRIP.search(str(said.get("s2:datastrip_id", "")))
        parts = [f"sentinel-{found[1][1:].lower()}", found[2], tile, strip[1] if strip else ""]
        return " ".join(part for part in parts if part)
    platform = str(said.get("platform") or "").lower()
    moment = acquired.strftime("%Y%m%dT%H%M%S.%f")
    return " ".join(part for part in (platform, moment, tile) if part) if platform else ""


def _tile(said: Mapping[str, Any]) -> str:
    code = str(said.get("grid:code") or said.get("s2:mgrs_tile") or said.get("s2:tile_id") or "")
    return code.removeprefix("MGRS-")


def baseline_of(said: Mapping[str, Any]) -> str:
    """Processing baseline of Sentinel-2 as `05.09`, or the version the processing states, or ``."""
    for name in ("s2:processing_baseline", "sentinel:processing_baseline", "processing:version"):
        if said.get(name):
            text = str(said[name])
            number = re.fullmatch(r"0?(\d{1,2})\.(\d{2})", text)
            return f"{int(number[1]):02d}.{number[2]}" if number else text
    product = _PRODUCT.match(str(said.get("s2:product_uri", "")))
    return f"{product[3]}.{product[4]}" if product else ""


def _version(said: Mapping[str, Any]) -> str:
    when = _published(said)
    stamp = when.strftime("%Y%m%dT%H%M%S") if when else ""
    return f"{baseline_of(said) or '00.00'} {stamp}".strip()


def _orbit(said: Mapping[str, Any], kind: Kind) -> str:
    number, state = said.get("sat:relative_orbit"), said.get("sat:orbit_state")
    if not isinstance(number, int):
        return ""
    if kind is Kind.OPTICAL:
        return f"{number:03d}"
    return f"{number:03d} {str(state).lower()}" if state else ""


def _properties(said: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: said[name] for name in said if _PROPERTY_FIELDS.fullmatch(name)}
    return {**kept, **({"processing:version": baseline_of(said)} if baseline_of(said) else {})}


def _assets(assets: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What fetching needs to know of the assets; pictures and statistics stay behind."""
    if not isinstance(assets, dict):
        raise TypeError("its assets are no object")
    kept = {}
    for key, asset in list(assets.items())[:_MAX_ASSETS]:
        fields = {name: asset[name] for name in asset if name in _ASSET_FIELDS}
        for name in ("eo:bands", "bands", "raster:bands"):
            if isinstance(fields.get(name), list):
                fields[name] = [
                    {field: band[field] for field in band if field in _BAND_FIELDS}
                    for band in fields[name]
                ]
        kept[key] = fields
    return kept
