"""Freed memory is kept, but not without bound."""

import subprocess
import sys

CHILD = """
import numpy as np
from pathlib import Path
from tiles.kept_memory import give_back_gaps, keep_freed_memory

def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 >> 20

keep_freed_memory()
pieces = [np.ones(1 << 22) for _ in range(12)]  # 12 x 32 MB
last = np.ones(1 << 10)
held = resident_mb()
pieces.clear()
kept = resident_mb()
give_back_gaps(above_mb=10_000)
still = resident_mb()
give_back_gaps(above_mb=100)
print(held, kept, still, resident_mb())
"""


def test_gaps_go_back_only_above_the_bound() -> None:
    told = subprocess.run(  # noqa: S603 (our own text)
        [sys.executable, "-c", CHILD], check=True, capture_output=True, text=True
    )
    held, kept, still, left = map(int, told.stdout.split())
    assert held > 384
    assert kept > 0.9 * held and still > 0.9 * held
    assert left < held - 300
