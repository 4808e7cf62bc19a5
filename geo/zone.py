"""Zones: areas with legal meaning, in layers that hold for a span of time."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import geopandas as gpd
from shapely import MultiPolygon

from geo.crs import CGCS2000
from geo.errors import LayerError


class ZoneKind(StrEnum):
    """What a zone is; the identifiers of the glossary."""

    DISTRICT = "district"
    ECO_REDLINE = "eco_redline"
    PROTECTED_AREA = "protected_area"
    WATER_SOURCE_ZONE = "water_source_zone"
    PARCEL = "parcel"
    LICENSED_YARD = "licensed_yard"


@dataclass(frozen=True, slots=True)
class Edition:
    """One published state of a layer and the days it was in force."""

    name: str
    """For example `2023` or `沪府发〔2023〕4号`."""
    valid_from: date | None = None
    """First day in force; None means since ever."""
    valid_to: date | None = None
    """Last day in force; None means still in force."""

    def __post_init__(self) -> None:
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise LayerError(
                f"edition {self.name!r} ends {self.valid_to} before it starts {self.valid_from}"
            )

    def in_force_within(self, after: date, until: date) -> bool:
        """Whether it was in force on any day of the half-open span (after, until]."""
        starts_in_time = self.valid_from is None or self.valid_from <= until
        ends_late_enough = self.valid_to is None or self.valid_to > after
        return starts_in_time and ends_late_enough


@dataclass(frozen=True, slots=True)
class Zone:
    """One area of a layer."""

    zone_id: str
    """Unique within the layer edition."""
    name: str
    """As people call it, for example `青草沙水源地`."""
    geometry: MultiPolygon
    """EPSG:4490, longitude then latitude, valid."""
    code: str = ""
    """Official code: adcode of a district, number of a licence."""
    level: str = ""
    """`core_zone`, `general_zone`, `I`, `II`, `quasi`..., empty where the kind has no levels."""
    land_use_scheme: str = ""
    """Parcels: `GB/T 21010-2017` or `TDLY-2023` (自然资发〔2023〕234号); codes clash without it."""
    land_use_code: str = ""
    """Parcels: code in that scheme."""


ZONE_COLUMNS = ("zone_id", "name", "code", "level", "land_use_scheme", "land_use_code", "geometry")


@dataclass(frozen=True, slots=True, eq=False)
class ZoneLayer:
    """All zones of one kind in one edition."""

    kind: ZoneKind
    """What the zones are."""
    edition: Edition
    """When they hold."""
    zones: gpd.GeoDataFrame
    """ZONE_COLUMNS, one row a zone, geometry MultiPolygon in EPSG:4490, all valid."""

    def __post_init__(self) -> None:
        missing = set(ZONE_COLUMNS) - set(self.zones.columns)
        if missing:
            raise LayerError(f"layer {self.kind} lacks the columns {sorted(missing)}")
        if self.zones.crs != CGCS2000:
            raise LayerError(f"layer {self.kind} is in {self.zones.crs}: bring it to EPSG:4490")

    @classmethod
    def of(cls, kind: ZoneKind, edition: Edition, zones: list[Zone]) -> "ZoneLayer":
        """Build a layer from single zones."""
        rows = [{column: getattr(zone, column) for column in ZONE_COLUMNS} for zone in zones]
        frame = gpd.GeoDataFrame(rows, columns=list(ZONE_COLUMNS), crs=CGCS2000)
        return cls(kind, edition, frame)
