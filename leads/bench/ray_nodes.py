"""A Ray cluster of several nodes on this machine, for measuring and for tests.

Every node is a session of processes of its own, with its own folder, and asks for a token. Nodes
are ended by the ids of their processes; `ray stop` would end those of every cluster here by name.
"""

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from time import monotonic, sleep

from geo.errors import WorkerError

_STORE_BYTES = 80_000_000  # results are small; Ray takes no less than 75 MB
_START_S = 60.0
_ADDRESS = re.compile(r"address='([\w.:\[\]-]+)'")
_STARTED = "Ray runtime started"
_SETTINGS = {
    # Ray makes its workers give way to all else; here they shall show what the processor can do
    "RAY_worker_niceness": "0",
    # a node that is gone counts as dead after 2 s; Ray's own 5 checks every 3 s suit real networks
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "1000",
    "RAY_health_check_failure_threshold": "3",
}


@dataclass(frozen=True, slots=True)
class RayNode:
    """One node: the processes of one session."""

    session: int
    """The session's id, which is that of its first process."""
    starter: "subprocess.Popen[bytes]"
    """That process."""
    log: Path
    """What it printed."""

    def processes(self) -> list[int]:
        """Ids of its processes, Ray's own and those that work."""
        return [pid for pid, stat in _stats() if int(stat[3]) == self.session]

    def kill(self) -> None:
        """End it as a power failure would: SIGKILL to every process at once."""
        while pids := self.processes():
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.starter.poll()
            sleep(0.02)
        self.starter.wait()


@dataclass(slots=True)
class RayCluster:
    """Nodes on this machine; made by `ray_cluster`, which ends them."""

    folder: Path
    """Where they keep what they write."""
    environment: Mapping[str, str]
    """What their processes, and drivers, need in theirs."""
    address: str = ""
    """Where drivers and nodes find the head."""
    nodes: list[RayNode] = field(default_factory=list)
    """The head first."""

    def join(self, cpus: int = 1, gpus: int = 0) -> RayNode:
        """Start one more node; what it has is what Ray is told, whatever this machine has.

        Raises WorkerError when it does not come up.
        """
        name = f"n{len(self.nodes)}"
        role = [f"--address={self.address}"] if self.nodes else ["--head", "--port=0"]
        options = [
            "--block",
            "--disable-usage-stats",
            "--include-log-monitor=false",
            f"--num-cpus={cpus}",
            f"--num-gpus={gpus}",
            f"--object-store-memory={_STORE_BYTES}",
            f"--temp-dir={self.folder / name}",
        ]
        log = self.folder / f"{name}.log"
        command = [str(Path(sys.executable).with_name("ray")), "start", *role, *options]
        with log.open("wb") as out:
            process = subprocess.Popen(  # noqa: S603  (our own installation, no input from outside)
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=self.environment,
                start_new_session=True,
            )
        node = RayNode(process.pid, process, log)
        self.nodes.append(node)
        printed = _wait_until_started(node)
        self.address = self.address or _ADDRESS.findall(printed)[0]
        return node


@contextmanager
def ray_cluster(
    nodes: int = 2, cpus: int = 1, python_path: Path | None = None
) -> Iterator[RayCluster]:
    """A head and further nodes with `cpus` processors each, as far as Ray is told.

    Modules below `python_path` can be imported there. Raises WorkerError when a node does not come
    up.
    """
    # sockets lie below the folder, and their paths may not be longer than 107 bytes
    folder = Path(tempfile.mkdtemp(prefix="ray-"))
    token = folder / "token"
    token.touch(mode=0o600)
    token.write_text(_token(), encoding="ascii")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    if python_path is not None:
        kept["PYTHONPATH"] = str(python_path)
    own = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token), **_SETTINGS}
    cluster = RayCluster(folder, kept | own)
    try:
        for _ in range(nodes):
            cluster.join(cpus)
        yield cluster
    finally:
        for node in reversed(cluster.nodes):
            node.kill()
        shutil.rmtree(folder, ignore_errors=True)


def cpu_seconds(node: RayNode) -> tuple[float, float]:
    """Processor seconds of a node's living processes: Ray's own, and the work's.

    The work is what children of a supervisor do. Processes that ended are in neither.
    """
    stats = {pid: stat for pid, stat in _stats() if int(stat[3]) == node.session}
    ticks = os.sysconf("SC_CLK_TCK")
    ray = work = 0.0
    for stat in stats.values():
        spent = (int(stat[11]) + int(stat[12])) / ticks
        if _is_supervisor(int(stat[1])):
            work += spent
        else:
            ray += spent
    return ray, work


@cache
def _token() -> str:
    """One token per process: ray reads it once and keeps it."""
    return secrets.token_hex(32)


def _is_supervisor(pid: int) -> bool:
    with suppress(OSError):
        return b"ray::Supervisor" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def _stats() -> Iterator[tuple[int, list[str]]]:
    """Every process with the fields of /proc/PID/stat from the state on; zombies are left out."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                fields = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
                if fields[0] not in "ZX":
                    yield int(entry.name), fields


def _wait_until_started(node: RayNode) -> str:
    until = monotonic() + _START_S
    while True:
        printed = node.log.read_text(encoding="utf-8", errors="replace")
        if _STARTED in printed:
            return printed
        if node.starter.poll() is not None or monotonic() > until:
            lines = printed.strip().splitlines() or ["it printed nothing"]
            raise WorkerError(f"a Ray node does not start on this machine: {lines[-1][:300]}")
        sleep(0.1)
