"""Read what a frame says of itself: EXIF and XMP, of any maker, without its pixels."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from math import hypot, isfinite
from pathlib import Path
from typing import BinaryIO

from geo.errors import SceneError
from tiles.drone.focal import focal_px
from tiles.drone.image_tags import (
    MAX_VALUE_BYTES,
    TiffTags,
    Value,
    jpeg_header,
    number_of,
    text_of,
    tiff_tags,
)
from tiles.drone.photo import Photo, PhotoKind
from tiles.ortho.bundle_text import read_xml

MAX_PIXELS = 170_000_000
"""Pixels of one frame; the largest cameras that fly have 150 million."""

_WIDTH, _HEIGHT, _BITS, _SAMPLES = 0x100, 0x101, 0x102, 0x115
_MAKE, _MODEL, _ORIENTATION, _CHANGED, _XMP, _EXIF, _GPS = (
    *(0x10F, 0x110, 0x112, 0x132, 0x2BC, 0x8769, 0x8825),
)
_MAIN = (_WIDTH, _HEIGHT, _BITS, _SAMPLES, _MAKE, _MODEL, _ORIENTATION, _CHANGED, _XMP, _EXIF, _GPS)
_TAKEN, _DIGITISED, _SUBSECOND, _FOCAL, _PLANE_X, _PLANE_UNIT, _FILM, _BODY = (
    *(0x9003, 0x9004, 0x9291, 0x920A, 0xA20E, 0xA210, 0xA405, 0xA431),
)
_CAMERA = (_TAKEN, _DIGITISED, _SUBSECOND, _FOCAL, _PLANE_X, _PLANE_UNIT, _FILM, _BODY)
_MM_OF_UNIT = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}
_LAT_REF, _LAT, _LON_REF, _LON, _ALT_REF, _ALT, _TIME, _DATE = 1, 2, 3, 4, 5, 6, 7, 29
_PLACE = (_LAT_REF, _LAT, _LON_REF, _LON, _ALT_REF, _ALT, _TIME, _DATE)

_THERMAL_NAME = re.compile(r"dji_.*_t\.(jpe?g|tiff?)", re.IGNORECASE)
_BAND_NAME = re.compile(r".*_ms_(b|g|r|re|nir)\.tiff?", re.IGNORECASE)
_HEAT = ("infrared", "thermal", "lwir")
_INSTANT = re.compile(r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)(\.\d+)?")
_DEGREES = re.compile(r"(\d+),(\d+(?:\.\d+)?)(?:,(\d+(?:\.\d+)?))?([NSEW])")

Tags = Mapping[int, Value]


@dataclass(frozen=True, slots=True)
class _Header:
    """Everything a file's header holds, whatever its format."""

    size: tuple[int, int]
    main: Tags
    camera: Tags
    place: Tags
    xmp: Mapping[str, str]
    has_thermal_data: bool = False
    is_single_band: bool = False


def read_photo(path: Path, name: str) -> Photo:
    """A frame of a flight, from a JPEG or TIFF, without reading its pixels.

    `name` is how people know it. Headers are read with caps and nothing is decoded, so that this is
    safe and quick on strangers' files. Raises SceneError: neither format, damaged, or impossible.
    """
    try:
        with path.open("rb") as stream:
            header = _read(stream, name)
    except OSError as error:
        raise SceneError(f"{name}: cannot be read ({error.strerror}); copy it again") from None
    width, height = header.size
    if width * height > MAX_PIXELS:
        raise SceneError(f"{name}: claims {width} x {height} pixels: no photo of a drone")
    model = text_of(header.main.get(_MODEL)) or header.xmp.get("model")
    yaw, pitch, roll = _angles(header.xmp)
    lon, lat = _position(header)
    return Photo(
        path=str(path),
        name=name,
        width=width,
        height=height,
        kind=_kind(header, name),
        lon=lon,
        lat=lat,
        altitude_m=_altitude(header),
        height_m=_number(header.xmp, "relativealtitude", "abovegroundaltitude"),
        taken=_taken(header),
        gps_time=_gps_time(header),
        yaw_deg=yaw,
        pitch_deg=pitch,
        roll_deg=roll,
        focal_px=_focal(header, model),
        make=text_of(header.main.get(_MAKE)) or header.xmp.get("make"),
        model=model,
        serial=header.xmp.get("droneserialnumber")
        or text_of(header.camera.get(_BODY))
        or header.xmp.get("cameraserialnumber")
        or header.xmp.get("serialnumber"),
        position_error_m=_position_error(header.xmp),
        orientation=int(number_of(header.main.get(_ORIENTATION)) or 1),
    )


