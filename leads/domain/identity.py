"""Identity: which known place a new sighting is, and what is to be filed for it.

A site (a place) has leads, one per round; a lead has observations. Only the newest lead of a site
takes part. A sighting belongs to the open leads it overlaps; without one to the closed, without one
to the discarded. Nothing is ever deleted: merges and splits are recorded beside what was there.

A lead that was withdrawn with its run is passed over as if it were not there, not opened again: a
better run brings its own outline, dates and pictures. Only the number of its round stays taken.
"""

import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files

from shapely import MultiPolygon

from geo.change_class import ChangeClass
from geo.errors import InputError
from leads.domain.identity_overlap import Meeting, meetings
from leads.domain.status import CLOSED_STATUSES, OPEN_STATUSES, Status


class FilingOutcome(StrEnum):
    """What a sighting turned out to be."""

    NEW_SITE = "new_site"
    """Nothing known here: a new site with its first lead."""
    OBSERVATION = "observation"
    """Seen again on an open lead."""
    REOPENED_ROUND = "reopened_round"
    """Back after close-out: the next round of the site."""
    KEPT_DISCARDED = "kept_discarded"
    """Seen again where it was discarded: an observation, no more."""
    GROWN = "grown"
    """Discarded once, but grown or of another class now: the next round of the site."""
    SPLIT = "split"
    """A lesser part of what was one lead: a new site, with the old lead as parent."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A lead as a run presents it, before it is known whether the place is new."""

    lead_id: str
    """The id it gets if it becomes a lead: the run's fingerprint of it, unique."""
    geometry: MultiPolygon
    """Outline, EPSG:4490, longitude then latitude."""
    area_m2: float
    """Geodesic area in m2."""
    change_class: ChangeClass
    """The machine's class."""


@dataclass(frozen=True, slots=True)
class KnownLead:
    """A lead of the store, as far as identity needs it."""

    lead_id: str
    """The lead."""
    site_id: str
    """Its site."""
    round: int
    """Its round at the site, from 1."""
    recurrence_count: int
    """How often the site came back after close-out, up to this round."""
    status: Status
    """Where the lead is."""
    geometry: MultiPolygon
    """Outline, EPSG:4490, longitude then latitude."""
    area_m2: float
    """Geodesic area in m2; of a discarded lead the area when it was discarded."""
    machine_class: ChangeClass
    """The machine's class, to be compared with the machine's."""


@dataclass(frozen=True, slots=True)
class Filing:
    """What to store for one sighting: always an observation, at times a new lead before it."""

    sighting_id: str
    """`lead_id` of the sighting."""
    outcome: FilingOutcome
    """What it turned out to be."""
    lead_id: str
    """The lead the observation belongs to; the sighting's own id where the lead is new."""
    site_id: str
    """The lead's site; of a new site the lead's id."""
    round: int
    """The lead's round."""
    recurrence_count: int
    """The lead's recurrence count."""
    parent_lead_id: str | None = None
    """A new lead's predecessor: the round before, or the lead it split off."""
    merged_lead_ids: tuple[str, ...] = ()
    """Other open leads this sighting covers: to be linked to `lead_id`, sorted."""

    @property
    def is_new_lead(self) -> bool:
        """Whether a lead is to be created."""
        return self.outcome not in {FilingOutcome.OBSERVATION, FilingOutcome.KEPT_DISCARDED}


@dataclass(frozen=True, slots=True)
class IdentityRules:
    """The shares of identity.toml."""

    match_share: float
    """Least overlap as a share of the smaller outline."""
    merge_share: float
    """Least share of another open lead that is covered for a merge."""
    growth_share: float
    """Least growth of a discarded place to be looked at again."""


@lru_cache(maxsize=1)
def identity_rules() -> IdentityRules:
    """The packaged shares."""
    table = tomllib.loads(files("leads.domain").joinpath("identity.toml").read_text("utf-8"))
    return IdentityRules(table["match_share"], table["merge_share"], table["growth_share"])


def match(new: Sequence[Sighting], known: Sequence[KnownLead]) -> tuple[Filing, ...]:
    """What to file for each sighting, ordered by its id; the order of the arguments is no matter.

    `known` must hold the leads near the sightings, every round of a site or only its newest.
    Overlaps are planar, in the metric plane of each place. Raises InputError for ids given twice.
    """
    _check_unique(sighting.lead_id for sighting in new)
    _check_unique(lead.lead_id for lead in known)
    sightings = sorted(new, key=lambda sighting: sighting.lead_id)
    standing = [lead for lead in known if lead.status is not Status.WITHDRAWN]
    leads = sorted(_newest_rounds(standing), key=lambda lead: lead.lead_id)
    last_round = {lead.site_id: lead.round for lead in _newest_rounds(known)}
    found = meetings([one.geometry for one in sightings], [lead.geometry for lead in leads])
    on_lead: dict[str, list[_Match]] = defaultdict(list)
    filings: dict[str, Filing] = {}
    for number, sighting in enumerate(sightings):
        one = _best_match(sighting, found.get(number, ()), leads, last_round)
        if one is None:
            filings[sighting.lead_id] = _new_lead(sighting, FilingOutcome.NEW_SITE, None)
        else:
            on_lead[one.lead.lead_id].append(one)
    for matches in on_lead.values():
        filings |= {filing.sighting_id: filing for filing in _file_on_one_lead(matches)}
    return tuple(filings[sighting.lead_id] for sighting in sightings)


