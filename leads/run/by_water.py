"""Leads by the water: what each has to do with it, and which wait for a second look."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from math import inf

from geo.candidate import Candidate
from geo.shore import Shore, ShorePlace, shore_of
from leads.domain.lead import Lead
from leads.domain.shore_facts import ShoreFacts
from leads.run.tides import Tides


def with_shore(
    leads: Sequence[Lead],
    candidates: Sequence[Candidate],
    tides: Tides | None,
    acquired: tuple[Sequence[datetime], datetime | None],
) -> tuple[Lead, ...]:
    """The leads of candidates, one each, in the same order, with what each has to do with water.

    `acquired` are the instants (UTC) of both dates, where they are known: of the earlier image all
    that it may show, since a composite has several.
    """
    return tuple(
        lead if (shore := _shore(candidate)) is None else _told(lead, shore, tides, acquired)
        for lead, candidate in zip(leads, candidates, strict=True)
    )


def parted(leads: Sequence[Lead]) -> tuple[tuple[Lead, ...], tuple[Lead, ...]]:
    """(leads to present, leads to hold), each in the order given."""
    held = tuple(lead for lead in leads if lead.shore is not None and lead.shore.shore.held)
    gone = {lead.lead_id for lead in held}
    return tuple(lead for lead in leads if lead.lead_id not in gone), held


def water_notes(leads: Sequence[Lead], held: Sequence[Lead], water_pixels: int) -> Iterator[str]:
    """What water had to do with a run, one sentence each."""
    if water_pixels:
        yield (
            f"{water_pixels} 个变化像元两期均为水面，不计 / pixels of change were water on both "
            "dates: ignored"
        )
    if held:
        yield (
            f"{len(held)} 处水面中的变化待另一日影像确认，未列为线索 / changes amid water held: "
            "leads once seen again on another date"
        )
    unknown = sum(
        lead.shore is not None
        and lead.shore.shore.place is not ShorePlace.LAND
        and lead.tide_exposure_m is None
        for lead in leads
    )
    if unknown:
        yield f"{unknown} 条岸边线索潮位未知 / leads at the shore: tide unknown"


def _shore(candidate: Candidate) -> Shore | None:
    if candidate.water is None:
        return None
    return shore_of(candidate.water, candidate.pixels, candidate.area_m2)


def _told(
    lead: Lead,
    shore: Shore,
    tides: Tides | None,
    acquired: tuple[Sequence[datetime], datetime | None],
) -> Lead:
    facts = ShoreFacts(shore, None)
    if shore.place is not ShorePlace.LAND and tides is not None:
        before, after = acquired
        under = [at for at in before if at.date() >= lead.date_before]
        days: Sequence[datetime | None] = under or before or [None]
        read = [ShoreFacts(shore, tides.near(lead.geometry, at, after)) for at in days]
        facts = max(read, key=_explains)
    return replace(lead, shore=facts)


def _explains(facts: ShoreFacts) -> float:
    """How much the tide may explain: what is not known might be all."""
    return inf if facts.exposure_m is None else facts.exposure_m
