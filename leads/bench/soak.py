"""Memory of driver and tile processes over a run of many gigapixels: it must stay flat.

The pair is one block of ground over and over (`leads.bench.repeated`), so it costs no disk, and
more gigapixels are nothing but more of the same. Not for everyday tests: a gigapixel takes minutes.
"""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from math import ceil, sqrt
from pathlib import Path
from statistics import median
from threading import Event, Thread
from time import process_time
from typing import Any, Self

from leads.bench.mosaic import BLOCK_PX, write_mosaic_pair
from leads.bench.repeated import write_repeated
from leads.run.detect import detect
from leads.run.request import Request
from leads.run.runner import pool
from leads.run.tile import TileResult

EVERY_S = 1.0
"""Seconds between two looks at the memory."""
SHARES = 10
"""The run is told in so many equal parts."""


def soak(gigapixels: float) -> dict[str, Any]:
    """Run the line on a pair of about so many gigapixels and tell the memory part by part.

    `worker_memory_mb` is the largest resident size of a tile process in each tenth of the tiles,
    `driver_memory_mb` that of this process, and `worker_growth` the last third over the middle one.
    """
    times = ceil(sqrt(gigapixels * 1e9) / BLOCK_PX)
    watch = _Watch()

    def watched(results: Iterator[TileResult], count: int) -> Iterator[TileResult]:
        for done, result in enumerate(results):
            watch.part = done * SHARES // count
            yield result

    with tempfile.TemporaryDirectory(prefix="hongxian-soak-") as folder, watch:
        pair = _repeated_pair(Path(folder), times)
        with pool() as runner:
            found = detect(pair, runner, watched)
            processes = runner.processes
    workers, driver = (watch.parts(kind) for kind in ("workers", "driver"))
    return {
        "gigapixels": found.summary.pixels / 1e9,
        "seconds": found.summary.seconds,
        "processes": processes,
        "leads": found.summary.leads,
        "worker_memory_mb": workers,
        "worker_peak_mb": max(workers),
        "worker_growth": median(workers[-3:]) / median(workers[3:6]),
        "driver_memory_mb": driver,
        "driver_cpu_s": process_time(),
    }


def _repeated_pair(folder: Path, times: int) -> Request:
    write_mosaic_pair(folder / "block", BLOCK_PX)
    files = [folder / name for name in ("before.tif", "after.tif")]
    for path in files:
        write_repeated(folder / "block" / path.name, path, (times, times))
    before, after = map(str, files)
    return Request(before, after, date(2023, 3, 18), date(2024, 4, 6))


@dataclass(slots=True)
class _Watch:
    """Looks at the memory of this process and its children now and then, on a thread."""

    part: int = 0
    largest: dict[str, list[float]] = field(
        default_factory=lambda: {kind: [0.0] * SHARES for kind in ("workers", "driver")}
    )
    _over: Event = field(default_factory=Event)
    _thread: Thread | None = None

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._look, name="memory", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def parts(self, kind: str) -> list[float]:
        """The largest sizes in MB, part by part; parts too short to be seen are left out."""
        return [round(size, 1) for size in self.largest[kind] if size]

    def _look(self) -> None:
        while not self._over.wait(EVERY_S):
            own = os.getpid()
            sizes = {
                "driver": resident_mb(own),
                "workers": max(map(resident_mb, children(own)), default=0.0),
            }
            for kind, size in sizes.items():
                parts = self.largest[kind]
                parts[self.part] = max(parts[self.part], size)


def resident_mb(process: int) -> float:
    """Resident memory of a process in MB; 0 when it is gone."""
    try:
        pages = Path(f"/proc/{process}/statm").read_text().split()[1]
    except (OSError, IndexError):
        return 0.0
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def children(process: int) -> list[int]:
    """Processes started by this one."""
    found: list[int] = []
    for task in Path(f"/proc/{process}/task").iterdir():
        try:
            found += map(int, (task / "children").read_text().split())
        except OSError:  # the thread has ended
            continue
    return found
