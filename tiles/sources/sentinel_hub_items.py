"""Items of Sentinel Hub's Catalog become acquisitions."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import shapely
from shapely.geometry import shape

from geo.errors import SceneError, SourceError
from tiles.sources.acquisition import Acquisition, Kind

_OPTICAL = re.compile(
    r"(S2[A-Z])_MSIL2A_(\d{8}T\d{6})_N(\d{2})(\d{2})_R(\d{3})_T([0-9A-Z]{5})_(\d{8}T\d{6})"
)
_RADAR = re.compile(r"(S1[A-Z])_IW_GRDH_1S[A-Z]{2}_(\d{8}T\d{6})_(\d{8}T\d{6})_(\d{6})_")
_FIRST_ORBIT = {"S1A": 73, "S1B": 27, "S1D": 42}
"""Absolute orbit, but for multiples of _ORBITS, in which a satellite flew relative orbit 1."""
_FIRST_OF_C = (
    (datetime.min.replace(tzinfo=UTC), 172),
    (datetime(2026, 6, 9, tzinfo=UTC), None),
    (datetime(2026, 6, 24, tzinfo=UTC), 99),
)
"""The same of Sentinel-1C from an instant on; None: not known while it was moved."""
# Relative orbit = (absolute - first) mod 175 + 1 with 73 and 27: ESA's Sentinel-1 pages, as
# sentinelsat, ASF and SNAP's readers have it; 172: MintPy. 42 was held against the catalogue of the
# Copernicus Data Space: S1D's orbit 4762 of 2026-09-27 is listed as relative orbit 171. S1C was
# moved from 9 to 23 June 2026 to fly 6 days from S1D and not one
# (dataspace.copernicus.eu/news/2026-5-28-sentinel-1-orbital-reconfiguration-dates): 5 days are 73
# orbits, and 172 becomes 99.
_ORBITS = 175
_STAMP = "%Y%m%dT%H%M%S"


def acquisition_of_item(source: str, collection: str, item: Mapping[str, Any]) -> Acquisition:
    """The acquisition of a Catalog item. Raises SourceError where it is none."""
    try:
        identifier, said = str(item["id"]), item["properties"]
        acquired = _instant(said["datetime"])
        named = _by_name(identifier, said, acquired)
        cloud = said.get("eo:cloud_cover")
        published = said.get("updated") or said.get("created")
        return Acquisition(
            source=source,
            collection=collection,
            identifier=identifier,
            footprint=shapely.make_valid(shape(item["geometry"])),
            published=_instant(published) if published else None,
            cloud_share=None if cloud is None else min(1.0, max(0.0, float(cloud) / 100)),
            **named,
        )
    except (KeyError, TypeError, ValueError, AttributeError, shapely.errors.ShapelyError) as error:
        raise SourceError(
            f"{source}: an item of the catalogue cannot be read ({type(error).__name__}: {error})"
        ) from None
    except SceneError as error:
        raise SourceError(f"{source}: an item of the catalogue makes no sense ({error})") from None


def _instant(text: str) -> datetime:
    when = datetime.fromisoformat(text)
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)


def _by_name(identifier: str, said: Mapping[str, Any], acquired: datetime) -> dict[str, Any]:
    """What the producer's name of the product adds; without a known name, what the item says."""
    if found := _OPTICAL.match(identifier):
        platform, start, *baseline, orbit, tile, made = found.groups()
        satellite = _platform(platform)
        return {
            "kind": Kind.OPTICAL,
            "acquired": acquired,
            "platform": satellite,
            "same_as": f"{satellite} {start} {tile}",
            "version": f"{'.'.join(baseline)} {made}",
            "orbit": orbit,
            # the item's instant is that of the tile; what was sensed lies around it
            "detail": {
                "baseline": ".".join(baseline),
                "tile": tile,
                "from": acquired.isoformat(),
                "to": acquired.isoformat(),
            },
        }
    if found := _RADAR.match(identifier):
        platform, start, end, absolute = found.groups()
        begun, ended = (datetime.strptime(t, _STAMP).replace(tzinfo=UTC) for t in (start, end))
        return {
            "kind": Kind.SAR,
            "acquired": begun + (ended - begun) / 2,
            "platform": _platform(platform),
            "same_as": f"{_platform(platform)} {start}",
            "orbit": _radar_orbit(platform, int(absolute), begun, said),
            "detail": {"from": begun.isoformat(), "to": ended.isoformat()},
        }
    return {
        "kind": Kind.SAR if "sar:instrument_mode" in said else Kind.OPTICAL,
        "acquired": acquired,
        "platform": str(said.get("platform", "")).lower(),
        "detail": {"from": acquired.isoformat(), "to": acquired.isoformat()},
    }


def _platform(name: str) -> str:
    """`S2A` as STAC writes it: `sentinel-2a`."""
    return f"sentinel-{name[1:].lower()}"


def _radar_orbit(platform: str, absolute: int, begun: datetime, said: Mapping[str, Any]) -> str:
    """Relative orbit and direction; empty where either is unknown: then nothing compares."""
    relative, state = said.get("sat:relative_orbit"), said.get("sat:orbit_state")
    if not isinstance(relative, int):
        first = _FIRST_ORBIT.get(platform)
        if platform == "S1C":
            first = [orbit for since, orbit in _FIRST_OF_C if since <= begun][-1]
        relative = None if first is None else (absolute - first) % _ORBITS + 1
    return f"{relative:03d} {str(state).lower()}" if relative is not None and state else ""
