"""Passes and coverage over HTTP: the ledger by pages, and who sees which district's hectares."""

from datetime import timedelta

import cv2
import numpy as np
import pytest
from shapely import box
from shapely.geometry import MultiPolygon
from starlette.testclient import TestClient

from geo.hectares import Sight, hectares_of, lattice_place
from geo.zone import Edition, Zone, ZoneKind, ZoneLayer
from leads.domain.passes import PassRole, PassState
from leads.store.engine import writing
from leads.store.layers import add_layer
from leads.store.passes import note_found, set_state
from leads.store.scenes import keep_scene
from leads.store.sights import keep_sight
from leads.store.watches import keep_watch
from tests.api.served import Served, assert_problem
from tests.leads.store.made_store import NOW, districts, made_run, square
from tiles.sources.acquisition import Acquisition, Kind

AREA = MultiPolygon([box(121.60, 31.10, 121.61, 31.11)])
PUDONG = square(121.5, 31.0, 0.3)
SPEC = {"source": {"name": "copernicus"}, "every_hours": 6.0}


def acquisition(number: int) -> Acquisition:
    return Acquisition(
        "copernicus", "sentinel-2-l2a", f"S2_{number:03d}", Kind.OPTICAL,
        NOW - timedelta(days=number), AREA,
    )  # fmt: skip


@pytest.fixture
def ledger(served: Served) -> Served:
    with writing(served.store) as connection:
        keep_watch(connection, "pudong", SPEC, AREA, NOW)
        for number in range(5):
            row = note_found(connection, "pudong", acquisition(number), PassRole.NEW, NOW)
            if number == 2:
                set_state(connection, row.pass_id, PassState.CLOUDY, NOW, reason="看清 31%")
    return served


@pytest.mark.usefixtures("ledger")
def test_the_ledger_comes_by_pages_latest_first(analyst: TestClient) -> None:
    first = analyst.get("/api/passes", params={"limit": 3}).json()
    rest = analyst.get("/api/passes", params={"limit": 3, "cursor": first["next_cursor"]}).json()
    names = [one["identifier"] for page in (first, rest) for one in page["passes"]]
    assert names == [f"S2_{number:03d}" for number in range(5)]
    assert rest["next_cursor"] is None
    [cloudy] = analyst.get("/api/passes", params={"state": "cloudy"}).json()["passes"]
    assert (cloudy["identifier"], cloudy["reason"]) == ("S2_002", "看清 31%")
    assert analyst.get("/api/passes", params={"watch": "other"}).json()["passes"] == []
    assert_problem(analyst.get("/api/passes", params={"cursor": "bm8="}), 422, "input")


@pytest.mark.usefixtures("ledger")
def test_a_watch_tells_its_states_and_no_settings(analyst: TestClient) -> None:
    [watch] = analyst.get("/api/watches").json()["watches"]
    assert watch["states"] == {"found": 4, "cloudy": 1}
    assert (watch["source"], watch["every_hours"], watch["anchor"]) == ("copernicus", 6.0, None)
    assert "spec" not in watch


def test_the_ledger_is_the_citys(ledger: Served) -> None:
    for role in ("district_officer-1", "drone_operator-1", "system_admin-1"):
        assert_problem(ledger.log_in(role).get("/api/passes"), 403, "forbidden")
        assert_problem(ledger.log_in(role).get("/api/watches"), 403, "forbidden")
    assert ledger.log_in("batch_operator-1").get("/api/passes").status_code == 200


def fengxian() -> ZoneLayer:
    zone = Zone("d2", "奉贤区", square(121.5, 30.9, 0.05), code="310120")
    return ZoneLayer.of(ZoneKind.DISTRICT, Edition("2021"), [zone])


@pytest.fixture
def seen(served: Served) -> Served:
    """Two scenes over a district: the west half seen 10 days ago, the upper quarter 3 days ago."""
    run = made_run(0, [])
    with writing(served.store) as connection:
        for layer in (districts(), fengxian()):
            add_layer(connection, layer, "made", "system", NOW)
        for scene, age, rows, cols in (
            (run.record.before, 10, 1.0, 0.5),
            (run.record.after, 3, 0.25, 1.0),
        ):
            grid = hectares_of(PUDONG)
            mask = np.zeros(grid.shape, np.bool_)
            mask[: int(grid.height * rows), : int(grid.width * cols)] = True
            sight = Sight(grid.crs, *lattice_place(grid), mask)
            keep_scene(connection, scene, NOW)
            keep_sight(connection, scene.sha256, NOW.date() - timedelta(days=age), sight)
    return served


@pytest.mark.usefixtures("seen")
def test_each_district_tells_how_fresh_its_sight_is(analyst: TestClient) -> None:
    told = analyst.get("/api/coverage").json()
    assert told["today"] == "2026-11-22" and len(told["step_names"]) == len(told["colours"]) == 6
    south, pudong = sorted(
        told["districts"], key=lambda one: str(one["district_code"]), reverse=True
    )
    assert (south["district_code"], south["steps"][-1]) == ("310120", south["hectares"])
    assert (pudong["district_name"], pudong["latest"]) == ("浦东新区", "2026-11-19")
    week, month, *_, never = pudong["steps"]
    assert week == pytest.approx(pudong["hectares"] / 4, rel=0.05)
    assert month == pytest.approx(pudong["hectares"] * 3 / 8, rel=0.05)
    assert never == pytest.approx(pudong["hectares"] * 3 / 8, rel=0.05)
    assert sum(pudong["steps"]) == pudong["hectares"] == pytest.approx(95_000, rel=0.05)


@pytest.mark.usefixtures("seen")
def test_the_picture_lies_where_its_corners_say(analyst: TestClient) -> None:
    west, north = analyst.get("/api/coverage/310115").json()["corners"][0]
    assert (west, north) == pytest.approx((121.5, 31.3), abs=0.02)
    answer = analyst.get("/api/coverage/310115/map.png")
    assert answer.headers["content-type"] == "image/png"
    picture = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    rows, cols = picture.shape[:2]
    upper, lower = picture[rows // 8, cols // 4], picture[rows // 2, cols // 4]
    assert upper[3] == lower[3] == 255 and tuple(upper) != tuple(lower)
    assert_problem(analyst.get("/api/coverage/310101"), 404, "not_found")


def test_an_officer_sees_the_own_district_only(seen: Served) -> None:
    officer = seen.log_in("district_officer-1")
    [own] = officer.get("/api/coverage").json()["districts"]
    assert own["district_code"] == "310115"
    assert officer.get("/api/coverage/310115/map.png").status_code == 200
    assert_problem(officer.get("/api/coverage/310120"), 404, "not_found")
    assert_problem(seen.log_in("drone_operator-1").get("/api/coverage"), 403, "forbidden")
