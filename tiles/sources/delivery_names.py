"""What file names of Gaofen, Jilin-1 and Planet deliveries say.

    GF1_PMS1_E121.4_N31.2_20230815_L1A0007465343-MSS1.tiff        Gaofen (CRESDA)
    GF6_WFV_E121.4_N31.2_20230815_L1A1420343042-2.tiff
    GF7_DLC_E121.4_N31.2_20230815_L1A0000379699-BWDMUX.tiff
    JL1KF01A_PMS06_20230806095925_200183754_101_0009_001_L1_PAN.tif       Jilin-1 (Chang Guang)
    JL1KF01A_PMS05_20230814104530_200097070_101_0017_001_L3D_PSH.tif
    20230815_023529_64_2459_3B_AnalyticMS_SR_8b_clip.tif          PlanetScope
    20230815_035212_ssc12_u0001_analytic_SR_clip.tif              SkySat

Times in Chinese names and metadata are Beijing's; Planet's are UTC.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import StrEnum

BEIJING = timezone(timedelta(hours=8))
"""Time zone of the Chinese producers' names and metadata."""
USUAL_HOUR = 11
"""Beijing's hour that stands for a pass of which only the day is known."""


class Family(StrEnum):
    """Who made a delivery."""

    GAOFEN = "gaofen"
    """China's high-resolution earth observation system."""
    JILIN = "jilin-1"
    """Chang Guang Satellite."""
    PLANET = "planet"
    """Planet Labs."""


class Role(StrEnum):
    """What a file of a delivery is."""

    PAN = "pan"
    """The fine grey image."""
    MSS = "mss"
    """The coarse image of several bands."""
    WHOLE = "whole"
    """One image of all bands."""
    UDM2 = "udm2"
    """Planet's usable data mask."""
    METADATA = "metadata"
    """XML or JSON of the producer."""
    RPC = "rpc"
    """Rational polynomial coefficients."""
    ASIDE = "aside"
    """Pictures and views that are not used."""


@dataclass(frozen=True, slots=True)
class Named:
    """What one file's name says."""

    family: Family
    """Who made it."""
    scene: str
    """What all files of one delivery share, and no other does: its id."""
    role: Role
    """What the file is."""
    about: str
    """Which image it is, or belongs to: `MSS1`, `PAN1`, `2`; empty where there is only one."""
    platform: str
    """Satellite as STAC names it: `gf-1`, `jl1kf01a`, `planetscope-2459`."""
    sensor: str
    """For example `GF1-PMS`, `GF1-WFV`, `JL1-PMS`, `PSScene`, `SkySat`: as tables name it."""
    level: str
    """Processing level as the producer writes it."""
    acquired: datetime
    """Instant in UTC; see `is_exact`."""
    is_exact: bool
    """False: only the day is known, the hour is the usual one."""
    middle: tuple[float, float] | None
    """Longitude and latitude of the middle to a tenth of a degree, where the name says it."""
    same_as: str
    """What all versions of one sensing share."""
    version: str
    """Orders the versions of one sensing; the greatest is best."""
    product: str = ""
    """Of Planet which product: `AnalyticMS_SR_8b`."""


_GAOFEN = re.compile(
    r"(?P<sat>GF(?:[1-7]|1[BCD]))_(?P<sensor>PMS[12]?|WFV[1-4]?|DLC|BWD|MUX)_"
    r"(?P<ew>[EW])(?P<lon>\d{1,3}\.\d+)_(?P<ns>[NS])(?P<lat>\d{1,2}\.\d+)_(?P<day>\d{8})_"
    r"(?P<level>L[1-5][A-Z]?)(?P<product>\d+)"
    r"(?:-(?P<about>(?:BWD|FWD)?(?:PANMUX|PANMSS|PAN|MSS|MUX)\d?|[1-3]))?(?P<rest>[^/]*)",
    re.IGNORECASE,
)
_JILIN = re.compile(
    r"(?P<sat>JL1(?:[A-Z]{1,2}\d{2,3}[A-Z]?\d{0,2}|\d{2}[A-Z]))_(?P<sensor>[A-Z]+\d*)_(?P<time>\d{14})_"
    r"(?P<numbers>\d+(?:_\d+)*)_(?P<level>L\d[A-Z]?)"
    r"(?:_(?P<about>PAN|MSS|PSH|PMS))?(?P<rest>[^/]*)",
    re.IGNORECASE,
)
_PLANET = re.compile(
    r"(?P<item>(?P<time>\d{8}_\d{6})(?:_\d{1,2})?_(?P<sat>[0-9a-f]{4}|ssc?\d{1,2}_u\d{4}))"
    r"(?:_(?P<level>1B|3A|3B))?_(?P<product>[A-Za-z][\w]*)(?P<rest>[^/]*)",
    re.IGNORECASE,
)
_IMAGES = (".tif", ".tiff")
_ASIDE = re.compile(r"thumb|browse|preview|quicklook|_udm\b|_udm_|\.aux\.xml$", re.IGNORECASE)
_WHOLE = "PANMUX"
"""What a Gaofen image that is fused already is about, whatever it is called."""
_FUSED = re.compile(r"panmux|panmss|_fus(?:e|ed|ion)\b", re.IGNORECASE)


