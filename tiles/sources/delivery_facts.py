"""What the metadata of a delivery says: XML of Gaofen and Jilin-1, XML and JSON of Planet."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Any

import shapely
from shapely.geometry import Polygon, shape

from geo.errors import SceneError
from tiles.ortho.bundle_text import Leaves, read_json, read_xml
from tiles.sources.delivery_names import BEIJING, Family

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Facts:
    """What one metadata file states; None where it does not."""

    acquired: datetime | None = None
    """Instant of the middle of the sensing, UTC."""
    footprint: Polygon | None = None
    """Ground it shows, by its corners, in longitude and latitude."""
    cloud_share: float | None = None
    """Cloud over the whole image, 0 to 1."""
    sun_azimuth: float | None = None
    """Degrees, clockwise from north."""
    sun_elevation: float | None = None
    """Degrees over the horizon."""
    off_nadir: float | None = None
    """Degrees between the view and the vertical, at the satellite."""
    rows: int | None = None
    """Rows of the image."""
    cols: int | None = None
    """Columns of the image."""
    bands: int | None = None
    """Bands of the image."""
    coefficients: tuple[float, ...] = ()
    """Reflectance at the top of the atmosphere per digital number, per band."""


def joined(facts: Sequence[Facts]) -> Facts:
    """What several files of one delivery state together: of each thing what the first says."""
    names = Facts.__slots__
    kept = {
        name: next((v for one in facts if (v := getattr(one, name)) not in (None, ())), None)
        for name in names
    }
    return Facts(**{name: value for name, value in kept.items() if value is not None})


def facts_of(family: Family, data: bytes, name: str) -> Facts:
    """What a metadata file states. Raises SceneError: it cannot be read, or cannot be true."""
    if name.lower().endswith(".json"):
        return _planet_json(read_json(data, name), name) if family == Family.PLANET else Facts()
    leaves = read_xml(data, name)
    found = _planet_xml(leaves) if family == Family.PLANET else _chinese_xml(leaves)
    return _checked(found, name)


def coefficients_of_tag(text: str | None) -> tuple[float, ...]:
    """Reflectance coefficients that SkySat writes as JSON into a TIFF's description, else none."""
    try:
        values = json.loads(text or "")["properties"]["reflectance_coefficients"]
        return tuple(float(value) for value in values)
    except (ValueError, KeyError, TypeError):
        return ()


def _chinese_xml(leaves: Leaves) -> Facts:
    start, end = (_time(leaves.text(name), BEIJING) for name in ("StartTime", "EndTime"))
    middle = _time(leaves.text("CenterTime", "AcquisitionTime", "ImagingTime"), BEIJING)
    if middle is None and start and end:
        middle = start + (end - start) / 2
    zenith, cloud = leaves.number("SolarZenith"), leaves.number("CloudPercent", "CloudCover")
    elevation = leaves.number("SolarElevation", "SunElevation")
    bands = leaves.text("Bands")
    return Facts(
        acquired=middle or start or _time(leaves.text("ReceiveTime"), BEIJING),
        footprint=_corners(leaves),
        cloud_share=None if cloud is None or not 0 <= cloud <= 100 else cloud / 100,
        sun_azimuth=leaves.number("SolarAzimuth", "SunAzimuth"),
        sun_elevation=90 - zenith if elevation is None and zenith is not None else elevation,
        rows=_whole(leaves.number("HeightInPixels", "NumLines", "LinesInPixels")),
        cols=_whole(leaves.number("WidthInPixels", "NumPixels", "SamplesInPixels")),
        bands=len(bands.replace("，", ",").split(",")) if bands and "," in bands else None,
    )


def _planet_xml(leaves: Leaves) -> Facts:
    cloud = leaves.number("cloudCoverPercentage")
    numbers, values = leaves.all("bandNumber"), leaves.all("reflectanceCoefficient")
    if len(numbers) != len(values):
        values = ()
    ordered = sorted(zip(numbers, values, strict=False), key=lambda pair: float(pair[0]))
    return Facts(
        acquired=_time(leaves.text("acquisitionDateTime", "acquisitionDate"), UTC),
        footprint=_corners(leaves),
        cloud_share=None if cloud is None or not 0 <= cloud <= 100 else cloud / 100,
        sun_azimuth=leaves.number("illuminationAzimuthAngle"),
        sun_elevation=leaves.number("illuminationElevationAngle"),
        off_nadir=leaves.number("spaceCraftViewAngle"),
        rows=_whole(leaves.number("numRows")),
        cols=_whole(leaves.number("numColumns")),
        bands=_whole(leaves.number("numBands")),
        coefficients=_numbers(",".join(value for _, value in ordered)),
    )


