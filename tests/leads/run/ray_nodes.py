"""A Ray cluster of two nodes on this machine for tests, and functions to run there.

    pytestmark = [pytest.mark.slow, needs_ray]

    @pytest.fixture(scope="module")
    def cluster() -> Iterator[RayCluster]:
        with two_nodes() as cluster:
            yield cluster

A node says it has one processor. One driver takes all of them: a second one waits.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from geo.errors import SceneError
from leads.bench.ray_nodes import RayCluster, RayNode, ray_cluster

ROOT = Path(__file__).resolve().parents[3]

needs_ray = pytest.mark.skipif(
    find_spec("ray") is None, reason="ray is not installed: pip install -e '.[ray]'"
)


@contextmanager
def two_nodes(cpus: int = 1) -> Iterator[RayCluster]:
    """The cluster, with its token in this process's environment."""
    before = dict(os.environ)
    with ray_cluster(2, cpus, ROOT) as cluster:
        own = {name: cluster.environment[name] for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN_PATH")}
        os.environ.update(own)
        try:
            yield cluster
        finally:
            for name in own:
                os.environ.pop(name)
                if name in before:
                    os.environ[name] = before[name]


def supervisors(node: RayNode) -> list[int]:
    """Ids of the supervisors that live on a node."""
    return [pid for pid in node.processes() if b"ray::Supervisor" in command_of(pid)]


def command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def half(number: int) -> int:
    """Half of an even number; odd ones are refused."""
    if number % 2:
        raise SceneError(f"{number}: odd")
    return number // 2


def end_if_odd(number: int) -> int:
    """The number; the process ends itself, as a decoder that crashes does, where it is odd."""
    if number % 2:
        os._exit(7)
    return number


def take(megabytes: int) -> int:
    """Take so much memory."""
    return len(bytearray(megabytes << 20))


def surroundings(_: None) -> tuple[str | None, bool, list[str]]:
    """Threads a library may start here, whether ray was loaded, and the GPUs that are shown."""
    shown = os.environ.get("CUDA_VISIBLE_DEVICES", "").split()
    return os.environ.get("OMP_NUM_THREADS"), "ray" in sys.modules, shown


def shown_gpus(seconds: float) -> str:
    """The GPUs a library would find here, after a while."""
    time.sleep(seconds)
    return os.environ.get("CUDA_VISIBLE_DEVICES", "")
