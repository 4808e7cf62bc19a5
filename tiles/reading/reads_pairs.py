"""Reading windows of a pair: the protocol, and a way to read a small grid only once."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from geo.geobox import GeoBox, Window
from geo.raster import Pair, Raster
from tiles.scene_fit import SceneFit

SMALL_PX = 1 << 20
"""Pixels of a grid that is read whole: 8 MB a band for both dates."""

SMALL_EDGE_PX = 1 << 14
"""A long strip is not small, however narrow: OpenCV takes no edge of 32767 px or more."""


class ReadsPairs(Protocol):
    """Whatever can read a window of both dates onto the common grid."""

    def read(self, window: Window, fit: SceneFit | None = None) -> Pair:
        """Both dates of `window`, the before image corrected by `fit` if one is given."""
        ...


@dataclass(slots=True)
class SmallGrid:
    """Keeps the whole of a small grid as last read, and cuts the windows out of it.

    Files with large or single blocks are otherwise decoded again for every window.
    """

    reader: ReadsPairs
    """Reads the files."""
    grid: GeoBox
    """At most `SMALL_PX` pixels, and edges shorter than `SMALL_EDGE_PX`."""
    _kept: dict[SceneFit | None, Pair] = field(default_factory=dict)

    def read(self, window: Window, fit: SceneFit | None = None) -> Pair:
        """Both dates of a window inside the grid."""
        if fit not in self._kept:
            self._kept.clear()
            whole = Window(0, 0, self.grid.height, self.grid.width)
            self._kept[fit] = self.reader.read(whole, fit)
        whole_pair = self._kept[fit]
        return Pair(*(_cut(date, window) for date in (whole_pair.before, whole_pair.after)))


def read_economically(reader: ReadsPairs, grid: GeoBox) -> ReadsPairs:
    """The reader itself, or one that reads a small grid only once for each fit."""
    small = grid.height * grid.width <= SMALL_PX and max(grid.shape) < SMALL_EDGE_PX
    return SmallGrid(reader, grid) if small else reader


def _cut(raster: Raster, window: Window) -> Raster:
    rows, cols = window.slices
    return Raster(
        raster.geobox.crop(window),
        raster.bands,
        np.ascontiguousarray(raster.pixels[:, rows, cols]),
        np.ascontiguousarray(raster.valid[rows, cols]),
    )


_: type[ReadsPairs] = SmallGrid
