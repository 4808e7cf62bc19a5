import mmap
import multiprocessing
import operator
import os
import resource
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from geo.crs import plane_for
from geo.errors import ChildDiedError, GridError, SceneError, WorkerError
from tiles import limited
from tiles.limited import (
    LimitedPool,
    Limits,
    blaming,
    limited_map,
    limited_pool,
    run_limited,
)

QUICK = Limits(memory_mb=2048, seconds=1.0)
ROOT = Path(__file__).parents[2]


def children(of: int) -> set[int]:
    """Spawned child processes of a process; the resource tracker is none."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if parent == of and b"spawn_main" in (folder / "cmdline").read_bytes():
                found.add(int(folder.name))
        except (OSError, IndexError):
            continue
    return found


def test_results_come_in_order_and_leave_nothing_behind() -> None:
    before = children(os.getpid())
    assert list(limited_map(operator.neg, range(40), 2)) == [-n for n in range(40)]
    assert children(os.getpid()) == before
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(
    ("function", "args", "told"),
    [
        (bytearray, (8 << 30,), "2048 MB"),
        (time.sleep, (60,), "longer than 1 s"),
        (pow, (7, 10**9), "longer than 1 s"),  # holds the interpreter: a plain SIGTERM is not heard
        (os.abort, (), "SIGABRT"),
        (signal.raise_signal, (signal.SIGKILL,), "SIGKILL"),
        (signal.raise_signal, (signal.SIGSEGV,), "SIGSEGV"),
        (os._exit, (3,), "code 3"),
    ],
)
def test_a_child_that_dies_or_overruns_is_a_worker_error(
    function: object, args: tuple[object, ...], told: str, capfd: pytest.CaptureFixture[str]
) -> None:
    before, started = children(os.getpid()), time.monotonic()
    with pytest.raises(WorkerError, match=told) as caught:
        run_limited(function, *args, limits=QUICK)  # type: ignore[arg-type]
    assert time.monotonic() - started < 30
    assert "\n" not in str(caught.value)
    assert children(os.getpid()) == before
    assert capfd.readouterr().err == ""


def test_errors_of_ours_come_back_as_themselves() -> None:
    with pytest.raises(GridError, match="no metric CRS"):
        run_limited(plane_for, 0.0, 89.0)


def test_a_pool_lives_on_after_a_child_died() -> None:
    with limited_pool(1, QUICK) as pool:
        with pytest.raises(WorkerError):
            pool.run(os.abort)
        assert pool.run(operator.neg, 3) == -3


def test_what_cannot_be_taken_up_by_a_child_is_no_hang() -> None:
    with pytest.raises(Exception, match="pickle"):
        run_limited(lambda: 1)


def test_items_are_taken_only_as_needed() -> None:
    taken = []

    def items() -> object:
        for n in range(1000):
            taken.append(n)
            yield n

    with limited_pool(2) as pool:
        first = list(islice(pool.map(operator.neg, items()), 3))  # type: ignore[arg-type]
    assert first == [0, -1, -2]
    assert len(taken) <= 7


def interrupted_at_work() -> None:
    before = children(os.getpid())
    with limited_pool(2, QUICK) as pool:
        pool.run(operator.neg, 1)
        assert children(os.getpid()) - before
        raise KeyboardInterrupt


def test_an_interrupt_ends_all_children() -> None:
    before = children(os.getpid())
    with pytest.raises(KeyboardInterrupt):
        interrupted_at_work()
    assert children(os.getpid()) == before


def test_children_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        textwrap.dedent(
            """
            import time
            from tiles.limited import limited_pool
            if __name__ == "__main__":
                with limited_pool(1) as pool:
                    pool.run(abs, 1)
                    print("up", flush=True)
                    time.sleep(60)
            """
        )
    )
    parent = subprocess.Popen(  # noqa: S603  (our own script)
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert parent.stdout is not None
    with parent.stdout:
        assert parent.stdout.readline() == b"up\n"
        left = children(parent.pid)
        assert left
        parent.kill()
        parent.wait()
    for _ in range(100):
        if not any(Path(f"/proc/{pid}").exists() for pid in left):
            return
        time.sleep(0.1)
    pytest.fail("a child outlived its parent")


def test_the_file_is_to_blame() -> None:
    with pytest.raises(SceneError, match=r"^odd\.tif: .*SIGABRT"), blaming("odd.tif"):
        run_limited(os.abort, limits=QUICK)


def test_limits_must_leave_room() -> None:
    with pytest.raises(WorkerError, match="need more"):
        Limits(seconds=0)


def dies_at_three(n: int) -> int:
    if n == 3:
        signal.raise_signal(signal.SIGKILL)
    if n == 5:
        raise SceneError("five is broken")
    if n == 7:
        raise ZeroDivisionError("seven")
    return -n


def test_one_failing_call_does_not_disturb_the_others() -> None:
    with limited_pool(2, QUICK) as pool:
        found = {outcome.item: outcome for outcome in pool.each(dies_at_three, range(12))}
    assert sorted(found) == list(range(12))
    failed = {n: str(outcome.error) for n, outcome in found.items() if outcome.error}
    assert sorted(failed) == [3, 5, 7]
    assert "SIGKILL" in failed[3]
    assert isinstance(found[5].error, SceneError)
    assert failed[7] == "ZeroDivisionError: seven"
    assert all(found[n].result == -n for n in found if n not in failed)


def test_leaving_each_early_stops_what_is_under_way() -> None:
    started = time.monotonic()
    with limited_pool(2, Limits(seconds=60)) as pool:
        outcomes = pool.each(time.sleep, [0, 50, 50, 50])
        assert next(outcomes).error is None
        outcomes.close()
    assert time.monotonic() - started < 30


def hoards(mb: int) -> int:
    """Touch so much memory, and stay alive until a watcher has looked."""
    kept = np.ones(mb << 20, np.uint8)
    time.sleep(4)
    return int(kept[-1])


def test_touched_memory_can_be_bounded_instead_of_addresses() -> None:
    """A GPU's driver reserves far more addresses than a bound on them could allow."""
    limits = Limits(memory_mb=600, seconds=30, resident=True)
    with limited_pool(1, limits) as pool:
        assert pool.run(reserves, 64 << 10) == 0
        with pytest.raises(WorkerError, match="needs more than 600 MB"):
            pool.run(hoards, 900)
        assert pool.run(operator.neg, 3) == -3