def named(file: str) -> Named | None:
    """What the name of a file (its last step) says, or None: of no known producer.

    Sidecars count with the image that they are named after. A name that states no possible day is
    none.
    """
    for pattern, read in _READERS.items():
        match = pattern.fullmatch(file)
        if match is not None:
            try:
                return read(match)
            except ValueError:
                return None
    return None


def _gaofen(match: re.Match[str]) -> Named:
    sat, sensor = match["sat"].upper(), match["sensor"].upper()
    day = _day(match["day"])
    about = _WHOLE if _FUSED.search(match[0]) else (match["about"] or "").upper()
    lon = float(match["lon"]) * (1 if match["ew"].upper() == "E" else -1)
    lat = float(match["lat"]) * (1 if match["ns"].upper() == "N" else -1)
    if abs(lon) > 180 or abs(lat) > 90:
        raise ValueError(match[0])
    platform = f"gf-{sat[2:].lower()}"
    kind = re.sub(r"\d$", "", sensor)
    place = f"{match['ew']}{match['lon']}_{match['ns']}{match['lat']}".upper()
    return Named(
        family=Family.GAOFEN,
        scene=match[0][: match.end("product")],
        role=_role(match["rest"], about, "FWD" in about),
        about=about,
        platform=platform,
        sensor=f"{sat}-{kind}",
        level=match["level"].upper(),
        acquired=_at_usual_hour(day),
        is_exact=False,
        middle=(lon, lat),
        same_as=f"{platform}/{sensor}/{day:%Y%m%d}/{place}",
        version=f"{match['level'].upper()}{match['product'].zfill(12)}",
    )


def _jilin(match: re.Match[str]) -> Named:
    sat, sensor = match["sat"].upper(), match["sensor"].upper()
    about, level = (match["about"] or "").upper(), match["level"].upper()
    when = datetime.strptime(match["time"], "%Y%m%d%H%M%S").replace(tzinfo=BEIJING)
    whole = about in {"PSH", "PMS"}
    kind = re.sub(r"\d+$", "", sensor)
    return Named(
        family=Family.JILIN,
        scene=match[0][: match.end("level")],
        role=_role(match["rest"], "" if whole else about, is_aside=False),
        about=about,
        platform=sat.lower(),
        sensor=f"{sat[:5]}-{kind}",
        level=level,
        acquired=when.astimezone(UTC),
        is_exact=True,
        middle=None,
        same_as=f"{sat.lower()}/{sensor}/{match['time']}/{match['numbers']}",
        version=level,
    )


def _planet(match: re.Match[str]) -> Named:
    when = datetime.strptime(match["time"], "%Y%m%d_%H%M%S").replace(tzinfo=UTC)
    product = f"{match['product']}{match['rest']}"
    is_skysat = match["sat"].lower().startswith("ss")
    low = product.lower()
    role = Role.ASIDE
    if low.endswith((".xml", ".json")) and not _ASIDE.search(low):
        role = Role.METADATA
    elif low.endswith(("_rpc.txt", ".rpb")):
        role = Role.RPC
    elif low.endswith(_IMAGES) and "udm2" in low:
        role = Role.UDM2
    elif low.endswith(_IMAGES) and low.startswith("analytic") and "udm" not in low:
        role = Role.WHOLE
    name = re.sub(r"(_harmonized)?(_clip)?(_file_format)?(_metadata)?\.\w+$", "", product)
    # surface reflectance before radiance, more bands before fewer
    rank = f"{int('_sr' in low)}{8 if '_8b' in low else 4}"
    return Named(
        family=Family.PLANET,
        scene=match["item"].lower(),
        role=role,
        about=name if role == Role.WHOLE else "",
        platform="skysat" if is_skysat else "planetscope",
        sensor="SkySat" if is_skysat else "PSScene",
        level=(match["level"] or "").upper(),
        acquired=when,
        is_exact=True,
        middle=None,
        same_as=f"planet/{match['item'].lower()}",
        version=rank,
        product=name if role == Role.WHOLE else "",
    )


