"""Freed memory is kept for what comes next, instead of going back to the system each time.

A tile asks for the same large arrays again and again. The C library hands each back when it is
freed, and the system clears every page of the next one: at 2,144 px squared a quarter of the
network's time, and much of reading's. It costs some memory, for the pieces do not always fit.
"""

import ctypes
from contextlib import suppress

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGEST_KEPT = 128 << 20  # larger ones leave gaps that nothing fits: 0.2 to 0.4 GB a process
_NEVER = (1 << 31) - 1


def keep_freed_memory() -> None:
    """Let this process keep what it frees, arrays up to 128 MB; nothing where glibc is not."""
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_THRESHOLD, _LARGEST_KEPT)
        mallopt(_TRIM_THRESHOLD, _NEVER)
