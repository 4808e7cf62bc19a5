"""Coverage: when each hectare of an area was last seen clear."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.crs import WGS84, transformer
from geo.geobox import GeoBox
from geo.hectares import Sight, hectares_in, hectares_of, hectares_over, lattice_place
from geo.raster import Mask

NEVER = 0
"""In `Coverage.last`: no pass showed the hectare clear."""
EPOCH = date(1970, 1, 1)
"""Days are counted from here."""
STEPS_DAYS = (7, 30, 90, 365)
"""Ages that are told apart: up to so many days, each; then older, then never."""


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """The hectares of an area, and the day each was last seen clear."""

    grid: GeoBox
    """The box of hectares over the area, 100 m a pixel."""
    last: NDArray[np.int32]
    """(y, x) days since 1970-01-01, or NEVER."""
    inside: Mask
    """(y, x) true where the hectare belongs to the area."""

    @property
    def hectares(self) -> int:
        """Hectares of the area."""
        return int(self.inside.sum())

    @property
    def corners(self) -> tuple[tuple[float, float], ...]:
        """The grid's corners in longitude and latitude (WGS 84).

        Upper left, upper right, lower right, lower left.
        """
        west, south, east, north = self.grid.bounds
        x, y = transformer(self.grid.crs, WGS84).transform(
            [west, east, east, west], [north, north, south, south]
        )
        return tuple(zip(x, y, strict=True))


@dataclass(frozen=True, slots=True)
class Ages:
    """How long ago the hectares of an area were last seen clear."""

    hectares: int
    """Cells in the area."""
    steps: tuple[int, ...]
    """Hectares by age: up to each of STEPS_DAYS, without those before; then older; then never."""
    median_days: float | None
    """Half of those ever seen were seen within so many days; None where none was."""
    latest: date | None
    """Day of the latest sight of any of them."""


def empty_coverage(area: BaseGeometry) -> Coverage:
    """The hectares of an area (EPSG:4490), none of them seen yet. Raises GridError."""
    grid = hectares_of(area)
    return Coverage(grid, np.full(grid.shape, NEVER, np.int32), hectares_in(grid, area))


def covered(start: Coverage, sights: Iterable[tuple[date, Sight]]) -> Coverage:
    """With what was seen on those days, the latest first; sights of another plane do not count.

    No further sight is asked for once every hectare of the area was seen.
    """
    last = start.last.copy()
    flat = last.reshape(-1)
    left = np.flatnonzero(start.inside & (last == NEVER))
    for day, sight in sights:
        if sight.crs == start.grid.crs:
            seen = sight.on(start.grid).reshape(-1)[left]
            flat[left[seen]] = (day - EPOCH).days
            left = left[~seen]
        if not left.size:
            break
    return replace(start, last=last)


def joined(parts: Sequence[Coverage]) -> Coverage:
    """The hectares of several areas of one plane, none of them seen yet. Raises GridError."""
    sides = np.array([part.grid.bounds for part in parts])
    bounds = (*sides[:, :2].min(axis=0).tolist(), *sides[:, 2:].max(axis=0).tolist())
    grid = hectares_over(bounds, parts[0].grid.crs)
    inside = np.zeros(grid.shape, np.bool_)
    for part in parts:
        inside[_place(part.grid, grid)] |= part.inside
    return Coverage(grid, np.full(grid.shape, NEVER, np.int32), inside)


def cut(whole: Coverage, part: Coverage) -> Coverage:
    """One of the areas that were joined, as the whole was seen."""
    last = np.where(part.inside, whole.last[_place(part.grid, whole.grid)], np.int32(NEVER))
    return replace(part, last=last)


def _place(part: GeoBox, whole: GeoBox) -> tuple[slice, slice]:
    (row, col), (top, left) = lattice_place(part), lattice_place(whole)
    return slice(row - top, row - top + part.height), slice(col - left, col - left + part.width)


def ages_of(coverage: Coverage, today: date) -> Ages:
    """The hectares of the area by age."""
    last = coverage.last[coverage.inside]
    steps = np.bincount(age_steps(last, today), minlength=len(STEPS_DAYS) + 2)
    seen = last[last != NEVER]
    return Ages(
        hectares=coverage.hectares,
        steps=tuple(int(count) for count in steps),
        median_days=float(np.median((today - EPOCH).days - seen)) if seen.size else None,
        latest=EPOCH + timedelta(days=int(seen.max())) if seen.size else None,
    )


def age_steps(last: NDArray[np.int32], today: date) -> NDArray[np.intp]:
    """For each day of last sight the number of its step: 0 the freshest; the last one is never."""
    age = (today - EPOCH).days - last
    step = np.searchsorted(np.array(STEPS_DAYS), age, side="left")
    return np.where(last == NEVER, len(STEPS_DAYS) + 1, step)


def step_names() -> tuple[str, ...]:
    """Names of the steps, for programs: `days_0_7`, ... `older`, `never`."""
    edges = pairwise((0, *STEPS_DAYS))
    return (*(f"days_{low}_{high}" for low, high in edges), "older", "never")