_READERS = {_GAOFEN: _gaofen, _JILIN: _jilin, _PLANET: _planet}


def _role(rest: str, about: str, is_aside: bool) -> Role:  # noqa: FBT001  (private, read once)
    low = rest.lower()
    if is_aside or _ASIDE.search(low):
        return Role.ASIDE
    if low.endswith((".rpb", "_rpc.txt", ".rpc")):
        return Role.RPC
    if low.endswith((".xml", ".json")):
        return Role.METADATA
    if not low.endswith(_IMAGES):
        return Role.ASIDE
    if "PAN" in about and about != _WHOLE:
        return Role.PAN
    return Role.MSS if about not in {"", _WHOLE} and not about.isdigit() else Role.WHOLE


def _day(text: str) -> date:
    return datetime.strptime(text, "%Y%m%d").replace(tzinfo=BEIJING).date()


def _at_usual_hour(day: date) -> datetime:
    local = datetime(day.year, day.month, day.day, USUAL_HOUR, tzinfo=BEIJING)
    return local.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Sensor:
    """What is published of a sensor."""

    bands: tuple[str, ...]
    """STAC names of the colour image's bands, in the file's order."""
    gsd_m: float
    """Pixel of the colour image at nadir, metres."""
    pan_gsd_m: float | None
    """Pixel of the grey image at nadir, metres; None: the sensor has none."""
    error_m: float
    """Error of position without ground control, one standard deviation, metres: what producers
    aim at or state; RPC files of Gaofen and Jilin state a placeholder."""


_BGRN = ("blue", "green", "red", "nir")
_GF6_WFV = (*_BGRN, "rededge071", "rededge075", "coastal", "yellow")

SENSORS: Mapping[str, Sensor] = {
    "GF1-PMS": Sensor(_BGRN, 8.0, 2.0, 50.0),
    "GF1B-PMS": Sensor(_BGRN, 8.0, 2.0, 50.0),
    "GF1C-PMS": Sensor(_BGRN, 8.0, 2.0, 50.0),
    "GF1D-PMS": Sensor(_BGRN, 8.0, 2.0, 50.0),
    "GF1-WFV": Sensor(_BGRN, 16.0, None, 100.0),
    "GF2-PMS": Sensor(_BGRN, 3.2, 0.8, 50.0),
    "GF6-PMS": Sensor(_BGRN, 8.0, 2.0, 50.0),
    "GF6-WFV": Sensor(_GF6_WFV, 16.0, None, 100.0),
    "GF7-DLC": Sensor(_BGRN, 2.6, 0.65, 20.0),
    "GF7-BWD": Sensor(_BGRN, 2.6, 0.65, 20.0),
    "JL101-PMS": Sensor(_BGRN[:3], 2.88, 0.72, 50.0),
    "JL1GF-PMS": Sensor(_BGRN, 3.0, 0.75, 50.0),
    "JL1KF-PMS": Sensor(_BGRN, 2.0, 0.5, 50.0),
}
"""By `Named.sensor`. Band orders of Jilin-1 are those of most of its cameras: the source's
`bands` says otherwise where they differ."""

PLANET_BANDS: Mapping[tuple[str, int], tuple[str, ...]] = {
    ("PSScene", 4): _BGRN,
    ("PSScene", 8): (
        "coastal",
        "blue",
        "green05",
        "green",
        "yellow",
        "red",
        "rededge",
        "nir",
    ),
    ("SkySat", 4): _BGRN,
}
"""Planet's order of bands by item type and number of bands (docs.planet.com)."""
