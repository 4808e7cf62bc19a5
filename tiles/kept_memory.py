"""Freed memory is kept for what comes next, instead of going back to the system each time.

A tile asks for the same large arrays again and again. The C library hands each back when it is
freed, and the system clears every page of the next one: at 2,144 px squared a quarter of the
network's time, and much of reading's. It costs some memory, for the pieces do not always fit.
"""

import ctypes
import os
from contextlib import suppress
from pathlib import Path

MOST_KEPT_MB = 1800
"""A process that holds more gives back what it does not use: gaps add up over many tiles."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGEST_KEPT = 128 << 20  # larger ones leave gaps that nothing fits: 0.2 to 0.4 GB a process
_NEVER = (1 << 31) - 1


def keep_freed_memory() -> None:
    """Let this process keep what it frees, arrays up to 128 MB; nothing where glibc is not."""
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_THRESHOLD, _LARGEST_KEPT)
        mallopt(_TRIM_THRESHOLD, _NEVER)
        mallopt(_ARENA_MAX, 1)  # what one thread frees is there for the others


def give_back_gaps(above_mb: float = MOST_KEPT_MB) -> None:
    """Hand unused memory back to the system where this process holds more than `above_mb`."""
    with suppress(OSError, AttributeError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        if pages * os.sysconf("SC_PAGE_SIZE") > above_mb * (1 << 20):
            ctypes.CDLL(None).malloc_trim(0)
