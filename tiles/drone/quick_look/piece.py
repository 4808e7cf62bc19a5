"""Piece: what one frame gives to the mosaic, block by block, with how much each pixel counts.

Each place takes the frame that looks at it most steeply; where two are about as steep they are
mixed. Frames are held against each other on a coarse grid of poses only: a frame is decoded once.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from affine import Affine
from numpy.typing import NDArray

from geo.geobox import GeoBox, Window
from tiles.drone.quick_look.features import read_rgb
from tiles.drone.quick_look.frames import Frame

BLOCK_PX = 1024
"""The mosaic is put together in blocks of this edge."""
MIXED = 0.04
"""Frames are mixed where their ground distances from below the camera, per metre of height, differ
by less."""
RIM = 0.02
"""Part of a frame along its edges that is used only where no other frame shows the ground."""
COARSE_PX = 16
"""Frames are held against each other at every so many pixels."""
_NEVER = 1e9  # cost of a frame that does not show the ground

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class View:
    """A camera over the grid of the mosaic."""

    image: Matrix
    """(3, 3) from ground (plane metres) to pixels."""
    size: tuple[int, int]
    """Width and height in pixels."""
    foot: tuple[float, float, float]
    """East, north and height of the camera."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One frame to be cut into pieces."""

    number: int
    """Number of the frame."""
    frame: Frame
    """The frame."""
    view: View
    """Its camera."""
    others: tuple[View, ...]
    """Cameras that may show the same ground."""
    grid: GeoBox
    """Grid of the mosaic."""
    window: Window
    """Pixels of the grid that the frame may show."""
    gains: tuple[float, float, float]
    """What its red, green and blue are multiplied with."""
    folder: str
    """Where pieces are kept."""


def piece_file(folder: Path, block: tuple[int, int], number: int) -> Path:
    """Where the piece of a frame for a block (row, column) is kept."""
    return folder / f"{block[0]}-{block[1]}-{number}.png"


def cut(task: Cut) -> list[tuple[int, int]]:
    """Write the pieces of one frame: PNG of blue, green, red and weight; in a child process.

    Returns the blocks, row and column, to which it gives something. Pieces start at the upper left
    corner of their block. Raises SceneError where the frame cannot be decoded.
    """
    cv2.setNumThreads(1)
    box = task.grid.crop(task.window)
    weight = _weights(task, box)
    if not weight.any():
        return []
    rows, columns = np.flatnonzero(weight.any(axis=1)), np.flatnonzero(weight.any(axis=0))
    top, left = int(rows[0]), int(columns[0])
    inner = Window(
        task.window.row + top,
        task.window.col + left,
        int(rows[-1]) - top + 1,
        int(columns[-1]) - left + 1,
    )
    weight = weight[top : top + inner.height, left : left + inner.width]
    pixels = _laid(task, task.grid.crop(inner))
    valid = pixels[..., 3] > 0
    pixels[..., 3] = np.where(valid, np.maximum(weight, 0), 0)
    return [block for block in _blocks(inner) if _keep(task, pixels, inner, block)]


