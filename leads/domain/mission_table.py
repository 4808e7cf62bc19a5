"""What the rules for drones ask of a mission, as a table: read from mission_rules.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta, timezone
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from geo.errors import InputError
from leads.domain.vocabulary import Words


@dataclass(frozen=True, slots=True)
class ClosedDays:
    """Days on which nothing is flown."""

    name: str
    """Why, in Chinese."""
    en: str
    """Why, in English."""
    first: date
    """First day, local."""
    last: date
    """Last day, local."""
    citation: str
    """Where it is written."""

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise InputError(f"closed days of {self.name} from {self.first} to {self.last}: swap")


@dataclass(frozen=True, slots=True)
class Camera:
    """A common camera, to tell the height for a wanted resolution."""

    name: str
    """What people call it."""
    sensor_width_mm: float
    """Width of the sensor."""
    focal_mm: float
    """True focal length, not that of a 35 mm camera."""
    width_px: int
    """Pixels along that width."""

    def height_m(self, gsd_m: float) -> float:
        """Height above ground in metres at which a pixel looking down is `gsd_m` wide."""
        return gsd_m * self.width_px * self.focal_mm / self.sensor_width_mm


@dataclass(frozen=True, slots=True)
class MissionTable:
    """One edition of the rules."""

    edition: str
    """Its name."""
    citation: str
    """Where they are written."""
    zone: timezone
    """Local time of the city; there is no daylight saving."""
    apply_by: time
    """Local time of the day before by which to apply for controlled airspace."""
    report_before_min: int
    """Minutes before take-off at which to report."""
    green_height_m: float
    """True height in metres up to which fit-to-fly areas need no application."""
    most_window_h: float
    """Longest window in hours."""
    closed: tuple[ClosedDays, ...]
    """Days on which nothing is flown."""
    cameras: tuple[Camera, ...]
    """The first one's height is taken."""
    words: Mapping[str, Words]
    """What is missing, by code, with `{...}` to be filled in."""


@lru_cache(maxsize=1)
def mission_table() -> MissionTable:
    """The packaged table."""
    return parse(files("leads.domain").joinpath("mission_rules.toml").read_text("utf-8"))


def parse(text: str) -> MissionTable:
    """A table from TOML text. Raises InputError for days in the wrong order."""
    table: dict[str, Any] = tomllib.loads(text)
    return MissionTable(
        edition=table["edition"],
        citation=table["citation"],
        zone=timezone(timedelta(hours=table["utc_offset_h"])),
        apply_by=time.fromisoformat(table["apply_by"]),
        report_before_min=table["report_before_min"],
        green_height_m=table["green_height_m"],
        most_window_h=table["most_window_h"],
        closed=tuple(ClosedDays(**row) for row in table["closed"]),
        cameras=tuple(Camera(**row) for row in table["camera"]),
        words=MappingProxyType({code: Words(**row) for code, row in table["words"].items()}),
    )
