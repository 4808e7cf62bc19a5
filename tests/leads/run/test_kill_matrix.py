"""The kill matrix: driver, tile process, worker, store, disk; each resumed to the same leads."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Engine

from geo.errors import StoreError
from leads.domain.job import Job, JobState
from leads.run import journal
from leads.run.detect import detect
from leads.run.detection import Detection
from leads.run.request import Request
from leads.run.runner import Inline, pool
from leads.store.engine import connect, reading
from leads.store.job_tiles import TileState, count_tiles
from tests.leads.conftest import PostgresServer
from tests.leads.run.made_runs import (
    current,
    driven,
    filed,
    lead_count,
    small_request,
    submitted,
)

pytestmark = pytest.mark.slow

CLI = "from api.cli.main import main; main()"
ROOT = Path(__file__).resolve().parents[3]
POINTS = [
    ("leads.run.drive:prepare", 1),  # nothing fixed yet
    ("leads.run.drive:save_record!", 1),  # fixed, not committed
    ("leads.run.journal:keep_tiles", 1),
    ("leads.run.journal:keep_tiles!", 2),  # written, not committed
    ("leads.run.journal:save_progress!", 3),
    ("leads.run.drive:tile_rows", 1),  # all tiles done
    ("leads.run.drive:finish", 1),
    ("leads.run.drive:file_run", 1),
    ("leads.store.file_run:keep_run!", 1),  # in the middle of filing
    ("leads.run.drive:file_run!", 1),  # filed, not committed
    ("leads.run.drive:end!", 1),  # ended, not committed
    ("leads.run.drive:_ended!", 1),
    ("leads.run.worker:ended_under", 1),  # committed: nothing is left to do
]
KILLS = [
    *(("sqlite", *point) for point in POINTS),
    *(("postgres", *point) for point in POINTS if point[0].endswith("!")),
]


@pytest.fixture(scope="module")
def asked(small_ground: Path) -> Request:
    return small_request(small_ground)


@pytest.fixture(scope="module")
def undisturbed(asked: Request) -> Detection:
    return detect(asked, Inline())


def is_whole(store: Engine, found: Detection) -> bool:
    held = filed(store)
    ids = {lead.lead_id for lead in found.leads}
    return {row[0] for row in held} == ids and lead_count(store) == len(ids)


def url_of(store: Engine) -> str:
    return store.url.render_as_string(hide_password=False).replace("+psycopg", "")


def started(*arguments: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", *arguments], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL
    )


@pytest.mark.parametrize(("kind", "point", "nth"), KILLS)
def test_a_driver_killed_there_is_resumed(
    request: pytest.FixtureRequest,
    asked: Request,
    undisturbed: Detection,
    kind: str,
    point: str,
    nth: int,
) -> None:
    store = connect(request.getfixturevalue(f"{kind}_url"))
    job = submitted(store, asked)
    killed = started("tests.leads.run.killed_run", url_of(store), job.job_id, point, str(nth))
    assert killed.wait(120) == -signal.SIGKILL
    left = current(store, job)
    if point == "leads.run.worker:ended_under":
        assert left.state == "done"
    else:
        assert left.state == "leased" and lead_count(store) == 0
        assert driven(store, job).state == "done"
    assert is_whole(store, undisturbed)
    store.dispose()


def test_a_killed_tile_process_loses_nothing(
    store: Engine, asked: Request, undisturbed: Detection
) -> None:
    job = submitted(store, asked)
    with pool(2) as runner:
        runner.run(os.getpid)  # the children have started
        ending = threading.Event()
        killer = threading.Thread(target=kill_children, args=(ending,))
        killer.start()
        ended = driven(store, job, runner)
        ending.set()
        killer.join()
    assert ended.state == "done", ended.error
    assert ended.result is not None and ended.result["set_aside"] == 0
    assert is_whole(store, undisturbed)


def kill_children(ending: threading.Event) -> None:
    """End tile processes of this process, one after another, as the kernel would."""
    for _ in range(2):
        if not ending.wait(0.7):
            for pid in spawned(os.getpid())[:1]:
                os.kill(pid, signal.SIGKILL)


def spawned(parent: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            mine = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1]) == parent
            if mine and b"spawn_main" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except (OSError, IndexError):
            continue
    return sorted(found)


def test_the_command_killed_and_resumed(
    sqlite_url: str, asked: Request, undisturbed: Detection, tmp_path: Path
) -> None:
    store = connect(sqlite_url)
    job = submitted(store, asked)
    environment = {
        **os.environ,
        "HONGXIAN_STORE": sqlite_url,
        "HONGXIAN_DATA": str(tmp_path),
        "HONGXIAN_KEEP_FREE_GB": "0",
    }
    command = [sys.executable, "-c", CLI, "run", "--resume", "--runner", "inline"]
    for wait_s in (1.5, 3.0, 4.5):
        running = subprocess.Popen(command, cwd=ROOT, env=environment)  # noqa: S603
        time.sleep(wait_s)
        running.kill()
        running.wait()
    if current(store, job).state is not JobState.DONE:
        subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=120)  # noqa: S603
    assert current(store, job).state is JobState.DONE
    assert is_whole(store, undisturbed)
    store.dispose()


def test_the_store_away_in_the_middle(
    postgres: PostgresServer,
    postgres_url: str,
    asked: Request,
    undisturbed: Detection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journal, "FLUSH_TILES", 1)
    store = connect(postgres_url)
    job = submitted(store, asked)

    def stop_for_a_while() -> None:
        while not tiles_done(store, job):
            time.sleep(0.01)
        postgres.stop()
        time.sleep(8)
        postgres.start()

    away = threading.Thread(target=stop_for_a_while)
    away.start()
    ended = driven(store, job)
    away.join()
    assert ended.state == "done", ended.error
    assert is_whole(store, undisturbed)
    store.dispose()


def tiles_done(store: Engine, job: Job) -> int:
    with reading(store) as connection:
        return count_tiles(connection, job.job_id).get(TileState.DONE, 0)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few MB, really full when it is full."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    done = mount and subprocess.run(  # noqa: S603
        [mount, "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], check=False
    )
    if not done or done.returncode:
        pytest.skip("a small file system cannot be mounted here: needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S603, S607


def test_a_full_disk_keeps_the_store_whole(
    small_disk: Path, template_file: Path, asked: Request, undisturbed: Detection
) -> None:
    shutil.copy(template_file, small_disk / "store.db")
    store = connect(f"sqlite:///{small_disk / 'store.db'}")
    job = submitted(store, asked)
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass
    with pytest.raises(StoreError, match="full"):
        driven(store, job)
    ballast.unlink()
    assert driven(store, job).state == "done"
    assert is_whole(store, undisturbed)
    store.dispose()
