"""The program's way in, against a server that listens."""

import socket
from collections.abc import Iterator
from threading import Thread

import pytest
import uvicorn

from api.client import Client, Outcome, Step, UnreachableError, log_in
from geo.errors import InputError, LoginError, NotFoundError, StaleError
from tests.api.served import PASSWORD, Served

SUBMIT = {"change_class": "waste_heap", "layers_consulted": True}


@pytest.fixture
def address(served: Served) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(served.app, log_level="warning", lifespan="off"))
    thread = Thread(target=server.run, args=([listener],))
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(30)
    listener.close()


@pytest.fixture
def desk(address: str) -> Client:
    return log_in(address, "analyst-1", PASSWORD)


def claims(desk: Client) -> list[Step]:
    found = desk.candidates()
    return [
        Step(lead_id, int(version), "claim")
        for lead_id, version in zip(found["lead_id"], found["version"], strict=True)
    ]


def outcomes(desk: Client, steps: list[Step]) -> list[Outcome]:
    return [result.outcome for result in desk.write(steps)]


def test_candidates_have_their_outlines(desk: Client) -> None:
    found = desk.candidates()
    assert len(found) == 4 and found.crs.to_epsg() == 4490
    assert set(found.geom_type) == {"MultiPolygon"} and (found["version"] == 1).all()
    assert len(desk.candidates(most=3)) == 3
    assert set(desk.candidates(district="310120")["district_code"]) == {"310120"}
    nothing = desk.candidates(box=(121.0, 30.7, 121.001, 30.701))
    assert len(nothing) == 0 and nothing.crs.to_epsg() == 4490 and "lead_id" in nothing


def test_a_batch_goes_on_from_version_to_version(desk: Client) -> None:
    first, second, *_ = claims(desk)
    outline = {
        "type": "Polygon",
        "coordinates": [
            [[121.605, 31.105], [121.607, 31.105], [121.607, 31.107], [121.605, 31.105]]
        ],
    }
    results = desk.write(
        [
            first,
            second,
            Step(first.lead_id, first.version, "redraw", {"outline": outline}),
            Step(first.lead_id, first.version, "submit", SUBMIT),
            Step(second.lead_id, second.version, "discard", {"discard_reason": "ploughing"}),
        ]
    )
    assert [(r.outcome, r.version) for r in results] == [("done", v) for v in (2, 2, 3, 4, 3)]
    assert desk.lead(first.lead_id)["status"] == "pending_dispatch"
    assert desk.lead(second.lead_id)["discard_reason"] == "ploughing"


def test_who_is_faster_wins_and_nobody_else_loses(address: str, desk: Client) -> None:
    steps = claims(desk)
    other = log_in(address, "analyst-2", PASSWORD)
    other.take(steps[1])
    results = desk.write(
        [*steps, Step(steps[1].lead_id, 1, "discard", {"discard_reason": "ploughing"})]
    )
    assert [r.outcome for r in results] == ["done", "overtaken", "done", "done", "not_sent"]
    assert "read it again" in results[1].detail
    assert desk.lead(steps[1].lead_id)["holder"] == "analyst-2"
    with pytest.raises(StaleError):
        desk.take(steps[0])


def test_what_is_not_allowed_and_what_cannot_be_used(address: str, desk: Client) -> None:
    step, *_ = claims(desk)
    other = log_in(address, "analyst-2", PASSWORD)
    other.take(step)
    judge = Step(step.lead_id, 2, "submit", SUBMIT)
    due = {"unit": "310115", "due_at": "2099-01-01T00:00:00+08:00"}
    assert outcomes(desk, [judge]) == ["not_allowed"]
    assert outcomes(desk, [Step(step.lead_id, 2, "dispatch", due)]) == ["not_allowed"]
    assert outcomes(desk, [Step("0" * 16, 1, "claim")]) == ["not_allowed"]
    wrong = other.write([Step(step.lead_id, 2, "discard", {"discard_reason": "because"})])
    assert wrong[0].outcome == "unusable" and "discard_reason" in wrong[0].detail
    assert outcomes(other, [judge]) == ["done"]


def test_a_log_in_that_has_run_out_loses_nothing(served: Served, desk: Client) -> None:
    steps = claims(desk)
    served.clock.pass_by(hours=13)
    assert outcomes(desk, steps) == ["not_sent"] * 4
    again = Client(desk.url, served.log_in("analyst-1").headers["Authorization"].split()[1])
    assert outcomes(again, steps) == ["done"] * 4


def test_a_server_that_is_gone(desk: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    gone = Client(f"http://127.0.0.1:{port}", desk.token)
    assert outcomes(gone, claims(desk)) == ["unsure", *["not_sent"] * 3]
    with pytest.raises(UnreachableError, match="does not answer"):
        log_in(gone.url, "analyst-1", PASSWORD)


def test_logging_in_and_out(address: str) -> None:
    with pytest.raises(LoginError):
        log_in(address, "analyst-1", "wrong password")
    with log_in(f"{address}/", "analyst-1", PASSWORD) as desk:
        assert desk.read("/api/session")["role"] == "analyst"
        with pytest.raises(NotFoundError):
            desk.lead("../session")
        assert desk.token not in repr(desk)
    with pytest.raises(LoginError):
        desk.read("/api/session")


@pytest.mark.parametrize("url", ["", "127.0.0.1:8000", "file:///etc/passwd", "http://", "ftp://a"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(InputError, match="http"):
        log_in(url, "analyst-1", PASSWORD)
