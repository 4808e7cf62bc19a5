"""Persistence: which places of change are still there on later dates, and which have faded.

A pure function over the candidates of several passes, each against the same earlier image. Look at
a place again: what was dumped, dug or built is still there; a ploughed field grows, a pond fills,
the tide turns, a net comes off. A place under cloud was not looked at, and says nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise

from shapely import MultiPolygon

from geo.candidate import Candidate
from geo.dated_candidates import DatedCandidates
from geo.errors import DateError, GridError
from geo.place_history import Place, Saw, Shares, followed

DAYS_OF_MONTH = 30.4
"""A month of a growth rate."""


class Persistence(StrEnum):
    """What became of a place."""

    HELD = "held"
    """Enough of the clear looks after a sighting show it still."""
    FADED = "faded"
    """Too few do, whatever the looks to come will show."""
    PENDING = "pending"
    """Too few clear looks so far to tell."""


@dataclass(frozen=True, slots=True)
class PersistenceRule:
    """How often a place must be seen again, and what counts as seen.

    Start values; the shares were set on made-up series that are not reported.
    """

    looks: int = 3
    """Clear looks after a sighting that are asked."""
    needed: int = 2
    """How many of them must show it."""
    shown_share: float = 0.5
    """Seen again: candidates cover at least this share of the place's clear part."""
    match_share: float = 0.3
    """No new place: at least this share of a candidate lies on known places."""
    clear_share: float = 0.5
    """A look is clear when it saw at least this share of the place."""

    def __post_init__(self) -> None:
        if not 1 <= self.needed <= self.looks:
            raise GridError(f"{self.needed} of {self.looks} looks: needs 1 to {self.looks}")
        for name in ("shown_share", "match_share", "clear_share"):
            if not 0 < getattr(self, name) <= 1:
                raise GridError(f"{name} {getattr(self, name)}: needs more than 0, at most 1")


@dataclass(frozen=True, slots=True)
class PersistentCandidate:
    """A place of change with what every pass since its first sighting says of it."""

    first: Candidate
    """The candidate as first seen."""
    outline: MultiPolygon
    """The place as last seen, in the CRS of `first`."""
    status: Persistence
    """What became of it."""
    dates_seen: tuple[date, ...]
    """Days of the images that show it, the first sighting first."""
    dates_not_seen: tuple[date, ...]
    """Days of later images that saw the ground, but not the change."""
    dates_unobserved: tuple[date, ...]
    """Days of later images that did not see enough of the ground."""
    areas: tuple[tuple[date, float], ...]
    """Day and geodesic area in m2 of each sighting that saw all of the place as first seen; a part
    under cloud would pass for shrinking."""

    @property
    def share(self) -> float | None:
        """Share in [0, 1] of the later clear looks that show it; None while there is none."""
        again, missed = len(self.dates_seen) - 1, len(self.dates_not_seen)
        return again / (again + missed) if again + missed else None

    @property
    def later_images(self) -> int | None:
        """Later images that show it; 0 once it has faded, None while none looked."""
        if self.share is None:
            return None
        return 0 if self.status is Persistence.FADED else len(self.dates_seen) - 1

    @property
    def growth_per_month(self) -> float | None:
        """Growth in a month as a share of the first area; None with one sighting."""
        return growth_per_month(self.areas)


def persistence(
    passes: Sequence[DatedCandidates], rule: PersistenceRule | None = None
) -> list[PersistentCandidate]:
    """Every place of change the passes show, in the order of first sighting, and what became of it.

    A place is a candidate as first seen; whatever lies on it on a later date is the same place, in
    one piece or several. Of two places that grow into one both go on; the new outline opens no
    third. The order of the passes and of the candidates in them is no matter. The passes count one
    by one, so take dates some weeks apart: a field stays ploughed for more than three passes of a
    satellite that comes every five days.

    Work is planar, in the one metric CRS of all passes; areas are geodesic. Raises GridError when
    they are in several CRSs, DateError when they start from several dates or a date comes twice.
    """
    rule = rule or PersistenceRule()
    ordered = sorted(passes, key=lambda one: one.after)
    _check_one_series(ordered)
    history = followed(ordered, Shares(rule.shown_share, rule.match_share, rule.clear_share))
    return [_persistent(place, rule) for place in history]


def status_of(seen: Sequence[bool], rule: PersistenceRule) -> Persistence:
    """What the clear looks at a place, in their order, say of it.

    It held when some sighting is followed by `needed` more among the next `looks` clear looks, has
    faded when no sighting can be any more, and is pending otherwise.
    """
    status = Persistence.FADED
    for number, sighting in enumerate(seen):
        window = seen[number + 1 : number + 1 + rule.looks]
        if sighting and sum(window) >= rule.needed:
            return Persistence.HELD
        if sighting and sum(window) + rule.looks - len(window) >= rule.needed:
            status = Persistence.PENDING
    return status


def growth_per_month(observed: Sequence[tuple[date, float]]) -> float | None:
    """Growth in a month (30.4 days) as a share of the first area; None within one day.

    `observed` holds the day of the image and the geodesic area in m2 of each observation.
    """
    if not observed:
        return None
    (first_day, first_m2), (last_day, last_m2) = min(observed), max(observed)
    months = (last_day - first_day).days / DAYS_OF_MONTH
    return (last_m2 / first_m2 - 1) / months if months else None


def _check_one_series(ordered: Sequence[DatedCandidates]) -> None:
    if not ordered:
        return
    first = ordered[0]
    for one, other in pairwise(ordered):
        if other.before != first.before:
            raise DateError(
                f"passes against {first.before} and {other.before}: compare all with one image"
            )
        if other.crs != first.crs:
            raise GridError(
                f"passes in {first.crs.name} and {other.crs.name}: bring all into one plane"
            )
        if other.after == one.after:
            raise DateError(f"two passes of {one.after}: join them into one")


def _persistent(place: Place, rule: PersistenceRule) -> PersistentCandidate:
    clear = [look.saw is Saw.SEEN for look in place.looks if look.saw is not Saw.UNOBSERVED]
    return PersistentCandidate(
        first=place.first,
        outline=place.outline,
        status=status_of(clear, rule),
        dates_seen=place.days(Saw.SEEN),
        dates_not_seen=place.days(Saw.NOT_SEEN),
        dates_unobserved=place.days(Saw.UNOBSERVED),
        areas=tuple((look.day, look.area_m2) for look in place.looks if look.area_m2 is not None),
    )
