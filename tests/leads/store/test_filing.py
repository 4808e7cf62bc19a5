"""Filing runs: once each, through identity, whole or not at all; on both stores."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select

from geo.change_class import ChangeClass
from geo.errors import ConflictError
from geo.zone import Zone
from leads.custody.chain import verify
from leads.domain.identity import FilingOutcome
from leads.domain.status import Status
from leads.store import schema
from leads.store.engine import reading, write, writing
from leads.store.file_run import file_run
from leads.store.layers import list_layers
from leads.store.lead_filter import LeadFilter
from leads.store.lead_list import list_leads
from leads.store.leads import LeadDetail, change_lead, read_lead
from tests.leads.store.made_store import (
    ANALYST,
    NOW,
    MadeRun,
    districts,
    file,
    made_run,
    red_line,
    sighted,
    square,
)

HERE = square(121.600, 31.100)


def details(store: Engine) -> list[LeadDetail]:
    with writing(store) as connection:
        page = list_leads(connection, ANALYST, LeadFilter())
        found = [read_lead(connection, ANALYST, r.lead_id, "test", NOW) for r in page.leads]
    return sorted(found, key=lambda lead: (lead.row.created_at, lead.row.lead_id))


def rows_in_all_tables(store: Engine) -> dict[str, int]:
    with reading(store) as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in schema.metadata.sorted_tables
        }


def set_status(store: Engine, lead_id: str, status: Status) -> None:
    """Steps to the later statuses come with later issues."""
    with writing(store) as connection:
        change_lead(connection, lead_id, 1, {"status": status})


def test_a_new_place_becomes_a_site_with_a_lead(store: Engine) -> None:
    run = made_run(1, [sighted(HERE)], (districts(), red_line()))
    filed = file(store, run)
    assert filed.outcomes == {FilingOutcome.NEW_SITE: 1}
    [lead] = details(store)
    assert lead.geometry.equals(HERE)
    assert (lead.row.status, lead.row.version, lead.row.round) == (Status.CANDIDATE, 1, 1)
    assert lead.row.spot_code == "310115-202611-GF-0001"
    assert lead.row.created_at == lead.row.updated_at == NOW
    assert lead.observations[0].outcome is FilingOutcome.NEW_SITE
    assert verify(lead.events) is None and len(lead.events) == 1
    assert lead.scorecard["priority"] == lead.row.priority
    assert filed.record["layers"] == [dict(layer) for layer in run.record.layers]
    with reading(store) as connection:
        assert [e.kind for e in list_layers(connection)] == ["district", "eco_redline"]


def test_filing_a_run_again_changes_nothing(store: Engine) -> None:
    run = made_run(1, [sighted(HERE), sighted(square(121.7, 31.2))], (districts(),))
    first = file(store, run)
    before = rows_in_all_tables(store)
    assert file(store, run, NOW + timedelta(days=1)) == first
    assert rows_in_all_tables(store) == before


def test_a_later_sighting_of_an_open_lead_is_an_observation(store: Engine) -> None:
    file(store, made_run(1, [sighted(HERE)]))
    grown = sighted(square(121.600, 31.100, 0.0012), change_class=ChangeClass.FILLED_PIT)
    filed = file(store, made_run(2, [grown]), NOW + timedelta(days=30))
    assert filed.outcomes == {FilingOutcome.OBSERVATION: 1}
    [lead] = details(store)
    assert (lead.row.version, len(lead.observations), len(lead.events)) == (2, 2, 2)
    assert lead.row.machine_class is ChangeClass.FILLED_PIT
    assert verify(lead.events) is None
    later = next(i for i in lead.scorecard["items"] if "later" in i["item"] or i["raw"] == 1)
    assert later["points"] is not None


@pytest.mark.parametrize("later", [0.7, None])
def test_the_latest_image_says_how_unsure_the_machine_is(
    store: Engine, later: float | None
) -> None:
    file(store, made_run(2, [sighted(HERE, uncertainty=0.2)]))
    file(store, made_run(4, [sighted(HERE, uncertainty=later)]), NOW + timedelta(days=1))
    assert [lead.row.uncertainty for lead in details(store)] == [later]
    file(store, made_run(3, [sighted(HERE, uncertainty=0.9)]), NOW + timedelta(days=2))
    [lead] = details(store)
    assert lead.row.uncertainty == later  # an older image filed late changes nothing
    assert [seen.uncertainty for seen in lead.observations] == [0.2, 0.9, later]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (Status.CLOSED, FilingOutcome.REOPENED_ROUND),
        (Status.DISCARDED, FilingOutcome.KEPT_DISCARDED),
    ],
)
def test_a_finished_lead(store: Engine, status: Status, outcome: FilingOutcome) -> None:
    run = made_run(1, [sighted(HERE)])
    file(store, run)
    set_status(store, run.leads[0].lead_id, status)
    filed = file(store, made_run(2, [sighted(HERE)]), NOW + timedelta(days=30))
    assert filed.outcomes == {outcome: 1}
    found = details(store)
    if status is Status.CLOSED:
        old, new = found
        assert (new.row.round, new.row.recurrence_count) == (2, 1)
        assert new.row.site_id == old.row.site_id and new.row.parent_lead_id == old.row.lead_id
        assert new.links == old.links and len(new.links) == 1
        assert len(old.events) == 2 and verify(old.events) is None
    else:
        [old] = found
        assert old.row.status is Status.DISCARDED and len(old.observations) == 2


def test_a_discarded_place_that_grew_comes_back(store: Engine) -> None:
    run = made_run(1, [sighted(HERE)])
    file(store, run)
    set_status(store, run.leads[0].lead_id, Status.DISCARDED)
    filed = file(store, made_run(2, [sighted(square(121.6, 31.1, 0.002))]))
    assert filed.outcomes == {FilingOutcome.GROWN: 1}
    assert {lead.row.status for lead in details(store)} == {Status.DISCARDED, Status.CANDIDATE}


def test_split_and_merge_are_recorded(store: Engine) -> None:
    whole, left, right = (
        square(121.600, 31.100, 0.002),
        square(121.600, 31.100, 0.0009),
        square(121.6011, 31.1011, 0.0009),
    )
    file(store, made_run(1, [sighted(whole)]))
    split = file(store, made_run(2, [sighted(left), sighted(right)]), NOW + timedelta(days=1))
    assert split.outcomes == {FilingOutcome.OBSERVATION: 1, FilingOutcome.SPLIT: 1}
    merged = file(store, made_run(3, [sighted(whole)]), NOW + timedelta(days=2))
    assert merged.outcomes == {FilingOutcome.OBSERVATION: 1}
    found = details(store)
    assert len(found) == 2
    assert {link.kind for lead in found for link in lead.links} == {"split", "merged"}
    assert all(verify(lead.events) is None for lead in found)


def test_a_stored_edition_is_never_given_other_zones(store: Engine) -> None:
    file(store, made_run(1, [sighted(HERE)], (red_line(),)))
    other = red_line("2023", Zone("r9", "别处", square(121.9, 31.3)))
    before = rows_in_all_tables(store)
    with pytest.raises(ConflictError, match="another edition '2023'"):
        file(store, made_run(2, [sighted(HERE)], (other,)))
    assert rows_in_all_tables(store) == before


def test_a_run_that_fails_half_way_leaves_nothing(store: Engine) -> None:
    run = made_run(1, [sighted(HERE), sighted(square(121.7, 31.2))])
    before = rows_in_all_tables(store)
    broken = replace(run.leads[1], date_after=None)
    with pytest.raises(Exception, match=r"NOT NULL|null value"):
        file(store, MadeRun((run.leads[0], broken), run.record, run.summary, ()))
    assert rows_in_all_tables(store) == before


def test_serials_count_within_district_month_and_theme(store: Engine) -> None:
    far = [sighted(square(121.6 + i / 50, 31.2)) for i in range(3)]
    other = replace(far[2], change_class=ChangeClass.BUILDING_NEW, district_code=None)
    file(store, made_run(1, [*far[:2], other]))
    codes = sorted(lead.row.spot_code for lead in details(store))
    assert codes[1:] == ["310115-202611-GF-0001", "310115-202611-GF-0002"]
    assert codes[0].startswith("000000-202611-")


def test_one_run_filed_by_two_workers_at_once_is_filed_once(store: Engine) -> None:
    run = made_run(1, [sighted(square(121.2 + i / 500, 31.2)) for i in range(20)])
    start, filed = threading.Barrier(2), []

    def work() -> None:
        start.wait()
        filed.append(write(store, lambda c: file_run(c, run, "piliang-1", NOW), repeatable=True))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert filed[0] == filed[1]
    assert rows_in_all_tables(store)["leads"] == 20