def reserves(mb: int) -> int:
    """Addresses that are never touched."""
    with mmap.mmap(-1, mb << 20, prot=mmap.PROT_READ, flags=mmap.MAP_PRIVATE) as reserved:
        return reserved[0]


def faults_of_large_arrays(times: int) -> int:
    """Page faults of filling a new 64 MB array, over and over."""
    np.ones(64 << 20, np.uint8)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(times):
        np.ones(64 << 20, np.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def test_a_child_keeps_what_it_frees_for_its_next_array() -> None:
    assert run_limited(faults_of_large_arrays, 8) < 8 * 16_384 / 4


def test_a_child_that_dies_while_it_starts_is_replaced() -> None:
    with limited_pool(1, Limits(seconds=20)) as pool:
        assert pool.run(abs, -1) == 1
        for child in children(os.getpid()):
            os.kill(child, signal.SIGKILL)  # idle: its pool is broken by that
        time.sleep(1.0)
        assert run_at_last(pool, abs, -2) == 2
        assert [outcome.result for outcome in pool.each(abs, [-3])] == [3]


def run_at_last(pool: LimitedPool, function: Callable[[int], int], item: int) -> int:
    for _ in range(2):
        with suppress(ChildDiedError):
            return pool.run(function, item)
    return pool.run(function, item)


def test_children_that_stand_still_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited, "STALLED_S", 2.0)
    monkeypatch.setattr(limited, "LOOK_S", 0.2)
    started = time.monotonic()
    with limited_pool(1, Limits(seconds=60)) as pool:
        assert pool.run(abs, -1) == 1
        still = list(pool.each(time.sleep, [50.0, 50.0]))
        assert [type(outcome.error) for outcome in still] == [ChildDiedError] * 2
        assert [outcome.result for outcome in pool.each(abs, [-3])] == [3]
    assert time.monotonic() - started < 40
