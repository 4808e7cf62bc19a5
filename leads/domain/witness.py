"""Witness: what radar says of a lead that optical imagery found; pure (decision 0028).

Radar sees through cloud that something changed, hardly what. Where it saw a change too the lead
gains; where it saw none the lead loses nothing; where it did not look nothing is known.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import shapely
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from geo.errors import DateError

LEAST_SHARE = 0.1
"""Of a lead's outline, the share that changed on radar from which it was seen there too."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A change lies after one day and not after another."""

    before: date
    """Day of the earlier image."""
    after: date
    """Day of the later image."""

    def __post_init__(self) -> None:
        if self.before >= self.after:
            raise DateError(f"an interval from {self.before} to {self.after}: needs two days")

    def meets(self, other: "Interval") -> bool:
        """Whether one change can lie in both."""
        return max(self.before, other.before) < min(self.after, other.after)


@dataclass(frozen=True, slots=True)
class RadarLook:
    """What one radar run saw."""

    run_id: str
    """The run."""
    interval: Interval
    """Its two dates."""
    ground: BaseGeometry | None
    """Ground that it saw on both dates, EPSG:4490; None where none is known for sure."""
    spots: tuple[BaseGeometry, ...]
    """Where it saw a change, EPSG:4490."""


@dataclass(frozen=True, slots=True)
class Witness:
    """What one radar run says of one lead."""

    run_id: str
    """The radar's run."""
    interval: Interval
    """Its two dates: what it saw happened between them."""
    seen: bool
    """Whether it shows a change there."""
    share: float
    """Of the lead's outline, the share that changed on radar, 0 to 1."""


def witnesses_of(
    leads: Iterable[tuple[BaseGeometry, Interval]], look: RadarLook
) -> list[Witness | None]:
    """What a radar run says of leads, by their outlines (EPSG:4490) and intervals; None: nothing.

    Nothing where the intervals do not meet, or where it saw no change but not all of the place.
    """
    tree = STRtree(look.spots)
    if look.ground is not None:
        shapely.prepare(look.ground)
    return [_said(outline, interval, look, tree) for outline, interval in leads]


def _said(
    outline: BaseGeometry, interval: Interval, look: RadarLook, tree: STRtree
) -> Witness | None:
    if not interval.meets(look.interval):
        return None
    near = [look.spots[index] for index in sorted(tree.query(outline))]
    share = 0.0
    if near:
        share = min(1.0, float((outline & shapely.union_all(near)).area / outline.area))
    if share >= LEAST_SHARE:
        return Witness(look.run_id, look.interval, seen=True, share=share)
    if look.ground is None or not shapely.covers(look.ground, outline):
        return None
    return Witness(look.run_id, look.interval, seen=False, share=share)


def radar_saw(witnesses: Iterable[Witness]) -> bool | None:
    """Whether any radar run shows a change; None where none looked."""
    seen = [witness.seen for witness in witnesses]
    return any(seen) if seen else None