def _read(stream: BinaryIO, name: str) -> _Header:
    start = stream.read(4)
    if start[:2] == b"\xff\xd8":
        found = jpeg_header(stream, name)
        main, camera, place = _directories(_exif_of(found.exif))
        size = found.width, found.height
        return _Header(size, main, camera, place, _xmp(found.xmp), found.has_thermal_data)
    if start[:2] in (b"II", b"MM"):
        tags = tiff_tags(stream, name)
        main, camera, place = _directories(tags)
        wide, high = number_of(main.get(_WIDTH)), number_of(main.get(_HEIGHT))
        if not wide or not high:
            raise SceneError(f"{name}: its header states no size; copy it from the drone again")
        packet = main.get(_XMP)
        single = (number_of(main.get(_SAMPLES)) or 1) == 1
        xmp = _xmp(packet if isinstance(packet, bytes) else b"")
        return _Header((int(wide), int(high)), main, camera, place, xmp, is_single_band=single)
    raise SceneError(f"{name}: neither JPEG nor TIFF, whatever its name says")


def _exif_of(data: bytes) -> TiffTags | None:
    try:
        return tiff_tags(BytesIO(data), "EXIF")
    except SceneError:
        return None


def _directories(tags: TiffTags | None) -> tuple[Tags, Tags, Tags]:
    """The main directory and those of the camera and of the place it names; no others."""
    if tags is None:
        return {}, {}, {}
    main = tags.directory(tags.first, _MAIN)
    camera, place = number_of(main.get(_EXIF)), number_of(main.get(_GPS))
    return (
        main,
        {} if camera is None else tags.directory(int(camera), _CAMERA),
        {} if place is None else tags.directory(int(place), _PLACE),
    )


def _xmp(packet: bytes) -> Mapping[str, str]:
    """Fields of an XMP packet by name, lower case; none where it is broken or too large."""
    packet = packet.strip(b"\0 \r\n\t")
    if not packet or len(packet) > MAX_VALUE_BYTES:
        return {}
    try:
        leaves = read_xml(packet, "XMP")
    except SceneError:
        return {}
    found: dict[str, str] = {}
    for names, text in leaves.items:
        if names[-1] == "li" and len(names) > 2:  # one of several: kept together
            name = names[-3]
            found[name] = f"{found[name]}|{text}" if name in found else text
        else:
            found.setdefault(names[-1], text)
    for name, text in leaves.attributes:
        found.setdefault(name, text)
    return found


def _number(xmp: Mapping[str, str], *names: str) -> float | None:
    """The first of `names` that is there, as a finite number."""
    for name in names:
        try:
            value = float(xmp[name])
        except (KeyError, ValueError):
            continue
        if isfinite(value):
            return value
    return None


def _kind(header: _Header, name: str) -> PhotoKind:
    base = name.rpartition("/")[2]
    source = header.xmp.get("imagesource", "").lower()
    band = header.xmp.get("bandname", "").lower()
    if (
        header.has_thermal_data
        or _THERMAL_NAME.fullmatch(base)
        or any(word in text for word in _HEAT for text in (source, band))
    ):
        return PhotoKind.THERMAL
    if (band and "|" not in band) or _BAND_NAME.fullmatch(base):
        return PhotoKind.MULTISPECTRAL
    return PhotoKind.THERMAL if header.is_single_band else PhotoKind.VISIBLE


def _position(header: _Header) -> tuple[float | None, float | None]:
    """Longitude and latitude: of EXIF, else of XMP; None where they cannot be."""
    lon = _sexagesimal(header.place.get(_LON), header.place.get(_LON_REF), "W")
    lat = _sexagesimal(header.place.get(_LAT), header.place.get(_LAT_REF), "S")
    if lon is None or lat is None:
        lon = _xmp_degrees(header.xmp, "gpslongitude", "gpslongtitude", "longitude")
        lat = _xmp_degrees(header.xmp, "gpslatitude", "latitude")
    if lon is None or lat is None or abs(lon) > 180 or abs(lat) > 90:
        return None, None
    return lon, lat