def _blocks(window: Window) -> list[tuple[int, int]]:
    last = window.row + window.height - 1, window.col + window.width - 1
    return [
        (row, column)
        for row in range(window.row // BLOCK_PX, last[0] // BLOCK_PX + 1)
        for column in range(window.col // BLOCK_PX, last[1] // BLOCK_PX + 1)
    ]


def _keep(task: Cut, pixels: NDArray[np.uint8], window: Window, block: tuple[int, int]) -> bool:
    top, left = block[0] * BLOCK_PX, block[1] * BLOCK_PX
    rows = slice(max(window.row, top), min(window.row + window.height, top + BLOCK_PX))
    columns = slice(max(window.col, left), min(window.col + window.width, left + BLOCK_PX))
    part = pixels[
        rows.start - window.row : rows.stop - window.row,
        columns.start - window.col : columns.stop - window.col,
    ]
    if not part[..., 3].any():
        return False
    piece = np.zeros((rows.stop - top, columns.stop - left, 4), np.uint8)
    piece[rows.start - top :, columns.start - left :] = part
    target = piece_file(Path(task.folder), block, task.number)
    _, packed = cv2.imencode(".png", piece, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    draft = target.with_suffix(".draft")
    draft.write_bytes(packed.tobytes())
    draft.replace(target)
    return True


def _laid(task: Cut, grid: GeoBox) -> NDArray[np.uint8]:
    """The frame on a grid: blue, green, red, and 255 where it shows the ground."""
    ground = np.array(grid.transform).reshape(3, 3)
    image = task.view.image @ ground
    middle = image @ np.array([grid.width / 2, grid.height / 2, 1.0])
    beside = image @ np.array([grid.width / 2 + 1.0, grid.height / 2, 1.0])
    step = np.hypot(*(beside[:2] / beside[2] - middle[:2] / middle[2]))
    shrink = max((k for k in (1, 2, 4, 8) if k <= step * 1.2), default=1)
    pixels = read_rgb(task.frame.path, task.frame.name, task.frame.size, shrink)
    scale = np.diag([pixels.shape[1] / task.frame.size[0], pixels.shape[0] / task.frame.size[1], 1])
    lit = np.clip(np.arange(256)[:, None] * np.array(task.gains), 1, 255).round().astype(np.uint8)
    shown = np.empty((*pixels.shape[:2], 4), np.uint8)
    for band in range(3):
        shown[..., 2 - band] = lit[pixels[..., band], band]
    shown[..., 3] = 255
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
    matrix = np.linalg.inv(half) @ scale @ image @ half
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = grid.width, grid.height
    laid = np.asarray(cv2.warpPerspective(shown, matrix, size, flags=flags), np.uint8)
    laid[..., 3] = np.where(laid[..., 3] == 255, 255, 0)
    return laid


def _weights(task: Cut, box: GeoBox) -> NDArray[np.uint8]:
    """How much each pixel of the frame counts, 0 to 255."""
    rows, columns = -(-box.height // COARSE_PX) + 1, -(-box.width // COARSE_PX) + 1
    coarse = box.transform @ Affine.scale(COARSE_PX)
    column, row = np.meshgrid(np.arange(columns), np.arange(rows))
    east = coarse.a * column + coarse.b * row + coarse.c
    north = coarse.d * column + coarse.e * row + coarse.f
    steep, edge = _cost(task.view, east, north)
    best, best_edge = np.full(steep.shape, _NEVER), np.zeros(steep.shape)
    for other in task.others:
        theirs, rim = _cost(other, east, north)
        better = theirs < best
        best, best_edge = np.where(better, theirs, best), np.where(better, rim, best_edge)
    share = 1.0 - (steep - np.minimum(best, steep)) / MIXED
    # beside the rim of the steepest frame, all that show the ground stand by: no holes
    least = np.where((edge > -0.01) & (best_edge < RIM), 1 / 255, 0.0)
    share = np.clip(np.maximum(share, least), 0.0, 1.0) * (edge > -0.01)
    fine = cv2.resize(
        share.astype(np.float32),
        (columns * COARSE_PX, rows * COARSE_PX),
        interpolation=cv2.INTER_LINEAR,
    )
    # resize aligns pixel areas: a coarse value stands for the middle of its square
    half = COARSE_PX // 2
    shifted = fine[half : half + box.height, half : half + box.width]
    counted: NDArray[np.uint8] = np.ceil(shifted * 255).astype(np.uint8)
    return counted


def _cost(view: View, east: Matrix, north: Matrix) -> tuple[Matrix, Matrix]:
    """Cost of showing ground by a frame, and how far inside the frame it lies, as part of its size.

    The cost is how far the ground is from below the camera, per metre of height; more along
    the rim.
    """
    h = view.image
    depth = h[2, 0] * east + h[2, 1] * north + h[2, 2]
    x = (h[0, 0] * east + h[0, 1] * north + h[0, 2]) / depth
    y = (h[1, 0] * east + h[1, 1] * north + h[1, 2]) / depth
    width, height = view.size
    edge = np.minimum(np.minimum(x, width - x) / width, np.minimum(y, height - y) / height)
    edge = np.where(depth > 0, edge, -1.0)
    away = np.hypot(east - view.foot[0], north - view.foot[1]) / view.foot[2]
    cost = away + np.where(edge < RIM, (RIM - edge) / RIM * 1.5, 0.0)
    return np.where(edge < -0.01, _NEVER, cost), edge
