"""`hongxian run` beside workers, dead ones, cancellations and signals: no pair costs another."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import rasterio
from rasterio.windows import Window
from sqlalchemy import Engine

from api.cli import workplace
from api.cli.main import run
from geo.errors import WorkerError
from leads.domain.job import Job, JobState
from leads.run.jobs import drive
from leads.run.jobs.drive import Driver
from leads.run.jobs.heartbeat import utc_now
from leads.store import jobs
from leads.store.engine import connect, reading, write

Said = pytest.CaptureFixture[str]
HOW = ("--detector", "difference", "--min-area", "200", "--runner", "inline")
EDGE_PX = 128
ELSEWHERE = "another-host:1:1"
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The store of the settings, empty."""
    monkeypatch.setenv("HONGXIAN_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("HONGXIAN_STORE", raising=False)
    assert run(["db", "upgrade"]) == 0
    engine = connect(f"sqlite:///{tmp_path / 'data' / 'hongxian.db'}")
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def grounds(small_ground: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two folders that can be run, quickly."""
    folder = tmp_path_factory.mktemp("grounds")
    for side in ("east", "west"):
        (folder / side).mkdir()
        for name in ("before.tif", "after.tif"):
            corner(small_ground / name, folder / side / name)
    return folder


def corner(source: Path, target: Path) -> None:
    with rasterio.open(source) as image:
        profile = image.profile | {"width": EDGE_PX, "height": EDGE_PX}
        with rasterio.open(target, "w", **profile) as copy:
            copy.write(image.read(window=Window(0, 0, EDGE_PX, EDGE_PX)))
            copy.descriptions = image.descriptions
            copy.update_tags(**image.tags())


@pytest.fixture
def alerts(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Jobs that were told of as failed."""
    told: list[Job] = []
    monkeypatch.setattr(workplace, "alert", told.append)
    return told


def states(said: Said, *arguments: object, code: int = 0) -> list[str]:
    return [one["state"] for one in reported(said, *arguments, code=code)["runs"]]


def reported(said: Said, *arguments: object, code: int = 0) -> dict[str, Any]:
    said.readouterr()
    assert run([*map(str, arguments), "--json"]) == code
    report: dict[str, Any] = json.loads(said.readouterr().out)
    return report


def all_jobs(store: Engine) -> list[Job]:
    with reading(store) as connection:
        return sorted(jobs.list_jobs(connection), key=lambda job: job.created_at)


def does_at(
    monkeypatch: pytest.MonkeyPatch, what: Callable[[], object], *names: str, times: int = 1
) -> None:
    """Let `what` happen where the driver calls that function, at its first calls."""
    for name in names:
        holder = Driver if hasattr(Driver, name) else drive
        real = getattr(holder, name)
        left = iter(range(times))

        def instead(*arguments: Any, real: Any = real, left: Any = left) -> Any:  # noqa: ANN401
            if next(left, None) is not None:
                what()
            return real(*arguments)

        monkeypatch.setattr(holder, name, instead)


def taken_elsewhere(store: Engine, number: int, *, done: bool = False) -> None:
    """A worker of another machine has that job, or has done it."""
    job_id, late = all_jobs(store)[number].job_id, utc_now()
    holder = all_jobs(store)[number].worker
    claim = partial(jobs.claim, worker=ELSEWHERE, now=late, job_id=job_id, take_from=holder)
    held = write(store, claim)
    assert held is not None
    if done:
        result = {"run_id": "0" * 16, "leads": 0, "outcomes": {}, "set_aside": 0}
        write(store, lambda c: jobs.finish(c, held.lease, result, late))


@pytest.mark.parametrize(("done", "state"), [(False, "leased"), (True, "done")])
def test_a_pair_that_a_worker_took_is_told_and_the_others_are_run(
    store: Engine,
    grounds: Path,
    capsys: Said,
    monkeypatch: pytest.MonkeyPatch,
    alerts: list[Job],
    done: bool,  # noqa: FBT001
    state: str,
) -> None:
    does_at(monkeypatch, lambda: taken_elsewhere(store, 1, done=done), "_look")
    assert run(["run", str(grounds), *HOW]) == 0
    said = capsys.readouterr()
    assert [job.state for job in all_jobs(store)] == ["done", state]
    (note,) = (line for line in said.err.splitlines() if line.startswith("note: "))
    assert ELSEWHERE in note and len(said.out.splitlines()) == 2 and alerts == []


def test_a_resume_leaves_what_is_with_a_live_worker(
    store: Engine, grounds: Path, capsys: Said
) -> None:
    assert states(capsys, "run", grounds, *HOW, "--queue") == ["queued", "queued"]
    taken_elsewhere(store, 0)
    assert states(capsys, "run", "--resume", "--runner", "inline") == ["leased", "done"]
    assert states(capsys, "run", grounds, *HOW, "--resume") == ["leased", "done"]


def test_a_pair_that_is_lost_in_the_middle_does_not_end_the_others(
    store: Engine, grounds: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch, alerts: list[Job]
) -> None:
    does_at(monkeypatch, lambda: taken_elsewhere(store, 0), "_look")
    report = reported(capsys, "run", grounds, *HOW, code=1)
    assert [one["state"] for one in report["runs"]] == ["leased", "done"]
    assert "no longer held" in report["runs"][0]["error"]
    assert [job.state for job in all_jobs(store)] == ["leased", "done"] and alerts == []


def test_a_pair_that_fails_is_alerted_and_its_runner_is_gone_with_it(
    store: Engine, grounds: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch, alerts: list[Job]
) -> None:
    runners: list[object] = []
    real = Driver._look

    def looks(driver: Driver, *arguments: Any) -> None:  # noqa: ANN401
        runners.append(driver.runner)
        if len(runners) == 1:
            raise WorkerError("the pool is broken")
        real(driver, *arguments)

    monkeypatch.setattr(Driver, "_look", looks)
    assert states(capsys, "run", grounds, *HOW, code=1) == ["queued", "done"]
    assert runners[0] is not runners[1]
    assert [job.error for job in alerts] == ["the pool is broken"]
    assert [job.state for job in all_jobs(store)] == ["queued", "done"]


@pytest.mark.parametrize(
    ("where", "came"), [("_look", ["queued", "queued"]), ("file_run", ["done", "queued"])]
)
def test_a_signal_leaves_the_rest_and_says_so(
    store: Engine,
    grounds: Path,
    capsys: Said,
    monkeypatch: pytest.MonkeyPatch,
    alerts: list[Job],
    where: str,
    came: list[str],
) -> None:
    def stop() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(0.3)  # it is passed on by a thread

    with monkeypatch.context() as patched:
        does_at(patched, stop, where)
        assert states(capsys, "run", grounds, *HOW, code=1) == came
    assert alerts == [] and [job.attempts for job in all_jobs(store)] == [came[0] == "done", 0]
    left = came.count("queued")
    with monkeypatch.context() as patched:
        does_at(patched, stop, "_look")
        assert run(["run", "--resume", "--runner", "inline"]) == 1
    told = capsys.readouterr().err
    assert f"stopped: {left} of {left} runs are left" in told and "--resume" in told
    assert run(["run", "--resume", "--runner", "inline"]) == 0
    assert [job.state for job in all_jobs(store)] == ["done", "done"]


def test_a_cancelled_run_is_no_failure_and_goes_on_where_it_is_named(
    store: Engine,
    grounds: Path,
    capsys: Said,
    monkeypatch: pytest.MonkeyPatch,
    alerts: list[Job],
) -> None:
    def cancel() -> None:
        assert run(["runs", "cancel", all_jobs(store)[0].job_id]) == 0

    with monkeypatch.context() as patched:
        does_at(patched, cancel, "_look")
        assert run(["run", str(grounds / "east"), *HOW]) == 1
    (cancelled,) = all_jobs(store)
    assert cancelled.state is JobState.CANCELLED and alerts == []
    assert states(capsys, "run", "--resume", "--runner", "inline") == []
    again = reported(capsys, "run", grounds / "east", *HOW, "--resume")
    assert (again["job_id"], again["state"]) == (cancelled.job_id, "done")


def test_a_run_killed_as_often_as_it_may_be_is_gone_on_with(
    store: Engine, grounds: Path, capsys: Said, alerts: list[Job]
) -> None:
    assert run(["run", str(grounds / "east"), *HOW, "--queue"]) == 0
    name = "from leads.run.jobs.heartbeat import worker_name; print(worker_name())"
    dead = subprocess.run(  # noqa: S603
        [sys.executable, "-c", name], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()
    for _ in range(5):
        write(store, lambda c: jobs.claim(c, dead, utc_now(), take_from=dead))
    (killed,) = all_jobs(store)
    assert (killed.state, killed.attempts, killed.max_attempts) == ("leased", 5, 5)
    resumed = reported(capsys, "run", "--resume", "--runner", "inline")
    assert (resumed["job_id"], resumed["state"]) == (killed.job_id, "done") and alerts == []


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (("--plan",), "--plan"),
        (("--queue",), "--queue"),
        (("--shadow",), "--shadow"),
        (("--priority", "5"), "--priority"),
        (("--threshold", "0.4", "--plan"), "--plan, --threshold"),
    ],
)
def test_options_that_a_resume_of_all_could_not_follow_are_refused(
    store: Engine, grounds: Path, capsys: Said, more: tuple[str, ...], named: str
) -> None:
    assert run(["run", str(grounds / "east"), *HOW, "--queue"]) == 0
    capsys.readouterr()
    assert run(["run", "--resume", *more]) == 2
    said = capsys.readouterr()
    assert said.out == "" and all(name in said.err for name in named.split(", "))
    assert [job.state for job in all_jobs(store)] == ["queued"]
