"""How far an orthorectified image may lie beside its place, and where it was measured to lie."""

from dataclasses import dataclass, replace
from math import hypot, sqrt

import numpy as np
from numpy.typing import NDArray

from geo.errors import SceneError, SetupError
from geo.geobox import GeoBox, Window
from tiles.files.gdal_env import gdal_env
from tiles.ortho.images import Maker, Ortho, Placed
from tiles.ortho.rpc import Rpc
from tiles.reading.read import read_scene
from tiles.scene import Scene
from tiles.survey.shift import Agreement, agree, block_shift

BLOCK_PX = 128
"""Edge of the blocks that a shift is measured on; of small grounds half their own."""
MAX_BLOCKS = 49
COARSER = 4
"""The first look is at so many times the pixel: level 1A lies up to 200 m beside its place."""
LEAST_PX = 64
"""Edge of the ground in pixels of the first look; smaller grounds get none."""


@dataclass(frozen=True, slots=True)
class Measured:
    """How an image lies against a reference."""

    east_m: float
    """What to add to its easting."""
    north_m: float
    """What to add to its northing."""
    spread_m: float
    """Root mean square of the blocks about that shift, metres."""
    blocks: int
    """Blocks that agree on it."""


def told_error_m(rpc: Rpc, sensor_m: float, height_m: float) -> float:
    """Error of position, one standard deviation in metres, of an orthophoto by RPC and heights.

    sqrt(max(s, sqrt(b^2 + r^2))^2 + (t h)^2): `sensor_m` s is the sensor's own without ground
    control; b and r are the RPC's stated bias and random error, of which the larger of the two
    counts, for files often state a placeholder; t is the lean of the rays (tangent of their angle
    to the vertical) and `height_m` h the standard deviation of the heights.
    """
    stated = hypot(rpc.bias_m or 0.0, rpc.random_m or 0.0)
    return hypot(max(sensor_m, stated), rpc.lean() * height_m)


def measure(image: Ortho | Placed, reference: Scene, gsd_m: float) -> Measured | None:
    """The shift that blocks of an image share against a reference; in a limited child.

    Looked at on a grid of `gsd_m`, the coarser of the two, after a first look at four times that:
    found are shifts of up to 16 of its pixels there, 64 of `gsd_m`. None where too few blocks
    agree. Raises SceneError: the image cannot be read; SetupError: the reference cannot.
    """
    rough = _coarse(image.grid, COARSER * gsd_m)
    first = None
    if min(rough.shape) >= LEAST_PX:
        first = _measured(image.on(rough), reference, COARSER * gsd_m)
    east, north = (first.east_m, first.north_m) if first else (0.0, 0.0)
    near = image.moved(east, north).on(_coarse(image.grid, gsd_m))
    found = _measured(near, reference, gsd_m)
    if found is None:
        return None
    return replace(found, east_m=found.east_m + east, north_m=found.north_m + north)


def _measured(image: Ortho | Placed, reference: Scene, gsd_m: float) -> Measured | None:
    """The shift on the image's own grid, of pixels of `gsd_m`."""
    band = next((name for name in ("green", "red", "pan") if name in reference.band_names), None)
    name = band or reference.band_names[0]
    shifts = []
    with gdal_env():
        for window in _blocks(image.grid):
            mine = _grey(image, window, name)
            try:
                other = read_scene(reference, (name,), image.grid, window)
            except SceneError as error:
                raise SetupError(f"reference {error}") from None
            seen = (mine > 0) & np.asarray(other.valid, np.bool_)
            if seen.mean() < 0.7:
                continue
            theirs = np.where(seen, other.pixels[0], 0).astype(np.float64)
            shift = block_shift(mine, theirs, seen)
            if shift is not None:
                shifts.append(shift)
    found = agree(shifts)
    return None if found is None else _in_metres(found, gsd_m)


def _in_metres(found: Agreement, gsd_m: float) -> Measured:
    spread = sqrt(max(0.0, found.rms_px**2 - found.x_px**2 - found.y_px**2))
    return Measured(found.x_px * gsd_m, -found.y_px * gsd_m, spread * gsd_m, found.blocks)


def _grey(image: Maker, window: Window, band: str) -> NDArray[np.float64]:
    pixels = image.pixels(window)
    index = image.bands.index(band) if band in image.bands else len(image.bands) // 2
    return np.asarray(pixels[index], np.float64)


def _coarse(grid: GeoBox, gsd_m: float) -> GeoBox:
    scale = gsd_m / grid.pixel_size[0]
    transform = grid.transform @ type(grid.transform).scale(scale, scale)
    return GeoBox(
        grid.crs, transform, max(1, int(grid.height / scale)), max(1, int(grid.width / scale))
    )


def _blocks(grid: GeoBox) -> list[Window]:
    edge_px = min(BLOCK_PX, max(48, min(grid.shape) // 2))  # several, also of a small ground
    size = min(edge_px, grid.height), min(edge_px, grid.width)
    each = [
        np.unique(np.linspace(0, edge - part, 7).astype(int))
        for edge, part in zip(grid.shape, size, strict=True)
    ]
    return [Window(int(r), int(c), *size) for r in each[0] for c in each[1]][:MAX_BLOCKS]
