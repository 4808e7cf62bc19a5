"""The kill matrix: driver, tile process, worker, store, disk; each resumed to the same leads."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from geo.errors import StoreError
from leads.domain.job import Job, JobState
from leads.run.detect import detect
from leads.run.detection import Detection
from leads.run.jobs import journal
from leads.run.request import Request
from leads.run.runner import Inline, pool
from leads.store.engine import connect, reading
from leads.store.job_tiles import TileState, count_tiles
from tests.leads.conftest import PostgresServer
from tests.leads.run.jobs.made_runs import (
    Striking,
    current,
    driven,
    filed,
    lead_count,
    small_request,
    submitted,
)

pytestmark = pytest.mark.slow

MANY = 400
"""Tiles of `many_tiles`."""
AWAY_S = 61.0
CLI = "from api.cli.main import main; main()"
ROOT = Path(__file__).resolve().parents[4]
POINTS = [
    ("leads.run.jobs.drive:prepare", 1),  # nothing fixed yet
    ("leads.run.jobs.drive:save_record!", 1),  # fixed, not committed
    ("leads.run.jobs.journal:keep_tiles", 1),
    ("leads.run.jobs.journal:keep_tiles!", 2),  # written, not committed
    ("leads.run.jobs.journal:save_progress!", 3),
    ("leads.run.jobs.drive:tile_rows", 1),  # all tiles done
    ("leads.run.jobs.drive:finish", 1),
    ("leads.run.jobs.drive:file_run", 1),
    ("leads.store.file_run:keep_run!", 1),  # in the middle of filing
    ("leads.run.jobs.drive:file_run!", 1),  # filed, not committed
    ("leads.run.jobs.drive:end!", 1),  # ended, not committed
    ("leads.run.jobs.drive:_ended!", 1),
    ("leads.run.jobs.worker:ended_under", 1),  # committed: nothing is left to do
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


@pytest.fixture(scope="module")
def many_tiles(asked: Request) -> Request:
    """So many that they are written to the store in several parts, as those of a large run are."""
    return replace(asked, tile_px=16)


@pytest.fixture(scope="module")
def many_undisturbed(many_tiles: Request) -> Detection:
    return detect(many_tiles, Inline())


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
    killed = started("tests.leads.run.jobs.killed_run", url_of(store), job.job_id, point, str(nth))
    assert killed.wait(120) == -signal.SIGKILL
    left = current(store, job)
    if point == "leads.run.jobs.worker:ended_under":
        assert left.state == "done"
    else:
        assert left.state == "leased" and lead_count(store) == 0
        assert driven(store, job).state == "done"
    assert is_whole(store, undisturbed)
    store.dispose()


def test_a_killed_tile_process_loses_nothing(
    store: Engine, many_tiles: Request, many_undisturbed: Detection
) -> None:
    job = submitted(store, many_tiles)
    struck: list[int] = []

    def kill_one() -> None:
        """End a tile process of this process, as the kernel would."""
        struck.append(spawned(os.getpid())[0])
        os.kill(struck[-1], signal.SIGKILL)

    with pool(2) as children:
        ended = driven(store, job, Striking(children, {3: kill_one, 12: kill_one}))
    assert len(set(struck)) == 2  # at work or between two batches: no matter
    assert ended.state == "done", ended.error
    assert ended.result is not None and ended.result["set_aside"] == 0
    assert is_whole(store, many_undisturbed)


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


RUN = ("run", "--resume")
WORKER = ("worker", "--once")


@contextmanager
def command(store: Engine, folder: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A real `hongxian run` or `hongxian worker` with two tile processes."""
    environment = {
        **os.environ,
        "HONGXIAN_STORE": url_of(store),
        "HONGXIAN_DATA": str(folder),
        "HONGXIAN_KEEP_FREE_GB": "0",
    }
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", CLI, *arguments, "--runner", "pool", "--processes", "2"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for_tiles(store: Engine, job: Job, process: subprocess.Popen[bytes]) -> int:
    """Wait until tiles are in the store; how many. The process is in the middle of its work."""
    until = time.monotonic() + 120
    while not (done := tiles_done(store, job)):
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.005)
    return done


def tiles_done(store: Engine, job: Job) -> int:
    with reading(store) as connection:
        return count_tiles(connection, job.job_id).get(TileState.DONE, 0)


@pytest.mark.parametrize(("killed", "other"), [(RUN, WORKER), (WORKER, RUN)], ids=["run", "worker"])
def test_a_command_killed_in_its_tiles_is_succeeded_by_the_other(
    store: Engine,
    many_tiles: Request,
    many_undisturbed: Detection,
    tmp_path: Path,
    killed: tuple[str, ...],
    other: tuple[str, ...],
) -> None:
    job = submitted(store, many_tiles)
    with command(store, tmp_path, *killed) as process:
        wait_for_tiles(store, job, process)
        process.kill()
        assert process.wait(60) == -signal.SIGKILL
    left = current(store, job)
    assert left.state is JobState.LEASED and lead_count(store) == 0
    assert left.progress is not None and left.progress["tiles"] == MANY
    assert 0 < tiles_done(store, job) < MANY
    with command(store, tmp_path, *other) as process:
        assert process.wait(200) == 0
    ended = current(store, job)
    assert ended.state is JobState.DONE and ended.fence > left.fence
    assert is_whole(store, many_undisturbed)


@pytest.mark.parametrize("struck", [RUN, WORKER], ids=["run", "worker"])
def test_a_command_whose_tile_process_is_killed_goes_on(
    sqlite_url: str,
    many_tiles: Request,
    many_undisturbed: Detection,
    tmp_path: Path,
    struck: tuple[str, ...],
) -> None:
    store = connect(sqlite_url)
    job = submitted(store, many_tiles)
    with command(store, tmp_path, *struck) as process:
        done = wait_for_tiles(store, job, process)
        victim = spawned(process.pid)[0]  # at work or between two batches: no matter
        os.kill(victim, signal.SIGKILL)
        assert done < MANY
        assert process.wait(200) == 0
    ended = current(store, job)
    assert ended.state is JobState.DONE
    assert ended.attempts == 1, "the command itself went on"
    assert is_whole(store, many_undisturbed)
    store.dispose()


def test_the_store_away_for_a_minute_in_the_middle(
    postgres: PostgresServer,
    postgres_url: str,
    asked: Request,
    undisturbed: Detection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journal, "FLUSH_TILES", 1)
    store = connect(postgres_url)
    job = submitted(store, asked)
    away: list[tuple[int, float]] = []

    def come_back() -> None:
        time.sleep(AWAY_S)
        postgres.start()

    with ThreadPoolExecutor(1) as later:

        def go_away() -> None:
            away.append((tiles_done(store, job), time.monotonic()))
            postgres.stop()
            later.submit(come_back)

        ended = driven(store, job, Striking(Inline(), {2: go_away}))
    ((done, since),) = away
    assert ended.progress is not None and 0 < done < ended.progress["tiles"]
    assert time.monotonic() - since > AWAY_S
    assert ended.state == "done", ended.error
    assert is_whole(store, undisturbed)
    store.dispose()


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