def _sexagesimal(value: Value | None, hemisphere: Value | None, negative: str) -> float | None:
    if not isinstance(value, tuple) or not 1 <= len(value) <= 3:
        return None
    degrees = sum(part / (1.0, 60.0, 3600.0)[place] for place, part in enumerate(value))
    letter = (text_of(hemisphere) or "").upper()
    return -degrees if letter == negative else degrees


def _xmp_degrees(xmp: Mapping[str, str], *names: str) -> float | None:
    for name in names:
        written = _DEGREES.fullmatch(xmp.get(name, ""))
        if written:
            degrees, minutes, seconds, letter = written.groups()
            value = int(degrees) + float(minutes) / 60 + float(seconds or 0) / 3600
            return -value if letter in "SW" else value
    return _number(xmp, *names)


def _altitude(header: _Header) -> float | None:
    value = number_of(header.place.get(_ALT))
    if value is None:
        return _number(header.xmp, "absolutealtitude")
    reference = header.place.get(_ALT_REF)
    return -value if isinstance(reference, bytes) and reference[:1] == b"\x01" else value


def _angles(xmp: Mapping[str, str]) -> tuple[float | None, float | None, float | None]:
    """Yaw, pitch, roll of the camera: of a gimbal, of Parrot's, or in Pix4D's convention."""
    yaw = _number(xmp, "gimbalyawdegree", "camerayawdegree", "yaw", "flightyawdegree")
    roll = _number(xmp, "gimbalrolldegree", "camerarolldegree", "roll")
    pitch = _number(xmp, "gimbalpitchdegree", "camerapitchdegree")
    if pitch is None:
        level = _number(xmp, "pitch")  # there 0 looks straight down, 90 at the horizon
        pitch = None if level is None else level - 90
    return yaw, pitch, roll


def _instant(text: str | None, part: str | None = None) -> datetime | None:
    """`2026:11:20 08:30:00`, with dashes, a T or a fraction as well."""
    found = _INSTANT.match(text or "")
    if not found:
        return None
    *whole, fraction = found.groups()
    fraction = fraction or (f".{part}" if part and part.isdecimal() else ".0")
    try:
        moment = datetime(*map(int, whole))  # type: ignore[arg-type]  # noqa: DTZ001 (a camera's clock)
        return moment + timedelta(seconds=round(float(fraction), 6))
    except (ValueError, OverflowError):
        return None


def _taken(header: _Header) -> datetime | None:
    part = text_of(header.camera.get(_SUBSECOND))
    return (
        _instant(text_of(header.camera.get(_TAKEN)), part)
        or _instant(text_of(header.camera.get(_DIGITISED)), part)
        or _instant(text_of(header.main.get(_CHANGED)))
        or _instant(header.xmp.get("createdate"))
    )


def _gps_time(header: _Header) -> datetime | None:
    day, clock = text_of(header.place.get(_DATE)), header.place.get(_TIME)
    if day and isinstance(clock, tuple) and len(clock) == 3:
        start = _instant(f"{day} 00:00:00")
        seconds = clock[0] * 3600 + clock[1] * 60 + clock[2]
        if start and 0 <= seconds <= 86_401:
            return (start + timedelta(seconds=seconds)).replace(tzinfo=UTC)
    for name in ("utcatexposure", "gpstimestamp"):
        found = _instant(header.xmp.get(name))
        if found:
            return found.replace(tzinfo=UTC)
    return None


def _focal(header: _Header, model: str | None) -> float | None:
    per_unit = number_of(header.camera.get(_PLANE_X))
    unit = _MM_OF_UNIT.get(int(number_of(header.camera.get(_PLANE_UNIT)) or 2))
    dewarp = header.xmp.get("dewarpdata", "").partition(";")[2].partition(",")[0]
    return focal_px(
        header.size,
        model,
        _number(header.xmp, "calibratedfocallength") or _number({"fx": dewarp}, "fx"),
        number_of(header.camera.get(_FOCAL)),
        per_unit / unit if per_unit and unit else None,
        number_of(header.camera.get(_FILM)),
    )


def _position_error(xmp: Mapping[str, str]) -> float | None:
    east, north = _number(xmp, "rtkstdlon"), _number(xmp, "rtkstdlat")
    if east is not None and north is not None:
        return hypot(east, north)
    return _number(xmp, "gpsxyaccuracy")
