"""What is watched, and where it is asked for: as configured, and as the store keeps it."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from shapely import MultiPolygon

from geo.errors import InputError
from leads.domain.job import MOST_PRIORITY, USUAL_PRIORITY

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")


class BeforeKind(StrEnum):
    """Which earlier image a pass is compared with."""

    LATEST_CLEAR = "latest_clear"
    """The latest that shows the area clear, one pass or a composite of several."""
    SAME_SEASON = "same_season"
    """One of the same season a year before: fields then look alike."""


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """One source: what kind of place it is and how it is asked. Holds no secret."""

    name: str
    """Its name in the configuration: lower-case letters, digits, `-` and `_`."""
    kind: str
    """One of `leads.intake.open_sources.KINDS`."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What its kind wants to know, as JSON values."""
    monthly_units: float | None = None
    """Processing units it may spend in a calendar month (Asia/Shanghai); None: any number."""
    id_variable: str = ""
    """Environment variable that holds the client's id; empty: HONGXIAN_<NAME>_ID."""
    secret_variable: str = ""
    """Environment variable that holds the client's secret; empty: HONGXIAN_<NAME>_SECRET."""

    def __post_init__(self) -> None:
        _check_name("source", self.name)
        if self.monthly_units is not None and not self.monthly_units >= 0:
            raise InputError(
                f"source {self.name}: monthly_units {self.monthly_units}; give 0 or more"
            )
        for variable in (self.id_variable, self.secret_variable):
            if variable and not _VARIABLE.fullmatch(variable):
                raise InputError(
                    f"source {self.name}: give the name of an environment variable "
                    "(A-Z, 0-9, _), never the secret itself"
                )

    @property
    def secret_names(self) -> tuple[str, str]:
        """Names of the environment variables that hold the client's id and secret."""
        stem = f"HONGXIAN_{self.name.upper().replace('-', '_')}"
        return self.id_variable or f"{stem}_ID", self.secret_variable or f"{stem}_SECRET"


@dataclass(frozen=True, slots=True)
class WatchSpec:
    """One watch: an area, how often and what its source is asked, and what runs are made of it."""

    name: str
    """Its name in the configuration: lower-case letters, digits, `-` and `_`."""
    source: SourceSpec
    """Where passes come from."""
    area: MultiPolygon
    """Ground that is watched, EPSG:4490."""
    district: str | None = None
    """Code of the district whose outline `area` is: runs then keep to it."""
    every_hours: float = 6.0
    """Hours between looks."""
    late_days: float = 30.0
    """Each look also asks for passes acquired so many days before the last look: late ones."""
    first_days: float = 30.0
    """The first look asks for passes of so many days before the watch was set up."""
    most_cloud_stated: float = 0.95
    """Passes that state more cloud over the whole of them, 0 to 1, are not fetched."""
    most_cloud: float = 0.7
    """Fetched passes with more cloud on what they show of the area, 0 to 1, are not run."""
    least_share: float = 0.02
    """Passes that show less of the area, 0 to 1, and lie mostly beside it, are not fetched."""
    before: tuple[BeforeKind, ...] = (BeforeKind.LATEST_CLEAR, BeforeKind.SAME_SEASON)
    """What each pass is compared with; empty: passes are kept, and not run."""
    season_days: float = 30.0
    """`same_season` is at most so many days from the same day a year before."""
    composite_days: float = 90.0
    """For `latest_clear` passes of so many days before the pass are searched, and kept longer."""
    keep_days: float = 400.0
    """Days that pixels are kept, unless something needs them longer."""
    detector: str | None = None
    """Of the runs; None: the usual one of the sensor."""
    threshold: float | None = None
    """Probability from which a pixel is change; None: the detector's."""
    min_area_m2: float | None = None
    """Smallest candidate; None: by the imagery."""
    layers: tuple[Path, ...] = ()
    """Files of layers to cross with; empty: those of the store."""
    tide_table: Path | None = None
    """Table of tides for what is found at the shore; None: there is none."""
    priority: int = USUAL_PRIORITY
    """Of its jobs, 0 to 9: the highest goes first."""

    def __post_init__(self) -> None:
        _check_name("watch", self.name)
        if self.area.is_empty or not self.area.is_valid:
            raise InputError(f"watch {self.name}: its area is empty or crosses itself")
        for name in ("most_cloud_stated", "most_cloud", "least_share", "threshold"):
            self._check(name, 0, 1)
        self._check("every_hours", 0.01, 24 * 366)
        for name in ("late_days", "first_days", "composite_days", "keep_days"):
            self._check(name, 0, 36_600)
        self._check("season_days", 1, 182)
        self._check("min_area_m2", 0, 1e9)
        self._check("priority", 0, MOST_PRIORITY)
        if len(set(self.before)) != len(self.before):
            raise InputError(f"watch {self.name}: before names one kind twice")

    def _check(self, name: str, low: float, high: float) -> None:
        value = getattr(self, name)
        if value is not None and not low <= value <= high:
            raise InputError(f"watch {self.name}: {name} {value:g}; give {low:g} to {high:g}")

    @property
    def as_json(self) -> dict[str, Any]:
        """All but the area, as JSON values."""
        values = {name: getattr(self, name) for name in self.__slots__ if name != "area"}
        return {
            **values,
            "source": asdict(self.source),
            "before": [kind.value for kind in self.before],
            "layers": [str(path) for path in self.layers],
            "tide_table": None if self.tide_table is None else str(self.tide_table),
        }


def watch_of(values: Mapping[str, Any], area: MultiPolygon) -> WatchSpec:
    """The watch of `WatchSpec.as_json` and its area. Raises InputError where it is none."""
    try:
        tide = values["tide_table"]
        return WatchSpec(
            **{
                **values,
                "source": SourceSpec(**values["source"]),
                "area": area,
                "before": tuple(map(BeforeKind, values["before"])),
                "layers": tuple(map(Path, values["layers"])),
                "tide_table": None if tide is None else Path(tide),
            }
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"a kept watch cannot be read ({error}): `hongxian passes watch` writes it anew"
        ) from None


def _check_name(what: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{what} {name!a:.50}: a name has up to 40 lower-case letters, digits, - and _"
        )
