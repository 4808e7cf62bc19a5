"""`hongxian runs` as an operator meets it: jobs and runs listed, shown, cancelled, taken back."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from api.cli.main import run
from api.settings import Settings
from geo.shore import Shore, ShorePlace
from leads.domain.job import RUN, Job
from leads.domain.shore_facts import ShoreFacts
from leads.store import jobs
from leads.store.engine import connect, write
from leads.store.job_tiles import TileRow, TileState, keep_tiles
from tests.leads.store.made_store import MadeRun, file, made_run, sighted, square

Said = pytest.CaptureFixture[str]
REQUEST = {"before": "/data/x/2025-03-01.tif", "after": "/data/x/2025-09-01.tif",
           "layers": [], "detector": "siamese"}  # fmt: skip
PROGRESS = {
    "stage": "tiles", "tiles": 10, "tiles_done": 4, "tiles_empty": 1, "tiles_set_aside": 1,
    "pixels": 1000, "pixels_done": 500, "megapixels_per_second": 1.25, "seconds_left": 75.0,
    "errors": {"SceneError": 3}, "notes": ["layer districts: 2 polygons repaired"],
}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """An up-to-date, empty store, in the environment."""
    monkeypatch.setenv("HONGXIAN_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("HONGXIAN_STORE", raising=False)
    assert run(["db", "upgrade"]) == 0
    engine = connect(Settings().store_url)
    yield engine
    engine.dispose()


@pytest.fixture
def filed(store: Engine) -> MadeRun:
    made = made_run(1, [sighted(square(121.6, 31.1)), sighted(square(121.7, 31.1))])
    file(store, made, datetime.now(UTC) - timedelta(hours=1))
    return made


def report(said: Said, *arguments: str) -> Any:  # noqa: ANN401
    said.readouterr()
    assert run([*arguments, "--json"]) == 0
    return json.loads(said.readouterr().out)


def text(said: Said, *arguments: str) -> str:
    said.readouterr()
    assert run(list(arguments)) == 0
    return said.readouterr().out


def under_way(store: Engine, **changed: object) -> Job:
    """A job with progress and a tile set aside; its worker holds it for a minute."""
    now = datetime.now(UTC)

    def begin(connection: Any) -> Job:  # noqa: ANN401
        asked = jobs.enqueue(connection, RUN, {**REQUEST, **changed}, "piliang-1", now)
        job = jobs.claim(connection, "host:1:1", now, job_id=asked.job_id)
        assert job is not None
        keep_tiles(
            connection, job.lease,
            [TileRow(7, TileState.SET_ASIDE, 3, f"{REQUEST['after']}: block 3", 0.0, 0, None)],
        )  # fmt: skip
        return jobs.save_progress(connection, job.lease, PROGRESS)

    return write(store, begin)


def test_jobs_and_runs_newest_first(store: Engine, filed: MadeRun, capsys: Said) -> None:
    job = under_way(store)
    told = report(capsys, "runs", "list")["runs"]
    assert [(one["id"], one["kind"], one["state"]) for one in told] == [
        (job.job_id, "job", "leased"), (filed.record.run_id, "run", "filed"),
    ]  # fmt: skip
    assert told[0]["progress"] == 0.5 and told[0]["stalled"] is False
    for state, wanted in (
        ("leased", [job.job_id]),
        ("failed", []),
        ("filed", [filed.record.run_id]),
    ):
        told = report(capsys, "runs", "list", "--state", state)["runs"]
        assert [one["id"] for one in told] == wanted
    assert len(report(capsys, "runs", "list", "--limit", "1")["runs"]) == 1
    lines = text(capsys, "runs", "list").splitlines()
    assert len(lines) == 2 and "50%" in lines[0]


def test_a_run_stands_for_the_job_that_filed_it(store: Engine, capsys: Said) -> None:
    job = under_way(store)
    made, now = made_run(2, [sighted(square(121.6, 31.1))]), datetime.now(UTC)
    file(store, made, now)
    result = {"run_id": made.record.run_id, "leads": 1}
    write(store, lambda c: jobs.finish(c, job.lease, result, now))
    told = report(capsys, "runs", "list")["runs"]
    assert [one["id"] for one in told] == [made.record.run_id]
    shown = report(capsys, "runs", "show", made.record.run_id)
    assert shown["job"]["job_id"] == job.job_id
    assert report(capsys, "runs", "show", job.job_id)["run_id"] == made.record.run_id


def test_a_shadow_run_is_listed_although_it_files_nothing(store: Engine, capsys: Said) -> None:
    job = under_way(store, shadow=True)
    result = {"run_id": "0" * 16, "leads": 3, "shadow": {"both": 2}}
    write(store, lambda c: jobs.finish(c, job.lease, result, job.created_at))
    told = report(capsys, "runs", "list")["runs"]
    assert [(one["id"], one["state"], one["leads"]) for one in told] == [(job.job_id, "done", 3)]
    assert report(capsys, "runs", "show", job.job_id)["shadow_report"] == {"both": 2}


def test_what_a_run_holds_is_listed_the_largest_first(store: Engine, capsys: Said) -> None:
    afloat, gone = Shore(ShorePlace.AFLOAT, 0.9, 0.1), Shore(ShorePlace.DRIFTED, 0.1, 0.9)
    small = sighted(square(121.6, 31.1), shore=ShoreFacts(afloat, None))
    large = sighted(square(121.7, 31.1, 0.002), shore=ShoreFacts(gone, None))
    made = made_run(3, [small, large])
    file(store, replace(made, leads=(), held=made.leads), datetime.now(UTC))
    told = report(capsys, "runs", "show", made.record.run_id)
    assert told["held_count"] == 2
    assert [one["reason"] for one in told["held"]] == ["drifted", "afloat"]
    assert told["held"][0]["lon"] == pytest.approx(121.701)
    said = text(capsys, "runs", "show", made.record.run_id)
    assert "no leads as yet: 2" in said and "121.70100 31.10100" in said


def test_one_job(store: Engine, capsys: Said) -> None:
    job = under_way(store)
    told = report(capsys, "runs", "show", job.job_id)
    assert (told["before"], told["progress"]["errors"]) == ("2025-03-01.tif", {"SceneError": 3})
    assert told["set_aside"] == [{"tile": 7, "reason": "2025-09-01.tif: block 3"}]
    said = text(capsys, "runs", "show", job.job_id)
    for part in ("1.25 Mpx/s", "1 min 15 s", "4 done (1 empty), 1 set aside, 5 left",
                 "SceneError 3", "tile 7", "repaired"):  # fmt: skip
        assert part in said


def test_withdrawing(store: Engine, filed: MadeRun, capsys: Said) -> None:
    run_id = filed.record.run_id
    told = report(capsys, "runs", "withdraw", run_id, "--reason", "配准失败")
    assert (told["outcomes"], told["before"]) == ({"taken_back": 2}, False)
    assert report(capsys, "runs", "withdraw", run_id, "--reason", "again") == {
        **told, "before": True,
    }  # fmt: skip
    assert "by system (配准失败)" in text(capsys, "runs", "withdraw", run_id, "--reason", "again")
    assert report(capsys, "leads", "list")["leads"] == []
    assert len(report(capsys, "leads", "list", "--status", "withdrawn")["leads"]) == 2
    assert report(capsys, "runs", "list", "--state", "withdrawn")["runs"][0]["id"] == run_id
    assert report(capsys, "runs", "show", run_id)["withdrawal"]["reason"] == "配准失败"
    assert "配准失败" in text(capsys, "runs", "show", run_id)
    file(store, filed)
    assert report(capsys, "leads", "list")["leads"] == []


def test_cancelling(store: Engine, filed: MadeRun, capsys: Said) -> None:
    job = under_way(store)
    assert report(capsys, "runs", "cancel", job.job_id)["cancel_asked"] is True
    assert "worker" in text(capsys, "runs", "cancel", job.job_id)
    assert report(capsys, "runs", "show", job.job_id)["cancel_asked"] is True
    assert filed


@pytest.mark.parametrize(
    ("code", "command"),
    [
        (2, ("show", "0" * 16)),
        (2, ("withdraw", "0" * 16, "--reason", "x")),
        (2, ("withdraw", "0" * 16)),
        (2, ("withdraw", "0" * 16, "--reason", " ")),
        (2, ("cancel", "0" * 16)),
        (2, ("list", "--state", "x")),
    ],
)
def test_what_cannot_be(store: Engine, code: int, command: tuple[str, ...], capsys: Said) -> None:
    capsys.readouterr()
    assert run(["runs", *command]) == code
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1 and store
