"""A Ray cluster of real nodes as a runner: the same results, whatever is killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.errors import ChildDiedError, HongxianError, InputError, WorkerError
from leads.bench.ray_nodes import RayCluster
from leads.run.detect import detect
from leads.run.on_ray.pool import RayPool, ray_pool
from leads.run.request import Request
from leads.run.runner import Inline
from tests.leads.run.ray_nodes import (
    ROOT,
    end_if_odd,
    half,
    needs_ray,
    supervisors,
    surroundings,
    take,
    two_nodes,
)
from tiles.limited import Limits, Outcome

on_nodes = [pytest.mark.slow, needs_ray]
"""For what needs the cluster."""

DRIVER = """
import sys, time
from leads.run.on_ray.pool import ray_pool
with ray_pool(sys.argv[1]) as pool:
    for outcome in pool.each(time.sleep, [float(second) for second in sys.argv[2:]]):
        print(outcome.error, flush=True)
"""

GPU_DRIVER = """
import sys
from leads.run.on_ray.pool import ray_pool
from tests.leads.run.ray_nodes import shown_gpus
with ray_pool(sys.argv[1]) as pool:
    print(pool.processes, sorted({outcome.result for outcome in pool.each(shown_gpus, [0.5] * 8)}))
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    with two_nodes() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def pool(cluster: RayCluster) -> Iterator[RayPool]:
    def ours(*_: object) -> None: ...

    before = signal.signal(signal.SIGTERM, ours)
    try:
        with ray_pool(cluster.address, limits=Limits(memory_mb=2048, seconds=15)) as pool:
            assert signal.getsignal(signal.SIGTERM) is ours
            yield pool
        assert signal.getsignal(signal.SIGTERM) is ours
    finally:
        signal.signal(signal.SIGTERM, before)


def told(outcomes: Iterator[Outcome[int, int]]) -> list[tuple[int, int | None, str]]:
    return sorted((o.item, o.result, f"{o.error!r}") for o in outcomes)


def test_without_a_token_nothing_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(InputError, match="no token"), ray_pool("192.0.2.1:6379"):
        pass
    monkeypatch.setenv("RAY_AUTH_TOKEN", "0" * 64)
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    with pytest.raises(InputError, match="RAY_AUTH_MODE is 'disabled'"), ray_pool(None):
        pass


