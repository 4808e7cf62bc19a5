"""What floats waits for another date; seen twice it is a lead, on both stores."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import Engine, select

from geo.shore import Shore, ShorePlace
from geo.tide import TideReading
from leads.domain.lead import Lead
from leads.domain.shore_facts import ShoreFacts
from leads.store.engine import reading, writing
from leads.store.held import held_of_run
from leads.store.lead_filter import LeadFilter
from leads.store.lead_list import list_leads
from leads.store.lead_row import LeadRow
from leads.store.leads import read_lead
from leads.store.schema import leads, observations
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


def holding(number: int, lead: Lead, days: int | None = None) -> MadeRun:
    """A run that holds one candidate; run numbers are thirty days apart, or `days` after run 1."""
    run = made_run(number, [lead])
    if days is not None:
        after = made_run(1, []).record.after
        record = replace(
            run.record, after=replace(run.record.after, date=after.date + timedelta(days))
        )
        run = replace(run, record=record)
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
