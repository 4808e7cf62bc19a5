"""Flight answer: what a drone flight says of a lead that was there before it; pure (decision 0032).

A flight that shows the change too is a second witness, and a near one. One that looked at all of
the place, against an image from before the change, and shows none, speaks against the lead; a
little, for what was dumped may have been covered or carried off since. Anything else says nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import shapely
from shapely.geometry.base import BaseGeometry

LEAST_SHARE = 0.1
"""Of a lead's outline, the share that changed on the flight from which it was seen there too; as
for radar."""

LEAST_COVERED = 0.9
"""Of a lead's outline, the share that the flight must show to say that nothing changed: an edge
that is missing is as narrow as the position error."""


SEEN_SHARE = 0.98
"""Of what the flight shows of a tile, the share seen on both dates from which all of it counts as
compared."""


class FlightSaid(StrEnum):
    """What one flight says of one lead."""

    SEEN = "seen"
    """It shows the change too."""
    UNSEEN = "unseen"
    """It looked, and shows no change against an image from before the change."""
    NOT_COVERED = "not_covered"
    """It does not show the place, or its run did not compare it with the earlier image: too little
    of it, or pixels missing nearby on either."""
    NOT_COMPARABLE = "not_comparable"
    """It shows the place, and cannot tell: the image it was compared with may show the change
    already (what changed since may be the heap going), the flight is older than it, or the change
    is too small for that comparison."""


@dataclass(frozen=True, slots=True)
class SeenPart:
    """One piece of ground that a run looked at, and how much of it was there on both dates."""

    outline: BaseGeometry
    """EPSG:4490."""
    share: float
    """Of its pixels, the share seen on both dates, 0 to 1; which they were is not kept."""


def compared_ground(parts: Iterable[SeenPart], ground: BaseGeometry) -> BaseGeometry:
    """Of the ground that a flight shows, what its run surely compared (EPSG:4490).

    A piece counts where all of it that the flight shows was seen on both dates, but for
    1 - SEEN_SHARE: which pixels are missing is not kept, and a heap may lie on them.
    """
    shapely.prepare(ground)
    whole = []
    for part in parts:
        if not ground.intersects(part.outline):
            continue
        shown = part.outline & ground
        if part.share > 0 and part.share >= SEEN_SHARE * shown.area / part.outline.area:
            whole.append(shown)
    return shapely.union_all(whole)


@dataclass(frozen=True, slots=True)
class Look:
    """One run of a flight, as far as it may say something of leads."""

    date_before: date
    """Day of the earlier image."""
    date_after: date
    """Day of the flight."""
    ground: BaseGeometry
    """What the flight shows, EPSG:4490."""
    compared: BaseGeometry
    """Of it, what the run compared with the earlier image, EPSG:4490."""
    changes: tuple[BaseGeometry, ...]
    """Where the run saw a change, EPSG:4490."""
    least_area_m2: float
    """Smallest change that the run presents, in m2."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A lead as it is held against a look."""

    outline: BaseGeometry
    """EPSG:4490."""
    area_m2: float
    """Geodesic area in m2."""
    date_before: date
    """Its change lies after this day..."""
    date_after: date
    """...and not after this one."""
    observed: bool
    """Whether identity took a change of the run for this lead."""


@dataclass(frozen=True, slots=True)
class FlightAnswer:
    """What one run of a flight says of one lead."""

    run_id: str
    """The run."""
    flight_id: str
    """The flight."""
    mission_id: str | None
    """The lead's mission that it answers; None: the lead did not ask."""
    said: FlightSaid
    """What it says."""
    share: float
    """Of the lead's outline, the share that changed, 0 to 1."""
    covered: float
    """Of the lead's outline, the share that the flight shows, 0 to 1."""
    date_before: date
    """Day of the image it was compared with."""
    date_after: date
    """Day of the flight."""


def said_of(lead: Asked, look: Look) -> tuple[FlightSaid, float, float]:
    """What a look says of a lead, with the share that changed and the share that it covers."""
    near = [change for change in look.changes if change.intersects(lead.outline)]
    share = _share(lead.outline, shapely.union_all(near)) if near else 0.0
    covered = _share(lead.outline, look.ground)
    return _said(lead, look, share, covered), share, covered


def drone_saw(answers: Iterable[FlightAnswer]) -> bool | None:
    """Whether any flight shows the change; False where one looked and none did; None otherwise."""
    said = {answer.said for answer in answers}
    if FlightSaid.SEEN in said:
        return True
    return False if FlightSaid.UNSEEN in said else None


def _said(lead: Asked, look: Look, share: float, covered: float) -> FlightSaid:
    if look.date_after <= lead.date_before or look.date_before >= lead.date_after:
        return FlightSaid.NOT_COMPARABLE
    if lead.observed or share >= LEAST_SHARE:
        return FlightSaid.SEEN
    if min(covered, _share(lead.outline, look.compared)) < LEAST_COVERED:
        return FlightSaid.NOT_COVERED
    encloses = look.date_before <= lead.date_before and look.date_after >= lead.date_after
    fine = look.least_area_m2 <= lead.area_m2
    return FlightSaid.UNSEEN if encloses and fine else FlightSaid.NOT_COMPARABLE


def _share(outline: BaseGeometry, other: BaseGeometry) -> float:
    return min(1.0, float((outline & other).area / outline.area))
