"""What the passes that count say of leads: read for many at once, then pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, select

from geo.change_class import ChangeClass
from leads.domain.shore_facts import shore_facts
from leads.store.observations import COUNTS
from leads.store.schema import observations

DAYS_OF_MONTH = 30.44
"""Mean length of a month."""

_LABELLED = {change_class.label: change_class for change_class in ChangeClass}


@dataclass(frozen=True, slots=True)
class Seen:
    """An observation a lead is judged by, without its outline."""

    observation_id: str
    """The run's fingerprint of it; the lead's own id where that run made the lead."""
    filed_at: datetime
    """Instant, UTC."""
    date_after: date
    """Date of the later image."""
    change_class: ChangeClass
    """The detector's class."""
    score: float
    """Mean probability of change, 0 to 1."""
    uncertainty: float | None
    """Mean uncertainty, 0 to 1, or None."""
    area_m2: float
    """Geodesic area in m2."""
    tide_exposure_m: float | None
    """How far the tide of this pass went the way that would explain it, in m; None: not known."""


def seen_of(connection: Connection, lead_ids: Sequence[str]) -> dict[str, tuple[Seen, ...]]:
    """What each of at most CHUNK leads is judged by, in the order of filing.

    Passes of withdrawn runs do not count, unless no other saw the lead.
    """
    o = observations.c
    asked = select(
        o.lead_id, o.observation_id, o.filed_at, o.date_after, o.change_class, o.score,
        o.uncertainty, o.area_m2, o.shore,
    ).where(o.lead_id.in_(lead_ids), COUNTS)  # fmt: skip
    found: dict[str, list[Seen]] = {lead_id: [] for lead_id in lead_ids}
    for row in connection.execute(asked.order_by(o.filed_at, o.observation_id)):
        lead_id, observation_id, filed_at, date_after, label, score, unsure, area_m2, kept = row
        shore = shore_facts(kept)
        exposure = None if shore is None else shore.exposure_m
        figures = score, unsure, area_m2, exposure
        found[lead_id].append(
            Seen(observation_id, filed_at, date_after, _LABELLED[label], *figures)
        )
    return {lead_id: tuple(seen) for lead_id, seen in found.items()}


def latest_uncertainty(seen: Sequence[Seen]) -> float | None:
    """What the pass with the latest image says; of several patches the largest one's.

    None where that pass states none, however sure or unsure an earlier one was.
    """
    newest = max(
        seen,
        key=lambda one: (one.date_after, one.filed_at, one.area_m2, one.observation_id),
        default=None,
    )
    return None if newest is None else newest.uncertainty


def suggested_class(seen: Sequence[Seen]) -> ChangeClass | None:
    """The class that passes suggest: that of the last one filed that names any; None without."""
    classes = [one.change_class for one in seen]
    named = [one for one in classes if one is not ChangeClass.UNCLASSIFIED]
    return (named or classes)[-1] if classes else None


def first_score(lead_id: str, seen: Sequence[Seen]) -> float | None:
    """The probability of change a lead is scored by: of the first pass filed; None without.

    Of that pass's patches the one that made the lead, where it did.
    """
    first = min(seen, key=lambda one: (one.filed_at, one.observation_id != lead_id), default=None)
    return None if first is None else first.score


def least_exposure(seen: Sequence[Seen]) -> float | None:
    """The least the tide can explain, in m: a flat seen dry at high water too is no flat.

    None where no pass knows the tide.
    """
    known = (one.tide_exposure_m for one in seen if one.tide_exposure_m is not None)
    return min(known, default=None)


def later_looks(seen: Sequence[Seen]) -> tuple[int | None, float | None]:
    """(later images that show a lead, its growth in a month as a share of its first area).

    None each while only one image shows it.
    """
    areas = {one.date_after: one.area_m2 for one in seen}
    if len(areas) < 2:
        return None, None
    first, last = min(areas), max(areas)
    months = (last - first).days / DAYS_OF_MONTH
    return len(areas) - 1, (areas[last] / areas[first] - 1) / months
