"""Mosaic: frames with known poses become one image of the ground, block by block."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor
from pathlib import Path
from typing import Protocol, TypeVar

import cv2
import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.windows import Window as RasterWindow
from shapely import STRtree
from shapely.geometry import Polygon

from geo.geobox import GeoBox, Window
from tiles.drone.quick_look.frames import Frame
from tiles.drone.quick_look.piece import BLOCK_PX, Cut, View, cut, piece_file
from tiles.drone.quick_look.poses import Poses, footprint, images_of_ground, lenses
from tiles.files.new_cog import new_cog

MOST_PX = 1_500_000_000
"""Pixels of the whole grid; where there would be more, they are larger."""
BANDS = ("red", "green", "blue")
"""Of the mosaic, uint8; 0 is ground that no frame shows."""

Item = TypeVar("Item")
Result = TypeVar("Result")
Matrix = NDArray[np.float64]


class Runs(Protocol):
    """Runs functions of picklable values in child processes."""

    def run(self, function: Callable[..., Result], *args: object) -> Result:
        """One call."""
        ...

    def map(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterable[Result]:
        """One call per item; results in the order of the items."""
        ...


@dataclass(frozen=True, slots=True)
class Layout:
    """Which frame lies where on the mosaic."""

    grid: GeoBox
    """Grid of the mosaic."""
    views: tuple[View, ...]
    """Cameras, a frame each."""
    windows: tuple[Window, ...]
    """Pixels that each frame may show."""


def lay_out(frames: Sequence[Frame], poses: Poses, plane: CRS, gsd_m: float) -> Layout:
    """Where the frames lie on a grid of pixels of `gsd_m`, larger ones if there were too many."""
    images = images_of_ground(lenses(frames), poses)
    prints = [footprint(image, f.size) for image, f in zip(images, frames, strict=True)]
    corners = np.concatenate(prints)
    (west, south), (east, north) = corners.min(axis=0), corners.max(axis=0)
    gsd_m = max(gsd_m, float(np.sqrt((east - west) * (north - south) / MOST_PX)))
    left, top = floor(west / gsd_m) * gsd_m, ceil(north / gsd_m) * gsd_m
    size = ceil((top - south) / gsd_m), ceil((east - left) / gsd_m)
    grid = GeoBox(plane, Affine(gsd_m, 0, left, 0, -gsd_m, top), *size)
    windows = []
    for print_ in prints:
        low, high = print_.min(axis=0), print_.max(axis=0)
        windows.append(grid.covering((low[0], low[1], high[0], high[1])))
    views = tuple(
        View(image, frame.size, (float(foot[0]), float(foot[1]), float(foot[2])))
        for image, frame, foot in zip(images, frames, poses.centres, strict=True)
    )
    return Layout(grid, views, tuple(windows))


def write_mosaic(
    target: Path,
    frames: Sequence[Frame],
    layout: Layout,
    gains: Matrix,
    folder: Path,
    tags: Mapping[str, str],
    runner: Runs,
    check: Callable[[], None],
) -> None:
    """Write the mosaic as a COG, whole or not at all, with `tags`; `gains` are (n, 3).

    Pieces of frames are kept in `folder` until then. Raises SceneError, DiskFullError, WorkerError
    and what `check` raises.
    """
    folder.mkdir(parents=True, exist_ok=True)
    given: dict[tuple[int, int], list[int]] = {}
    for number, blocks in enumerate(runner.map(cut, _cuts(frames, layout, gains, folder))):
        check()
        for block in blocks:
            given.setdefault(block, []).append(number)
    order = sorted(given)
    tasks = [_Block(block, tuple(given[block]), str(folder), layout.grid.shape) for block in order]
    with new_cog(target, layout.grid, BANDS, "uint8", nodata=0) as image:
        image.update_tags(**tags)
        for block, pixels in zip(order, runner.map(_put_together, tasks), strict=True):
            check()
            row, column = block[0] * BLOCK_PX, block[1] * BLOCK_PX
            image.write(pixels, window=RasterWindow(column, row, *pixels.shape[:0:-1]))


def _cuts(frames: Sequence[Frame], layout: Layout, gains: Matrix, folder: Path) -> list[Cut]:
    prints = [Polygon(footprint(view.image, view.size)) for view in layout.views]
    tree = STRtree(prints)
    cuts = []
    for number, (frame, view) in enumerate(zip(frames, layout.views, strict=True)):
        near = sorted(int(k) for k in tree.query(prints[number], "intersects") if k != number)
        others = tuple(layout.views[k] for k in near)
        red, green, blue = (float(value) for value in gains[number])
        window = layout.windows[number]
        gain = (red, green, blue)
        cuts.append(Cut(number, frame, view, others, layout.grid, window, gain, str(folder)))
    return cuts


@dataclass(frozen=True, slots=True)
class _Block:
    """A block to be put together."""

    block: tuple[int, int]
    numbers: tuple[int, ...]
    folder: str
    shape: tuple[int, int]


def _put_together(task: _Block) -> NDArray[np.uint8]:
    """(3, rows, columns) of a block: the weighted mean of its pieces; in a child process."""
    row, column = task.block[0] * BLOCK_PX, task.block[1] * BLOCK_PX
    height, width = min(BLOCK_PX, task.shape[0] - row), min(BLOCK_PX, task.shape[1] - column)
    total = np.zeros((height, width, 3), np.float32)
    counted = np.zeros((height, width, 1), np.float32)
    for number in task.numbers:
        packed = np.fromfile(piece_file(Path(task.folder), task.block, number), np.uint8)
        piece = np.asarray(cv2.imdecode(packed, cv2.IMREAD_UNCHANGED), np.float32)
        rows, columns = piece.shape[:2]
        weight = piece[..., 3:]
        total[:rows, :columns] += piece[..., 2::-1] * weight
        counted[:rows, :columns] += weight
    mean = np.rint(total / np.maximum(counted, 1.0)).clip(1, 255)
    shown: NDArray[np.uint8] = np.where(counted > 0, mean, 0).astype(np.uint8)
    return np.ascontiguousarray(shown.transpose(2, 0, 1))