class TestOtherDrivers:
    """Before this process is a driver itself: there is room for one."""

    pytestmark = on_nodes

    def test_a_wrong_token_is_refused(self, cluster: RayCluster) -> None:
        environment = {**os.environ, "RAY_AUTH_TOKEN": "0" * 64}
        environment.pop("RAY_AUTH_TOKEN_PATH")
        done = subprocess.run(  # noqa: S603  (our own interpreter)
            [sys.executable, "-c", DRIVER, cluster.address, "0"],
            cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "refuses the token" in done.stderr.splitlines()[-1]

    def test_nothing_outlives_a_driver_that_is_killed(self, cluster: RayCluster) -> None:
        driver = subprocess.Popen(  # noqa: S603  (our own interpreter)
            [sys.executable, "-c", DRIVER, cluster.address, "0", "18", "18", "18"],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert driver.stdout is not None
        assert driver.stdout.readline() == "None\n"
        its = {pid for node in cluster.nodes for pid in supervisors(node)}
        children = {pid for node in cluster.nodes for pid in node.processes() if parent(pid) in its}
        assert its and children
        driver.kill()
        driver.wait()
        driver.stdout.close()
        until = time.monotonic() + 15
        while time.monotonic() < until and any(alive(pid) for pid in its | children):
            time.sleep(0.2)
        assert [pid for pid in its | children if alive(pid)] == []

    def test_with_gpus_each_process_sees_one_and_other_nodes_rest(
        self, cluster: RayCluster
    ) -> None:
        node = cluster.join(cpus=2, gpus=2)
        done = subprocess.run(  # noqa: S603  (our own interpreter)
            [sys.executable, "-c", GPU_DRIVER, cluster.address],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        node.kill()
        assert (done.stdout, done.stderr) == ("2 ['0', '1']\n", "")


class TestOnNodes:
    pytestmark = on_nodes

    def test_each_node_takes_part(self, pool: RayPool) -> None:
        assert pool.processes == 2

    @settings(max_examples=15)
    @given(st.lists(st.integers(-100, 100), max_size=30, unique=True))
    def test_the_same_outcomes_as_inline(self, pool: RayPool, numbers: list[int]) -> None:
        assert told(pool.each(half, numbers)) == told(Inline().each(half, numbers))
        even = [2 * number for number in numbers]
        assert list(pool.map(half, even)) == list(Inline().map(half, even))

    def test_the_same_leads_as_inline(self, pool: RayPool, small_ground: Path) -> None:
        before, after = (str(small_ground / f"{name}.tif") for name in ("before", "after"))
        layers = (small_ground / "layers.gpkg",)
        request = Request(before=before, after=after, layers=layers, tile_px=128)
        here, there = detect(request, Inline()), detect(request, pool)
        assert there.record.run_id == here.record.run_id
        assert there.leads == here.leads and here.leads

    def test_the_first_error_ends_a_map(self, pool: RayPool) -> None:
        results = pool.map(half, [2, 4, 5, 6])
        assert (next(results), next(results)) == (1, 2)
        with pytest.raises(HongxianError, match="5: odd"):
            next(results)
        with pytest.raises(WorkerError, match="TypeError"):
            pool.run(half, "no number")

    def test_a_child_that_dies_is_one_error(self, pool: RayPool) -> None:
        outcomes = told(pool.each(end_if_odd, range(6)))
        died = repr(ChildDiedError("a child process ended by itself with code 7"))
        assert outcomes == [(n, None, died) if n % 2 else (n, n, "None") for n in range(6)]

    def test_the_limits_hold_there(self, pool: RayPool) -> None:
        assert pool.run(take, 100) == 100 << 20
        with pytest.raises(WorkerError, match="more than 2048 MB"):
            pool.run(take, 4000)
        with pytest.raises(WorkerError, match="longer than 15 s"):
            pool.run(time.sleep, 60)

    def test_children_have_one_thread_and_no_ray(self, pool: RayPool) -> None:
        assert pool.run(surroundings, None) == ("1", False, [])

    def test_the_number_under_way_is_bounded(self, pool: RayPool) -> None:
        taken = 0

        def items() -> Iterator[int]:
            nonlocal taken
            for taken in range(1, 101):
                yield 2 * taken

        for ended, _ in enumerate(pool.each(half, items())):
            assert taken - ended <= 2 * pool.processes
        taken = 0
        for ended, _ in enumerate(pool.map(half, items())):
            assert taken - ended <= 2 * pool.processes

    def test_closing_stops_what_is_under_way(self, pool: RayPool) -> None:
        outcomes = pool.each(time.sleep, [0.0, 9, 9, 9, 9, 9])
        next(outcomes)
        before = time.monotonic()
        outcomes.close()  # type: ignore[attr-defined]  (a generator)
        assert pool.run(half, 4) == 2
        assert time.monotonic() - before < 8

    def test_a_node_killed_and_one_joining_lose_and_double_nothing(
        self, cluster: RayCluster, pool: RayPool
    ) -> None:
        doomed = cluster.join()
        numbers = list(range(0, 400, 2))
        seen: list[int] = []
        for outcome in pool.each(slowly_half, numbers):
            assert outcome.error is None and outcome.result == outcome.item // 2
            seen.append(outcome.item)
            if pool.processes == 3 and doomed.processes():
                doomed.kill()
        assert doomed.processes() == [] and sorted(seen) == numbers

    def test_a_supervisor_killed_again_and_again_is_replaced(
        self, cluster: RayCluster, pool: RayPool
    ) -> None:
        ended = threading.Event()

        def kill_one() -> None:
            while not ended.wait(2.0):
                for pid in supervisors(cluster.nodes[1])[:1]:
                    os.kill(pid, signal.SIGKILL)

        killer = threading.Thread(target=kill_one)
        killer.start()
        try:
            outcomes = list(pool.each(slowly_half, range(0, 200, 2)))
        finally:
            ended.set()
            killer.join()
        assert sorted(outcome.item for outcome in outcomes) == list(range(0, 200, 2))


def slowly_half(number: int) -> int:
    """Half of it, after a tenth of a second."""
    time.sleep(0.1)
    return half(number)


def alive(pid: int) -> bool:
    return parent(pid) != 0


def parent(pid: int) -> int:
    """The parent's id; 0 where the process is gone."""
    try:
        state, its = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return 0
    return 0 if state in "ZX" else int(its)
