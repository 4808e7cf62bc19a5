"""Steps over HTTP: by the right person, from the right status, on the version that was seen."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.testclient import TestClient

from leads.custody.chain import verify
from leads.store.events import history
from tests.api.served import Served, assert_problem, lead_ids, take


@pytest.fixture
def lead_id(analyst: TestClient) -> str:
    return lead_ids(analyst)[0]


def act(client: TestClient, lead_id: str, body: object, etag: str = '"1"'):  # noqa: ANN201
    headers = {"If-Match": etag} if etag else {}
    return client.post(f"/api/leads/{lead_id}/actions", json=body, headers=headers)


def test_the_first_stretch_of_the_life_cycle(
    served: Served, analyst: TestClient, dispatcher: TestClient, lead_id: str
) -> None:
    officer = served.log_in("district_officer-1")
    claimed = take(analyst, lead_id, "claim")
    assert claimed.json()["lead"]["holder"] == "analyst-1"
    assert claimed.headers["ETag"] == '"2"'
    assert claimed.json()["actions"] == ["release", "redraw", "discard", "submit"]
    submitted = take(
        analyst, lead_id, "submit", change_class="stacked_yard", layers_consulted=True
    ).json()["lead"]
    assert (submitted["change_class"], submitted["class_by"]) == ("stacked_yard", "account")
    due = {"due_at": "2026-12-01T17:00:00+08:00", "unit": "310115"}
    assert take(dispatcher, lead_id, "dispatch", **due).json()["lead"]["unit"] == "310115"
    assert take(officer, lead_id, "accept").json()["lead"]["status"] == "accepted"
    back = take(officer, lead_id, "return_lead", return_reason="no_access", note="围挡")
    assert back.json()["lead"]["status"] == "returned"
    assert take(dispatcher, lead_id, "redispatch", **due).json()["lead"]["status"] == "dispatched"
    with served.store.connect() as connection:
        links = history(connection, lead_id)
    assert verify(links) is None and len(links) == 7


def test_a_discarded_lead_can_come_back(analyst: TestClient, lead_id: str) -> None:
    take(analyst, lead_id, "claim")
    gone = take(analyst, lead_id, "discard", discard_reason="ploughing", note="春耕翻地")
    assert gone.json()["lead"]["status"] == "discarded"
    assert take(analyst, lead_id, "reopen", note="复看").json()["lead"]["status"] == "desk_review"


def test_redrawing_scores_anew(analyst: TestClient, lead_id: str) -> None:
    take(analyst, lead_id, "claim")
    ring = [[121.605, 31.105], [121.607, 31.105], [121.607, 31.107], [121.605, 31.105]]
    outline = {"type": "Polygon", "coordinates": [ring]}
    drawn = take(analyst, lead_id, "redraw", outline=outline)
    assert drawn.status_code == 200, drawn.text
    lead = analyst.get(f"/api/leads/{lead_id}").json()
    assert lead["zone_kinds"] == ["district", "eco_redline"] and lead["district_code"] == "310115"
    red = [o["edition"] for o in lead["overlaps"] if o["kind"] == "eco_redline"]
    assert sorted(red) == ["2018", "2023"]


def test_a_second_analyst_cannot_judge_what_another_holds(
    served: Served, analyst: TestClient, lead_id: str
) -> None:
    other = served.log_in("analyst-2")
    take(analyst, lead_id, "claim")
    for action, fields in (
        ("claim", {}),
        ("discard", {"discard_reason": "ploughing"}),
        ("submit", {"change_class": "bare_soil", "layers_consulted": True}),
        ("release", {}),
    ):
        assert_problem(take(other, lead_id, action, **fields), 409, "transition")
    assert take(served.log_in("dispatcher-1"), lead_id, "release").status_code == 200


def test_two_writers_on_one_lead(analyst: TestClient, served: Served, lead_id: str) -> None:
    other = served.log_in("analyst-2")
    assert act(analyst, lead_id, {"action": "claim"}).status_code == 200
    assert_problem(act(other, lead_id, {"action": "claim"}), 412, "stale")


def test_of_many_at_once_one_wins(served: Served, lead_id: str) -> None:
    clients = [served.log_in(f"analyst-{1 + n % 2}") for n in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda c: act(c, lead_id, {"action": "claim"}), clients))
    assert sorted(answer.status_code for answer in answers) == [200, *[412] * 5]


@pytest.mark.parametrize("etag", ["", "1", '"x"', 'W/"1"', "*", '"-1"', '"9999999999"'])
def test_without_a_version_nothing_is_changed(analyst: TestClient, lead_id: str, etag: str) -> None:
    assert_problem(act(analyst, lead_id, {"action": "claim"}, etag), 422, "input")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"discard_reason": "because"},
        {"discard_reason": "ploughing", "note": "好" * 2001},
        {"discard_reason": "ploughing", "note": "a\x00b"},
        {"discard_reason": "ploughing", "unit": "310115"},
        {"discard_reason": "ploughing", "hacked": 1},
        {"discard_reason": ["ploughing"]},
    ],
)
def test_a_field_that_cannot_be_used(
    analyst: TestClient, lead_id: str, fields: dict[str, object]
) -> None:
    take(analyst, lead_id, "claim")
    assert_problem(take(analyst, lead_id, "discard", **fields), 422, "input")
    assert analyst.get(f"/api/leads/{lead_id}").json()["version"] == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"unit": "999999", "due_at": "2026-12-01T17:00:00+08:00"},
        {"unit": "310115", "due_at": "2026-12-01T17:00:00"},
        {"unit": "310115", "due_at": "yesterday"},
        {"unit": "310115", "due_at": "2020-01-01T00:00:00Z"},
        {"unit": "310115", "due_at": "9999-12-31T23:59:59Z"},
    ],
)
def test_an_order_that_cannot_be_carried_out(
    analyst: TestClient, dispatcher: TestClient, lead_id: str, fields: dict[str, str]
) -> None:
    take(analyst, lead_id, "claim")
    take(analyst, lead_id, "submit", change_class="waste_heap", layers_consulted=True)
    assert_problem(take(dispatcher, lead_id, "dispatch", **fields), 422, "input")


@pytest.mark.parametrize("action", ["dispatch", "accept", "redispatch"])
def test_a_role_that_may_not(analyst: TestClient, lead_id: str, action: str) -> None:
    assert_problem(act(analyst, lead_id, {"action": action}), 403, "forbidden")


def test_an_unknown_action(analyst: TestClient, lead_id: str) -> None:
    assert_problem(act(analyst, lead_id, {"action": "fine"}), 422, "input")


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[]", b"null", b'"x"', b"[" * 100_000])
def test_a_body_that_is_none(analyst: TestClient, lead_id: str, content: bytes) -> None:
    headers = {"If-Match": '"1"', "Content-Type": "application/json"}
    answer = analyst.post(f"/api/leads/{lead_id}/actions", content=content, headers=headers)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_that_is_too_large(analyst: TestClient, lead_id: str) -> None:
    answer = act(analyst, lead_id, {"action": "claim", "note": "x" * 3_000_000})
    assert_problem(answer, 413, "too_large")


def test_the_desk_hands_out_candidates_one_by_one(served: Served, analyst: TestClient) -> None:
    other = served.log_in("analyst-2")
    assert analyst.get("/api/review").json()["candidates"] == 4
    only = {"district": ["310120"]}
    first = analyst.post("/api/review/next", json=only)
    assert first.json()["lead"]["district_code"] == "310120" and first.headers["ETag"] == '"2"'
    assert_problem(analyst.post("/api/review/next", json=only), 404, "not_found")
    taken = {other.post("/api/review/next", json={}).json()["lead"]["lead_id"] for _ in range(3)}
    assert len(taken) == 3
    desk = analyst.get("/api/review").json()
    assert desk["candidates"] == 0 and len(desk["mine"]) == 1
    assert_problem(served.log_in("dispatcher-1").get("/api/review"), 403, "forbidden")
