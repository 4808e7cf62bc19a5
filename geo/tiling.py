"""Cut a grid into tiles: cores that cover each pixel once, halos that overlap."""

from collections.abc import Iterator
from dataclasses import dataclass

from geo.errors import GridError
from geo.geobox import Window


@dataclass(frozen=True, slots=True)
class Tile:
    """One piece of work: the core is answered for, the halo is only looked at."""

    index: int
    """Position in row-major order."""
    core: Window
    """Pixels this tile answers for; the cores of a grid cover each pixel once."""
    padded: Window
    """Core and halo; may reach over the grid, where nothing is observed."""

    @property
    def core_in_padded(self) -> Window:
        """The core, counted from the padded window's origin."""
        return self.core.relative_to(self.padded)


def tiles_of(shape: tuple[int, int], size: int, halo: int, multiple: int = 1) -> Iterator[Tile]:
    """Yield the tiles of a grid of `shape` (rows, columns) in row-major order.

    `size` is the core's edge and `halo` the margin, in pixels. Both are multiples of `multiple`, so
    that every padded origin is one too: a network that pools by `multiple` then sees the same
    phase in every tile. Padded windows all have the same size; edge tiles reach over the grid.
    """
    if size < 1 or size % multiple or halo < 0 or halo % multiple:
        raise GridError(f"tile size {size} and halo {halo} must be multiples of {multiple}")
    rows, cols = shape
    index = 0
    for row in range(0, rows, size):
        for col in range(0, cols, size):
            core = Window(row, col, min(size, rows - row), min(size, cols - col))
            yield Tile(index, core, Window(row, col, size, size).pad(halo))
            index += 1
