"""Disk guard: a run stops while there is still room to write that it stopped."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from geo.errors import DiskFullError

EVERY_S = 5.0
"""Seconds between looks."""
GB = 1e9
"""Bytes of a GB."""


@dataclass(slots=True)
class DiskGuard:
    """Watches the disks of some folders."""

    folders: Sequence[Path]
    """Folders that are written to; those that do not exist yet count as their parent."""
    least_free_gb: float
    """Room that is kept free on each disk, in GB (1e9 bytes)."""
    _looked: float = field(default=float("-inf"))

    def check(self) -> None:
        """Raise DiskFullError where a disk has less room; looks every few seconds only."""
        if monotonic() - self._looked < EVERY_S:
            return
        self.ask(0.0)
        self._looked = monotonic()

    def ask(self, needed_gb: float) -> None:
        """Raise DiskFullError where a disk could not take `needed_gb` more."""
        for folder in self.folders:
            free = free_gb(folder)
            if free < self.least_free_gb + needed_gb:
                raise DiskFullError(
                    f"{folder}: {free:.2f} GB free on its disk, {needed_gb:.2f} GB are needed and "
                    f"{self.least_free_gb:g} GB kept free (HONGXIAN_KEEP_FREE_GB): make room, "
                    "and it is gone on with"
                )


def free_gb(folder: Path) -> float:
    """Room on the disk of a folder, in GB."""
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    return shutil.disk_usage(there).free / GB
