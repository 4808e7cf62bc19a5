"""What floats waits for another date; seen twice it is a lead, on both stores."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import Engine, select

from geo.overlap import Overlap
from geo.shore import WAITS_DAYS, Shore, ShorePlace
from geo.tide import TideReading
from geo.zone import ZoneKind
from leads.custody.chain import verify
from leads.domain.held import HeldLook
from leads.domain.lead import Lead
from leads.domain.shore_facts import ShoreFacts
from leads.store.engine import reading, writing
from leads.store.events import histories
from leads.store.held import held_of_run
from leads.store.held_looks import waiting
from leads.store.lead_filter import Box, LeadFilter
from leads.store.lead_list import list_leads
from leads.store.lead_row import LeadRow
from leads.store.leads import read_lead
from leads.store.schema import lead_flags, leads, observations
from leads.store.withdraw import withdraw_run
from tests.leads.store.made_store import (
    ANALYST,
    DISPATCHER,
    NOW,
    MadeRun,
    file,
    made_run,
    sighted,
    square,
)

HERE, BESIDE = square(121.6, 31.1), square(121.62, 31.1)
BAD = "整景误报，配准失败"


def afloat(place: ShorePlace = ShorePlace.AFLOAT, **changed: Any) -> Lead:  # noqa: ANN401
    wet = (0.95, 0.02) if place is ShorePlace.AFLOAT else (0.02, 0.95)
    return sighted(HERE, shore=ShoreFacts(Shore(place, *wet), None), **changed)


def looking(number: int, days: int, *looks: tuple[MadeRun, bool]) -> MadeRun:
    """A run, `days` after run 1, that holds nothing and looks at what others held."""
    told = tuple(HeldLook(run.held[0].lead_id, there) for run, there in looks)
    run = on_day(made_run(number, []), days)
    return replace(run, looks=told)


def on_day(run: MadeRun, days: int) -> MadeRun:
    first = made_run(1, []).record.after
    after = replace(run.record.after, date=first.date + timedelta(days))
    return replace(run, record=replace(run.record, after=after))


def holding(number: int, lead: Lead, days: int | None = None) -> MadeRun:
    """A run that holds one candidate; run numbers are thirty days apart, or `days` after run 1."""
    run = made_run(number, [lead])
    if days is not None:
        run = on_day(run, days)
    run_id, day = run.record.run_id, run.record.after.date
    held = tuple(
        replace(one, run_id=run_id, lead_id=f"{run_id[:12]}{n:04x}", date_after=day)
        for n, one in enumerate(run.leads)
    )
    return replace(run, leads=(), held=held)


def listed(store: Engine) -> list[LeadRow]:
    with reading(store) as connection:
        return list(list_leads(connection, ANALYST, LeadFilter()).leads)


def test_a_ship_is_no_lead(store: Engine) -> None:
    run = holding(1, afloat())
    assert file(store, run).outcomes == {}
    assert file(store, run).outcomes == {}  # once is enough
    assert listed(store) == []
    with reading(store) as connection:
        [kept] = held_of_run(connection, run.record.run_id)
    assert kept.reason is ShorePlace.AFLOAT and kept.date_after == run.record.after.date


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
def test_what_stays_is_one_lead_whichever_date_comes_first(
    store: Engine, order: tuple[int, ...]
) -> None:
    outcomes = [dict(file(store, holding(number, afloat())).outcomes) for number in order]
    assert outcomes == [{}, {"new_site": 1}, {"observation": 1}]
    [row] = listed(store)
    with writing(store) as connection:
        detail = read_lead(connection, ANALYST, row.lead_id, "test", NOW)
    assert len(detail.observations) == 2
    assert row.date_after in {seen.date_after for seen in detail.observations}


def test_seen_again_too_soon_or_elsewhere_it_still_waits(store: Engine) -> None:
    file(store, holding(1, afloat()))
    file(store, holding(2, afloat(), days=4))
    file(store, holding(3, replace(afloat(), geometry=BESIDE)))
    assert listed(store) == []
    file(store, holding(4, afloat(), days=5))
    assert len(listed(store)) == 1


def test_a_ship_that_left_is_never_a_lead(store: Engine) -> None:
    for number in (1, 2, 3):
        file(store, holding(number, afloat(ShorePlace.DRIFTED)))
    assert listed(store) == []


def test_an_island_is_a_lead_once_the_next_image_shows_it(store: Engine) -> None:
    """The next pair has it on both dates: nothing changes there, and still it is a lead."""
    over = Overlap(
        ZoneKind.ECO_REDLINE, "2023", "r1", "样例红线一", "", "I", "", "",
        900.0, 800.0, 950.0, 0.9, 0.8, 0.95, boundary_within_error=False,
    )  # fmt: skip
    first = holding(1, afloat(overlaps=(over,), uncertainty=0.2))
    assert file(store, first).outcomes == {}
    assert file(store, looking(2, 4, (first, True))).outcomes == {}  # too soon
    confirming = looking(3, 10, (first, True))
    assert file(store, confirming).outcomes == {"new_site": 1}
    assert file(store, looking(4, 20, (first, True))).outcomes == {}  # it is one already
    [row] = listed(store)
    [held] = first.held
    assert row.run_id == first.record.run_id  # its images show the change
    assert (row.date_before, row.date_after) == (held.date_before, held.date_after)
    with writing(store) as connection:
        detail = read_lead(connection, ANALYST, row.lead_id, "test", NOW)
        run_id = confirming.record.run_id
        assert [seen.run_id for seen in detail.observations] == [run_id]
        withdraw_run(connection, run_id, BAD, DISPATCHER, NOW)
    assert detail.geometry == held.geometry
    assert detail.overlaps == (over,) and row.uncertainty == 0.2
    assert listed(store) == []
    assert file(store, looking(5, 30, (first, True))).outcomes == {"new_site": 1}


def test_two_that_show_one_place_are_one_lead(store: Engine) -> None:
    older = holding(1, afloat(date_before=date(2025, 3, 2)))
    newer = holding(2, afloat(), days=0)
    for run in (older, newer):
        assert file(store, run).outcomes == {}
    assert file(store, looking(3, 10, (older, True), (newer, True))).outcomes == {"new_site": 1}
    assert [row.date_before for row in listed(store)] == [newer.held[0].date_before]
    assert file(store, looking(4, 20, (older, True), (newer, True))).outcomes == {}


@pytest.mark.parametrize("order", list(permutations((0, 1, 2))))
def test_what_left_and_another_thing_at_its_place_are_no_lead(
    store: Engine, order: tuple[int, ...]
) -> None:
    """Whichever is filed first; but a look that comes after the lead does not take it back."""
    ship = holding(1, afloat())
    left, again = looking(2, 5, (ship, False)), looking(3, 10, (ship, True))
    runs = [ship, left, again]
    for number in order:
        if order.index(0) <= order.index(number):  # a look at what is held already
            file(store, runs[number])
    after = [runs[number] for number in order[order.index(0) :]]
    late = again in after and (left not in after or after.index(left) > after.index(again))
    assert len(listed(store)) == late


def test_a_ship_at_the_place_of_one_that_left_is_no_lead(store: Engine) -> None:
    file(store, holding(1, afloat()))
    file(store, holding(2, afloat(ShorePlace.DRIFTED), days=5))
    assert file(store, holding(3, afloat(), days=35)).outcomes == {}
    between = date(2026, 9, 18) + timedelta(30 + 40)  # its own pair shows water there since
    assert file(store, holding(4, afloat(date_before=between), days=45)).outcomes == {}
    assert listed(store) == []


def test_what_waits_is_asked_for_by_place_and_day(store: Engine) -> None:
    ship = holding(1, afloat())
    file(store, ship)
    [held] = ship.held
    near, far = Box(121.5, 31.0, 121.7, 31.2), Box(120.5, 31.0, 120.7, 31.2)

    def asked(days: int, box: Box = near) -> list[str]:
        with reading(store) as connection:
            day = held.date_after + timedelta(days)
            return [place.held_id for place in waiting(connection, day, box)]

    assert asked(3) == asked(-3) == asked(WAITS_DAYS) == [held.lead_id]
    assert asked(0) == asked(WAITS_DAYS + 1) == asked(3, far) == asked(-300) == []
    left = looking(2, 10, (ship, False))
    file(store, left)
    assert asked(9) == [held.lead_id] and asked(11) == []
    with writing(store) as connection:
        withdraw_run(connection, left.record.run_id, BAD, DISPATCHER, NOW)
    assert asked(11) == [held.lead_id]
    with writing(store) as connection:
        withdraw_run(connection, ship.record.run_id, BAD, DISPATCHER, NOW)
    assert asked(3) == []


@pytest.mark.parametrize("anew", [True, False])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_lead_is_flagged_when_what_it_rests_on_is_withdrawn(
    store: Engine,
    order: tuple[int, int],
    anew: bool,  # noqa: FBT001
) -> None:
    first = holding(1, afloat())
    file(store, first)
    second = holding(2, afloat()) if anew else looking(2, 30, (first, True))
    file(store, second)
    [row] = listed(store)
    told = []
    for number in order:
        run_id = (first, second)[number].record.run_id
        with writing(store) as connection:
            told.append(dict(withdraw_run(connection, run_id, BAD, DISPATCHER, NOW).outcomes))
        if not told[1:] and number == 0:
            assert [one.lead_id for one in listed(store)] == [row.lead_id]  # people shall see it
    assert told[order.index(0)] == {"flagged": 1} and told[order.index(1)] == {"taken_back": 1}
    with reading(store) as connection:
        flags = connection.scalars(select(lead_flags.c.run_id)).all()
        chain = histories(connection, [row.lead_id])[row.lead_id]
    makers = (first, second) if anew else (first,)
    assert sorted(flags) == sorted(run.record.run_id for run in makers)
    assert listed(store) == [] and verify(chain) is None


def test_what_a_withdrawn_run_held_does_not_count(store: Engine) -> None:
    first = holding(1, afloat())
    file(store, first)
    with writing(store) as connection:
        withdraw_run(connection, first.record.run_id, BAD, DISPATCHER, NOW)
    assert file(store, holding(2, afloat())).outcomes == {}
    assert file(store, holding(3, afloat())).outcomes == {"new_site": 1}


def test_the_least_tide_that_any_pass_knows_is_scored(store: Engine) -> None:
    shore = Shore(ShorePlace.SHORE, 0.9, 0.1)

    def seen(before: float | None, after: float | None) -> Lead:
        return sighted(HERE, shore=ShoreFacts(shore, TideReading("甲站", 1200.0, before, after)))

    def item(lead_id: str) -> Any:  # noqa: ANN401
        with writing(store) as connection:
            card = read_lead(connection, ANALYST, lead_id, "test", NOW).scorecard
        [found] = [one for one in card["items"] if one["item"] == "tide"]
        return found["raw"], found["points"]

    first = made_run(1, [seen(3.0, 0.5)])
    file(store, first)
    lead_id = first.leads[0].lead_id
    assert item(lead_id) == (2.5, -8)
    file(store, made_run(2, [seen(None, 2.0)]))
    assert item(lead_id) == (2.5, -8)
    file(store, made_run(3, [seen(2.0, 2.6)]))
    assert item(lead_id) == (0.0, 0)
    with reading(store) as connection:
        kept = connection.scalar(select(leads.c.shore).where(leads.c.lead_id == lead_id))
        each = connection.scalars(select(observations.c.shore)).all()
    assert kept["tide"]["station"] == "甲站" and len(each) == 3


def test_without_water_bands_the_tide_is_unknown_and_on_land_it_is_none(store: Engine) -> None:
    land = ShoreFacts(Shore(ShorePlace.LAND, 0.0, 0.0), None)
    run = made_run(1, [sighted(HERE), sighted(BESIDE, shore=land)])
    file(store, run)
    unknown, known = (
        next(row for row in listed(store) if row.lead_id == lead.lead_id) for lead in run.leads
    )
    assert unknown.completeness < known.completeness
    assert unknown.likelihood == known.likelihood