def _planet_json(item: dict[str, Any], name: str) -> Facts:
    about = item.get("properties", {})
    try:
        footprint = shape(item["geometry"]) if item.get("geometry") else None
        if footprint is not None and footprint.geom_type != "Polygon":
            footprint = footprint.convex_hull
        cloud = about.get("cloud_cover", about.get("cloud_percent"))
        share = float(cloud) / (1 if "cloud_cover" in about else 100) if cloud is not None else None
        found = Facts(
            acquired=_time(about.get("acquired"), UTC),
            footprint=footprint if isinstance(footprint, Polygon) else None,
            cloud_share=share,
            sun_azimuth=_float(about.get("sun_azimuth")),
            sun_elevation=_float(about.get("sun_elevation")),
            off_nadir=_float(about.get("view_angle")),
        )
    except (TypeError, ValueError, KeyError, AttributeError, shapely.GEOSException) as error:
        raise SceneError(f"{name}: no item of Planet ({error}); fetch it again") from None
    return _checked(found, name)


_CORNERS = (
    (("TopLeft", "topLeft"), ("UpperLeft", "LeftTop")),
    (("TopRight", "topRight"), ("UpperRight", "RightTop")),
    (("BottomRight", "bottomRight"), ("LowerRight", "RightBottom")),
    (("BottomLeft", "bottomLeft"), ("LowerLeft", "LeftBottom")),
)


def _corners(leaves: Leaves) -> Polygon | None:
    """The polygon of four corners, written flat (TopLeftLatitude) or nested (topLeft/latitude)."""
    ring: list[Point] = []
    for spellings in _CORNERS:
        names = [name for group in spellings for name in group]
        found = next((point for name in names if (point := _corner(leaves, name))), None)
        if found is None:
            return None
        ring.append(found)
    hull = shapely.convex_hull(Polygon(ring))
    if not isinstance(hull, Polygon) or hull.area == 0:
        raise SceneError(f"{leaves.name}: its corners {ring} make no area")
    return hull


def _corner(leaves: Leaves, name: str) -> Point | None:
    lon, lat = leaves.number(f"{name}Longitude"), leaves.number(f"{name}Latitude")
    if lon is None or lat is None:
        nested = leaves.all(name, "longitude"), leaves.all(name, "latitude")
        lon, lat = (_float(part[0]) if part else None for part in nested)
    return None if lon is None or lat is None else (lon, lat)


def _checked(facts: Facts, name: str) -> Facts:
    """Refuse what cannot be; angles out of their range are taken as not stated."""
    numbers = [facts.sun_azimuth, facts.sun_elevation, facts.off_nadir]
    if any(value is not None and not math.isfinite(value) for value in numbers):
        raise SceneError(f"{name}: angles of {numbers}: no numbers")
    if facts.footprint is not None:
        west, south, east, north = facts.footprint.bounds
        if west < -180 or east > 180 or south < -90 or north > 90 or east - west > 20:
            raise SceneError(
                f"{name}: corners from {west}, {south} to {east}, {north}: no place of one image"
            )
    if facts.sun_elevation is not None and not 0 < facts.sun_elevation <= 90:
        facts = replace(facts, sun_elevation=None)
    if facts.cloud_share is not None and not 0 <= facts.cloud_share <= 1:
        facts = replace(facts, cloud_share=None)
    return facts


def _time(text: str | None, zone: tzinfo) -> datetime | None:
    """An instant in UTC; one without a zone is in `zone`. None where the text is no time."""
    try:
        found = datetime.fromisoformat((text or "").strip().replace("/", "-"))
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def _float(value: object) -> float | None:
    return None if value is None else float(str(value))


def _whole(value: float | None) -> int | None:
    return None if value is None or not 0 < value < 1e7 else int(value)


def _numbers(text: str | None) -> tuple[float, ...]:
    """Numbers parted by commas; none where one of them is no number above 0."""
    try:
        found = tuple(float(part) for part in (text or "").replace("，", ",").split(",") if part)
    except ValueError:
        return ()
    return found if all(0 < value < 1e9 for value in found) else ()
