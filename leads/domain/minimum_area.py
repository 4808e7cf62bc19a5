"""Smallest candidate that is presented, by ground sample distance."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class MinimumArea:
    """The floor for one working grid."""

    area_m2: float
    """Geodesic area in m2."""
    pixels: int
    """Pixels of the working grid; holds whatever the area."""


@lru_cache(maxsize=1)
def _table() -> tuple[int, tuple[tuple[float, float], ...]]:
    table = tomllib.loads(files("leads.domain").joinpath("minimum_areas.toml").read_text("utf-8"))
    rows = tuple((float(row["gsd_m"]), float(row["min_area_m2"])) for row in table["row"])
    return int(table["min_pixels"]), rows


def minimum_area(gsd_m: float) -> MinimumArea:
    """The floor for a grid of `gsd_m` metres, from minimum_areas.toml."""
    pixels, rows = _table()
    tolerance = 1.01  # a grid of 10.004 m counts as 10 m
    area = next((area for gsd, area in rows if gsd_m <= gsd * tolerance), rows[-1][1])
    return MinimumArea(area, pixels)
