"""Lists, details and the map: filtered, paged, scoped, logged."""

from itertools import pairwise

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from tests.api.served import PLACES, Served, assert_problem, lead_ids, take

DISPATCH = {"unit": "310115", "due_at": "2026-12-01T17:00:00+08:00"}


def dispatched(served: Served, lead_id: str, unit: str = "310115") -> None:
    analyst, dispatcher = served.log_in("analyst-1"), served.log_in("dispatcher-1")
    assert take(analyst, lead_id, "claim").status_code == 200
    fields = {"change_class": "waste_heap", "layers_consulted": True}
    assert take(analyst, lead_id, "submit", **fields).status_code == 200
    sent = take(dispatcher, lead_id, "dispatch", **{**DISPATCH, "unit": unit})
    assert sent.status_code == 200, sent.text


def readings(served: Served) -> list[tuple[str, str]]:
    with served.store.connect() as connection:
        rows = connection.execute(text("select account_id, purpose from access_log order by 1, 2"))
        return [(account, purpose) for account, purpose in rows]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 4),
        ({"district": "310120"}, 1),
        ({"district": ["310120", "310115"]}, 4),
        ({"district": "999999"}, 0),
        ({"status": "candidate"}, 4),
        ({"status": "discarded"}, 0),
        ({"priority": ["P1", "P2", "P3", "P4"]}, 4),
        ({"change_class": "waste_heap"}, 4),
        ({"change_class": "bare_soil"}, 0),
        ({"zone_kind": "eco_redline"}, 0),
        ({"date_from": "2026-10-01"}, 4),
        ({"date_to": "2026-10-01"}, 0),
        ({"bbox": "121.59,31.09,121.61,31.105"}, 1),
        ({"near": "121.6,31.1", "within_m": "3000"}, 2),
        ({"near": "121.6,31.1", "order": "nearest"}, 4),
        ({"order": "largest"}, 4),
        ({"order": "uncertain"}, 4),
        ({"holder": "analyst-1"}, 0),
        ({"unit": "310115"}, 0),
    ],
)
def test_every_filter(analyst: TestClient, query: dict[str, str], count: int) -> None:
    found = analyst.get("/api/leads", params=query)
    assert found.status_code == 200, found.text
    assert len(found.json()["leads"]) == count


