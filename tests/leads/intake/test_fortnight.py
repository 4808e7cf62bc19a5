"""A fortnight of passes against a Sentinel Hub with its moods, optical and radar.

Passes come late, cloudy, twice, anew and broken, the source is away for a day, and the process is
killed in the middle of a fetch and of a run. In the end every lead is there once, the same as where
nothing was killed, every pass is in the ledger with what became of it, and nothing was fetched
twice. Days around the kills are the command line in processes of their own.
"""

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from shapely import MultiPolygon, Polygon
from sqlalchemy import select

from geo.area import geodesic_area_m2
from geo.crs import CGCS2000, SHANGHAI_PLANE, reproject_geometry
from leads.store.engine import connect, writing
from leads.store.layers import add_layer
from leads.store.migrate import upgrade
from leads.store.pass_tables import pass_units, witnesses
from leads.store.passes import PassRow, passes_of
from leads.store.schema import jobs, leads, observations, runs
from tests.fakes.sentinel_hub import fake_sentinel_hub
from tests.fakes.sky import Sky, optical_pass, radar_pass, sky_ground
from tests.leads.intake.made_fortnight import Death, Fortnight
from tests.leads.store.made_store import NOW
from tiles.synthetic.layers import layers

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

AUGUST = [date(2023, 8, day) for day in range(1, 15)]
SEASON = optical_pass(date(2022, 8, 6))
LAST_CLEAR = optical_pass(date(2023, 7, 20))
TWICE = optical_pass(date(2023, 8, 4), baseline="05.09")
TWIN = optical_pass(date(2023, 8, 4), baseline="05.10", made="080000")
LATE = optical_pass(date(2023, 8, 5), hours_late=24 * 6.0)
ON_A_BAD_DAY = optical_pass(date(2023, 8, 6))
MENDED = optical_pass(date(2023, 8, 7), faults=("truncated", "truncated"))
ANEW = optical_pass(date(2023, 8, 7), baseline="05.10", made="090000", hours_late=24 * 5.0)
HOPELESS = optical_pass(
    date(2023, 8, 8), satellite="S2B", faults=("truncated", "truncated", "400", "...")
)
CLOUDY = optical_pass(date(2023, 8, 9), cloud=0.92)
KILLED_FETCH = optical_pass(date(2023, 8, 11))
LAST = optical_pass(date(2023, 8, 13))
FETCHED_ONCE = (SEASON, LAST_CLEAR, TWIN, LATE, ON_A_BAD_DAY, MENDED, CLOUDY, LAST)
BEFORE_RADAR = radar_pass(date(2023, 6, 9))
RADAR = radar_pass(date(2023, 8, 8), absolute=49719 + 5 * 175)  # after five rounds of 12 days
AWAY, FETCH_DIES, RUN_DIES = date(2023, 8, 6), date(2023, 8, 11), date(2023, 8, 12)
WINDOWS = 9
"""Requests of one pass."""
DEATHS = {
    FETCH_DIES: Death(image=KILLED_FETCH, parts=WINDOWS // 2),
    RUN_DIES: Death("leads.store.file_run:keep_run!"),
}
LARGE_M2 = 5_000
FALSE_LEADS = 9
"""Leads beside all that changed at most: the detector's, in 225 ha after a year."""


@contextmanager
def lived(folder: Path, sky: Sky, deaths: dict[date, Death]) -> Iterator[Fortnight]:
    (folder / "data").mkdir()
    with fake_sentinel_hub(sky) as hub:
        here = Fortnight(hub, folder, deaths)
        here.configure(sky.area.buffer(-0.001).bounds)  # a box inside the turned ground
        store = connect(here.store)
        upgrade(store)
        with writing(store) as connection:
            for layer in layers(sky.ground):
                add_layer(connection, layer, "made", "system", NOW)
        store.dispose()
        for day in AUGUST:
            here.watch(day, away=day == AWAY)
        yield here


@pytest.fixture(scope="module")
def sky() -> Sky:
    radar = [BEFORE_RADAR, RADAR]
    passes = [*FETCHED_ONCE, KILLED_FETCH, TWICE, ANEW, HOPELESS, *radar]
    return Sky(passes, sky_ground(7, 1500.0))


@pytest.fixture(scope="module")
def fortnight(tmp_path_factory: pytest.TempPathFactory, sky: Sky) -> Iterator[Fortnight]:
    with lived(tmp_path_factory.mktemp("fortnight"), sky, DEATHS) as here:
        yield here


@pytest.fixture(scope="module")
def unkilled(tmp_path_factory: pytest.TempPathFactory, sky: Sky) -> Iterator[Fortnight]:
    with lived(tmp_path_factory.mktemp("unkilled"), sky, {}) as here:
        yield here


def rows(fortnight: Fortnight) -> dict[str, PassRow]:
    with fortnight.reading() as connection:
        return {row.identifier: row for row in passes_of(connection)}


def found_leads(fortnight: Fortnight) -> dict[str, MultiPolygon]:
    with fortnight.reading() as connection:
        return {
            row.lead_id: row.geometry
            for row in connection.execute(select(leads.c.lead_id, leads.c.geometry))
        }


def test_every_pass_is_in_the_ledger_with_what_became_of_it(fortnight: Fortnight) -> None:
    found = rows(fortnight)
    queued = (LAST_CLEAR, TWIN, LATE, ON_A_BAD_DAY, MENDED, KILLED_FETCH, LAST, RADAR)
    assert {name: row.state for name, row in found.items()} == {
        SEASON.identifier: "kept",
        BEFORE_RADAR.identifier: "kept",
        **{one.identifier: "queued" for one in queued},
        TWICE.identifier: "doubled",
        ANEW.identifier: "doubled",
        CLOUDY.identifier: "cloudy",
        HOPELESS.identifier: "broken",
    }
    for one in (TWICE, ANEW, CLOUDY, HOPELESS):
        assert found[one.identifier].reason, "told why"
    assert "better, but" in (found[ANEW.identifier].reason or "")


def test_nothing_is_fetched_twice(fortnight: Fortnight) -> None:
    counts = fortnight.hub.counts
    once = {one.identifier: counts[one.identifier] for one in FETCHED_ONCE}
    assert once == dict.fromkeys(once, WINDOWS)
    assert counts[KILLED_FETCH.identifier] == WINDOWS + 1, "that under way once more"
    assert not any(counts[one.identifier] for one in (TWICE, ANEW, HOPELESS))


def test_days_end_as_they_should(fortnight: Fortnight) -> None:
    killed = [day for day, code in fortnight.exits.items() if code == -signal.SIGKILL]
    assert killed == [FETCH_DIES, RUN_DIES], fortnight.said
    assert [day for day, code in fortnight.exits.items() if code == 1] == [AWAY], fortnight.said


def test_the_anchor_moves_only_when_all_was_searched(fortnight: Fortnight) -> None:
    """A killed evening has looked before it was killed."""
    for before, after in pairwise(AUGUST):
        first, second = fortnight.anchors[before], fortnight.anchors[after]
        assert first is not None and second is not None
        if after == AWAY:
            assert second == first
        else:
            assert second - first > timedelta(hours=23)


def test_every_job_is_done_and_every_pair_is_run_once(fortnight: Fortnight) -> None:
    with fortnight.reading() as connection:
        done = connection.execute(select(jobs.c.kind, jobs.c.state, jobs.c.payload_sha256)).all()
        filed = connection.execute(select(runs.c.run_id)).all()
    assert {state for _, state, _ in done} == {"done"}
    asked = [digest for kind, _, digest in done if kind == "run"]
    assert len(asked) == len(set(asked)) == len(filed)
    assert len(asked) == 1 + 2 * 6 + 1, "a July image with its season, six with both, one of radar"


def test_kills_change_no_lead_and_no_sight_of_one(
    fortnight: Fortnight, unkilled: Fortnight
) -> None:
    told = []
    for one in (fortnight, unkilled):
        with one.reading() as connection:
            seen = connection.execute(select(observations.c.lead_id, observations.c.date_after))
            times = Counter((row.lead_id, row.date_after) for row in seen)
        outlines = {name: outline.wkb for name, outline in found_leads(one).items()}
        told.append((outlines, times))
    assert told[0] == told[1] and told[0][0]
    assert set(unkilled.exits.values()) == {0, 1}


def test_every_lead_is_there_once(fortnight: Fortnight) -> None:
    found = found_leads(fortnight)
    for one, other in combinations(found.values(), 2):
        assert one.intersection(other).area < 0.3 * min(one.area, other.area)
    with fortnight.reading() as connection:
        seen = connection.execute(select(observations.c.lead_id, observations.c.run_id)).all()
    times = Counter(lead for lead, _ in seen)
    assert set(times) == set(found)
    assert max(times.values()) > 3, "seen again on later passes, and still one lead"
    assert len(set(seen)) == len(seen)


def test_each_change_of_the_ground_is_one_lead(fortnight: Fortnight, sky: Sky) -> None:
    """Of those between two images; a detector may miss what is smaller than half a hectare."""
    found = list(found_leads(fortnight).values())
    first, last = SEASON.acquired.date(), LAST.acquired.date()
    changed = {
        reproject_geometry(Polygon(sky.ground.to_world(event.outline)), SHANGHAI_PLANE, CGCS2000)
        for event in sky.ground.events
        if first < event.day <= last
    }
    hits = {one: sum(shares(lead, one) > 0.3 for lead in found) for one in changed}
    large = [one for one in changed if geodesic_area_m2(one, CGCS2000) >= LARGE_M2]
    assert [hits[one] for one in large] == [1, 1, 1]
    assert set(hits.values()) <= {0, 1}
    beside = [lead for lead in found if not any(lead.intersects(one) for one in changed)]
    assert len(beside) <= FALSE_LEADS


def shares(one: MultiPolygon, other: Polygon) -> float:
    """Intersection over union."""
    return float(one.intersection(other).area / one.union(other).area)


def test_what_was_spent_is_told(fortnight: Fortnight) -> None:
    """Of what came to nothing all that it might have cost, until it is fetched."""
    names = {row.pass_id: row.identifier for row in rows(fortnight).values()}
    with fortnight.reading() as connection:
        told = connection.execute(select(pass_units.c.pass_id, pass_units.c.units)).all()
    spent = {names[pass_id]: units for pass_id, units in told}
    fetched = {one.identifier for one in (*FETCHED_ONCE, KILLED_FETCH, BEFORE_RADAR, RADAR)}
    assert fetched <= set(spent) <= {*fetched, HOPELESS.identifier}
    assert all(units > 0 for units in spent.values())
    assert sum(spent[name] for name in fetched) <= fortnight.hub.units + 1e-6


def test_coverage_tells_when_the_ground_was_last_seen(fortnight: Fortnight, sky: Sky) -> None:
    """Hectares by age: up to 7 days, 30, 90, a year, older, never."""
    west, south, east, north = sky.area.buffer(-0.001).bounds
    box_ = Polygon([(west, south), (east, south), (east, north), (west, north)])
    whole = geodesic_area_m2(box_, CGCS2000) / 10_000
    totals = {sum(steps) for steps in fortnight.seen.values()}
    assert len(totals) == 1
    fresh = {day.day: steps[0] for day, steps in fortnight.seen.items()}
    july = fortnight.seen[AUGUST[0]]
    assert 0.7 * whole < july[1] <= whole and july[0] == july[2] == july[3] == 0, "seen in July"
    assert [fresh[day] for day in (1, 2, 3)] == [0, 0, 0]
    seen = fresh[4]
    assert 0.9 * july[1] <= seen <= whole
    for day, steps in fortnight.seen.items():
        assert steps[5] <= july[5], "nothing that was seen is ever unseen"
        if day.day > 3:
            assert steps[0] >= seen, "each week has a clear pass"


def test_radar_bears_witness_to_leads_of_its_days(fortnight: Fortnight) -> None:
    """It saw all of the ground; what the detector sees there is tested where it is."""
    with fortnight.reading() as connection:
        borne = connection.execute(select(witnesses.c.lead_id, witnesses.c.kind)).all()
    assert borne and {kind for _, kind in borne} == {"radar"}
    assert {lead for lead, _ in borne} <= set(found_leads(fortnight))