@dataclass(frozen=True, slots=True)
class _Match:
    """A sighting with the lead it belongs to."""

    sighting: Sighting
    lead: KnownLead
    of_lead: float  # share of the lead it covers
    others: tuple[KnownLead, ...]  # leads of the same standing it overlaps as well
    merged: tuple[str, ...]  # of these, open ones it covers
    next_round: int  # of the lead's site


def _check_unique(ids: Iterable[str]) -> None:
    twice = sorted(one for one, count in Counter(ids).items() if count > 1)
    if twice:
        raise InputError(f"leads {twice[:3]} are given twice: match each once")


def _newest_rounds(known: Iterable[KnownLead]) -> list[KnownLead]:
    newest: dict[str, KnownLead] = {}
    for lead in known:
        there = newest.get(lead.site_id)
        if there is None or (there.round, there.lead_id) < (lead.round, lead.lead_id):
            newest[lead.site_id] = lead
    return list(newest.values())


def _standing(lead: KnownLead) -> int:
    """0 open, 1 closed, 2 discarded: the order in which leads claim a sighting."""
    return 0 if lead.status in OPEN_STATUSES else 1 if lead.status in CLOSED_STATUSES else 2


def _best_match(
    sighting: Sighting,
    meets: Sequence[Meeting],
    leads: Sequence[KnownLead],
    last_round: Mapping[str, int],
) -> _Match | None:
    """The lead most like the sighting; of equal ones the larger, then the lower id."""
    rules = identity_rules()
    same = [(meet, leads[meet.known]) for meet in meets if meet.of_smaller >= rules.match_share]
    if not same:
        return None
    first = min(_standing(lead) for _, lead in same)
    same = [(meet, lead) for meet, lead in same if _standing(lead) == first]
    best, lead = max(same, key=lambda one: (one[0].of_union, one[1].area_m2, -one[0].known))
    others = [(meet, other) for meet, other in same if meet is not best]
    covered = [other.lead_id for meet, other in others if meet.of_known >= rules.merge_share]
    return _Match(
        sighting,
        lead,
        best.of_known,
        others=tuple(other for _, other in others),
        merged=tuple(sorted(covered)) if first == 0 else (),
        next_round=last_round[lead.site_id] + 1,
    )


def _file_on_one_lead(matches: Sequence[_Match]) -> list[Filing]:
    """Filings of all sightings on one lead: the larger part stays with it, others split off."""
    lead = matches[0].lead
    ranked = sorted(matches, key=lambda m: (-m.of_lead, -m.sighting.area_m2, m.sighting.lead_id))
    if lead.status is not Status.DISCARDED:
        stays = _observation if lead.status in OPEN_STATUSES else _reopened
        return [stays(ranked[0]), *(_split(one) for one in ranked[1:])]
    grown = _has_grown(ranked)
    back = [one for one in ranked if grown or _changed_class(one)]
    kept = [one for one in ranked if not (grown or _changed_class(one))]
    return [
        *(_kept(one) for one in kept),
        *(_next_round(one, FilingOutcome.GROWN, 0) for one in back[:1]),
        *(_split(one) for one in back[1:]),
    ]


def _has_grown(matches: Sequence[_Match]) -> bool:
    """Whether all there now is larger, by the set share, than all that was discarded there."""
    was = {lead.lead_id: lead.area_m2 for one in matches for lead in (one.lead, *one.others)}
    now = sum(one.sighting.area_m2 for one in matches)
    return now >= (1 + identity_rules().growth_share) * sum(was.values())


def _changed_class(one: _Match) -> bool:
    """Whether the machine names another class than it did; `unclassified` names none."""
    classes = {one.sighting.change_class, one.lead.machine_class}
    return len(classes - {ChangeClass.UNCLASSIFIED}) == 2


def _observation(one: _Match) -> Filing:
    return replace(_kept(one), outcome=FilingOutcome.OBSERVATION, merged_lead_ids=one.merged)


def _kept(one: _Match) -> Filing:
    return Filing(
        sighting_id=one.sighting.lead_id,
        outcome=FilingOutcome.KEPT_DISCARDED,
        lead_id=one.lead.lead_id,
        site_id=one.lead.site_id,
        round=one.lead.round,
        recurrence_count=one.lead.recurrence_count,
    )


def _reopened(one: _Match) -> Filing:
    return _next_round(one, FilingOutcome.REOPENED_ROUND, 1)


def _next_round(one: _Match, outcome: FilingOutcome, recurred: int) -> Filing:
    return Filing(
        sighting_id=one.sighting.lead_id,
        outcome=outcome,
        lead_id=one.sighting.lead_id,
        site_id=one.lead.site_id,
        round=one.next_round,
        recurrence_count=one.lead.recurrence_count + recurred,
        parent_lead_id=one.lead.lead_id,
    )


def _split(one: _Match) -> Filing:
    return _new_lead(one.sighting, FilingOutcome.SPLIT, one.lead)


def _new_lead(sighting: Sighting, outcome: FilingOutcome, parent: KnownLead | None) -> Filing:
    """A lead on a site of its own; split off a closed lead it is back like the rest of it."""
    recurred = parent.recurrence_count + (parent.status in CLOSED_STATUSES) if parent else 0
    return Filing(
        sighting_id=sighting.lead_id,
        outcome=outcome,
        lead_id=sighting.lead_id,
        site_id=sighting.lead_id,
        round=1,
        recurrence_count=recurred,
        parent_lead_id=parent.lead_id if parent else None,
    )