def test_pages_join_to_the_whole(analyst: TestClient) -> None:
    whole = lead_ids(analyst)
    joined, cursor = [], None
    for _ in range(10):
        query = {"limit": "1"} | ({"cursor": cursor} if cursor else {})
        page = analyst.get("/api/leads", params=query).json()
        joined += [lead["lead_id"] for lead in page["leads"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert joined == whole and len(set(whole)) == 4


def test_the_most_uncertain_come_first_page_by_page(served: Served, analyst: TestClient) -> None:
    ids = lead_ids(analyst)
    stated = dict(zip(ids, (0.2, None, 0.9, None), strict=True))
    with served.store.begin() as connection:
        for lead_id, unsure in stated.items():
            changed = text("update leads set uncertainty = :u where lead_id = :id")
            connection.execute(changed, {"u": unsure, "id": lead_id})
    found, query = [], {"order": "uncertain", "limit": "1"}
    for _ in ids:
        page = analyst.get("/api/leads", params=query).json()
        found += page["leads"]
        query["cursor"] = page["next_cursor"]
    assert query["cursor"] is None
    assert [lead["uncertainty"] for lead in found] == [0.9, 0.2, None, None]
    assert {lead["lead_id"]: lead["uncertainty"] for lead in found} == stated
    other = analyst.get("/api/leads", params={"order": "uncertain", "limit": "1"}).json()
    moved = {"order": "newest", "cursor": other["next_cursor"]}
    assert_problem(analyst.get("/api/leads", params=moved), 422, "input")


def test_nearest_comes_first(analyst: TestClient) -> None:
    near = analyst.get("/api/leads", params={"near": "121.67,31.14", "order": "nearest"}).json()
    assert near["leads"][0]["district_code"] == "310120"


@pytest.mark.parametrize(
    "query",
    [
        {"bbox": "122,31,121,32"},
        {"bbox": "0,0,0,0"},
        {"bbox": "-999,0,999,1"},
        {"bbox": "nan,0,1,1"},
        {"bbox": "1,2,3"},
        {"bbox": "1e308,0,1,1"},
        {"near": "31.4,121.5"},
        {"near": "121.5,31.4", "within_m": "1e9"},
        {"order": "nearest"},
        {"district": "上海"},
        {"district": "31015"},
        {"district": "x" * 10_000},
        {"status": "guilty"},
        {"priority": "P0"},
        {"change_class": "illegal"},
        {"zone_kind": "park"},
        {"date_from": "2026-02-30"},
        {"date_from": "2026-03-01", "date_to": "2026-02-01"},
        {"limit": "0"},
        {"limit": "501"},
        {"cursor": "abc"},
        {"cursor": "WzEsMiwzXQ=="},
        {"nonsense": "1"},
    ],
)
def test_a_question_that_makes_no_sense(analyst: TestClient, query: dict[str, str]) -> None:
    assert_problem(analyst.get("/api/leads", params=query), 422, "input")


def test_what_was_sent_is_not_echoed(served: Served) -> None:
    guest = served.guest()
    sent = {"account_id": "analyst-1", "password": ["my secret"], "cookie": 3}
    told = guest.post("/api/session", json=sent)
    assert_problem(told, 422, "input")
    assert "secret" not in told.text
    assert {one["field"] for one in told.json()["errors"]} == {"body.password", "body.cookie"}


def test_the_list_tells_no_exact_place(analyst: TestClient) -> None:
    lead = analyst.get("/api/leads").json()["leads"][0]
    assert not {"lon", "lat", "geometry"} & set(lead)


def test_a_detail_has_everything(analyst: TestClient) -> None:
    lead_id = lead_ids(analyst)[-1]
    answer = analyst.get(f"/api/leads/{lead_id}")
    lead = answer.json()
    assert answer.headers["ETag"] == '"1"'
    assert lead["geometry"]["type"] == "MultiPolygon"
    assert PLACES[0][0] <= lead["lon"] <= PLACES[-1][0] + 0.001
    items = lead["scorecard"]["items"]
    assert items and all(item["zh"] and item["en"] for item in items)
    assert any(item["points"] is None for item in items)  # unknown, and said so
    assert [event["action"] for event in lead["events"]] == ["filed"]
    assert len(lead["observations"]) == 1
    assert lead["actions"] == ["claim"]
    assert "疑" not in lead["notice"]["zh"] or lead["notice"]["en"]
    assert lead["navigation"]["url"].startswith("https://uri.amap.com/marker?")
    east_m = (lead["navigation"]["gcj02_lon"] - lead["lon"]) * 95_000
    assert 300 < east_m < 500  # the frame's offset in Shanghai


@pytest.mark.parametrize("lead_id", ["0" * 16, "f" * 16])
def test_an_unknown_lead_is_not_found(analyst: TestClient, lead_id: str) -> None:
    assert_problem(analyst.get(f"/api/leads/{lead_id}"), 404, "not_found")


@pytest.mark.parametrize("lead_id", ["x", "0" * 15, "..%2f..", "%00", "0" * 16 + "%0a"])
def test_no_lead_id(analyst: TestClient, lead_id: str) -> None:
    assert analyst.get(f"/api/leads/{lead_id}").status_code in (404, 422)


def test_every_reading_of_a_place_is_logged(served: Served, analyst: TestClient) -> None:
    ids = lead_ids(analyst)
    assert readings(served) == []
    analyst.get(f"/api/leads/{ids[0]}")
    assert readings(served) == [("analyst-1", "lead detail")]
    shown = analyst.get("/api/map/leads", params={"bbox": "121,31,122,32"}).json()
    assert len(shown["features"]) == 4 and shown["next_cursor"] is None
    assert readings(served).count(("analyst-1", "map")) == 4
    auditor = served.log_in("audit_admin-1")
    page = auditor.get("/api/access-log", params={"limit": 2}).json()
    assert [one["purpose"] for one in page["readings"]] == ["map", "map"]
    more = auditor.get("/api/access-log", params={"before": page["next_before"]}).json()
    assert len(more["readings"]) == 3 and more["next_before"] is None
    about = auditor.get("/api/access-log", params={"lead_id": ids[0]}).json()
    assert {one["lead_id"] for one in about["readings"]} == {ids[0]}


def test_outer_rings_run_left(analyst: TestClient) -> None:
    shown = analyst.get("/api/map/leads", params={"bbox": "121,31,122,32"}).json()
    for feature in shown["features"]:
        ring = feature["geometry"]["coordinates"][0][0]
        assert sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise(ring)) > 0


def test_an_officer_sees_what_was_dispatched_to_the_own_unit(served: Served) -> None:
    officer, other = served.log_in("district_officer-1"), served.log_in("district_officer-2")
    ids = lead_ids(served.log_in("analyst-1"))
    assert lead_ids(officer) == []
    dispatched(served, ids[0])
    assert lead_ids(officer) == [ids[0]] and lead_ids(other) == []
    assert lead_ids(other, district="310115") == []
    everywhere = {"bbox": "121,31,122,32"}
    assert len(officer.get("/api/map/leads", params=everywhere).json()["features"]) == 1
    assert other.get("/api/map/leads", params=everywhere).json()["features"] == []
    assert officer.get(f"/api/leads/{ids[0]}").json()["actions"] == ["accept", "return_lead"]
    for answer in (
        other.get(f"/api/leads/{ids[0]}"),
        other.get(f"/api/leads/{ids[0]}/pictures/before.png"),
        officer.get(f"/api/leads/{ids[1]}"),
    ):
        assert_problem(answer, 404, "not_found")
    assert officer.get("/api/leads/count").json()["leads"] == 1


@pytest.mark.parametrize(
    "role", ["drone_operator", "batch_operator", "system_admin", "security_admin", "audit_admin"]
)
def test_other_roles_see_no_leads(served: Served, role: str) -> None:
    client = served.log_in(f"{role}-1")
    lead_id = lead_ids(served.log_in("analyst-1"))[0]
    for path in ("", "/count", f"/{lead_id}", f"/{lead_id}/pictures/after.webp"):
        assert_problem(client.get(f"/api/leads{path}"), 403, "forbidden")
    assert_problem(client.get("/api/map/leads?bbox=121,31,122,32"), 403, "forbidden")


def test_a_lead_without_its_imagery(analyst: TestClient) -> None:
    lead_id = lead_ids(analyst)[0]
    for when in ("before.png", "after.webp"):
        gone = analyst.get(f"/api/leads/{lead_id}/pictures/{when}")
        assert_problem(gone, 404, "not_found")
        assert "/" not in gone.json()["detail"]  # no path of the server
    for name in ("before.gif", "between.png", "before"):
        assert analyst.get(f"/api/leads/{lead_id}/pictures/{name}").status_code in (404, 422)
