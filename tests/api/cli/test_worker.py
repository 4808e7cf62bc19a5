"""`hongxian worker` carries out what `hongxian run --queue` left to it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.cli.main import run

Said = pytest.CaptureFixture[str]
HOW = ("--detector", "difference", "--min-area", "200")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("HONGXIAN_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("HONGXIAN_STORE", raising=False)
    assert run(["db", "upgrade"]) == 0
    return tmp_path


def queued(said: Said, ground: Path, *more: str) -> str:
    said.readouterr()
    assert run(["run", str(ground), *HOW, *more, "--queue", "--runner", "inline", "--json"]) == 0
    told = json.loads(said.readouterr().out)
    assert told["state"] == "queued"
    return str(told["job_id"])


def test_a_queued_run_is_done_by_a_worker(home: Path, small_ground: Path, capfd: Said) -> None:
    del home
    job_id = queued(capfd, small_ground)
    assert run(["worker", "--once", "--runner", "inline", "--kind", "run"]) == 0
    out, err = capfd.readouterr()
    (line,) = err.splitlines()
    assert out == "" and f"job {job_id} (run), " in line and line.endswith(": done")
    assert run(["leads", "list", "--json"]) == 0
    assert len(json.loads(capfd.readouterr().out)["leads"]) > 10
    assert run(["worker", "--once", "--runner", "inline"]) == 0
    assert capfd.readouterr() == ("", "")


def test_imagery_that_is_gone_fails_the_job_not_the_worker(
    home: Path, small_ground: Path, capfd: Said
) -> None:
    ground = home / "moved"
    ground.mkdir()
    for name in ("before.tif", "after.tif"):
        (ground / name).hardlink_to(small_ground / name)
    job_id = queued(capfd, ground)
    (ground / "before.tif").unlink()
    assert run(["worker", "--once", "--runner", "inline"]) == 0
    (line,) = capfd.readouterr().err.splitlines()
    assert f"job {job_id} (run)" in line and " s: failed: " in line and "before.tif" in line


def test_a_cluster_that_cannot_be_reached_leaves_the_queue_alone(
    home: Path, small_ground: Path, capfd: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    del home
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    queued(capfd, small_ground)
    assert run(["worker", "--once", "--runner", "ray", "--ray", "127.0.0.1:1"]) == 2
    assert run(["worker", "--once", "--runner", "inline"]) == 0
    assert capfd.readouterr().err.splitlines()[-1].endswith(": done")
