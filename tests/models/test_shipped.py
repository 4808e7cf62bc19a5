"""The weights that are shipped: laws that want a trained network, on the sample ground."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS

from geo.geobox import GeoBox, Window
from geo.raster import Float, Pair, Raster
from geo.tiling import tiles_of
from models.evaluation.detection import normalised
from models.evaluation.objects import meetings, objects_of
from models.registry import default_weights
from models.siamese import REACH_PX, FittedSiamese, Siamese
from models.weights_file import open_weights

BANDS = ("red", "green", "blue", "nir")
GRID = GeoBox(CRS.from_epsg(4549), Affine(2, 0, 0, 0, -2, 0), 1, 1)


@pytest.fixture(scope="module")
def shipped() -> Siamese:
    return Siamese(open_weights(default_weights()), gsd_m=2.0, precision="float32")


@pytest.fixture(scope="module")
def ground(small_ground: Path) -> tuple[Float, Float]:
    """Both dates (band, y, x), the later one shifted back by whole pixels."""
    dates = []
    for name in ("before", "after"):
        with rasterio.open(small_ground / f"{name}.tif") as image:
            rows = [image.descriptions.index(band) + 1 for band in BANDS]
            dates.append(image.read(rows).astype(np.float32))
    return dates[0], dates[1]


def pair_of(before: Float, after: Float, *, margin: int = 0) -> Pair:
    """A pair with a margin in which nothing was seen."""
    edges = ((0, 0), (margin, margin), (margin, margin))
    height, width = (edge + 2 * margin for edge in before.shape[1:])
    seen = np.pad(np.ones(before.shape[1:], bool), margin)
    grid = GeoBox(GRID.crs, GRID.transform, height, width)
    rasters = [Raster(grid, BANDS, np.pad(date, edges), seen) for date in (before, after)]
    return Pair(*rasters)


def in_tiles(fitted: FittedSiamese, pair: Pair, tile_px: int, halo: int) -> NDArray[np.float32]:
    """Probability of the inside of a pair with a margin of `halo`, tile by tile."""
    height, width = (edge - 2 * halo for edge in pair.geobox.shape)
    out = np.zeros((height, width), np.float32)
    for tile in tiles_of((height, width), tile_px, halo, 16):
        row, col = tile.padded.row + halo, tile.padded.col + halo
        window = Window(row, col, tile.padded.height, tile.padded.width)
        cut = Pair(*(cropped(raster, window) for raster in (pair.before, pair.after)))
        found = fitted(cut).probability[tile.core_in_padded.slices]
        out[tile.core.slices] = found
    return out


def cropped(raster: Raster, window: Window) -> Raster:
    rows, cols = window.slices
    pixels = np.ascontiguousarray(raster.pixels[:, rows, cols])
    return Raster(raster.geobox.crop(window), BANDS, pixels, raster.valid[rows, cols].copy())


@pytest.mark.parametrize("tile_px", [64, 160])
def test_objects_do_not_depend_on_the_tile_size(
    shipped: Siamese, ground: tuple[Float, Float], tile_px: int
) -> None:
    """In float32 with a halo that covers the receptive field: object IoU of 0.999 or more."""
    fitted = replace(shipped, halo=REACH_PX).fit((normalised(pair_of(*ground)),))
    pair = normalised(pair_of(*ground, margin=REACH_PX))
    edge = ground[0].shape[1]
    one, other = (in_tiles(fitted, pair, size, REACH_PX) >= 0.5 for size in (edge, tile_px))
    ours, theirs = objects_of(one, 50), objects_of(other, 50)
    met = meetings(ours, theirs)
    best = np.zeros(len(ours))
    np.maximum.at(best, met.one, met.iou)
    assert len(ours) == len(theirs) > 0
    assert best.min() >= 0.999


def test_bfloat16_finds_the_same_objects(shipped: Siamese, ground: tuple[Float, Float]) -> None:
    pair = normalised(pair_of(*ground))
    full, half = (
        replace(shipped, precision=kind).fit((pair,))(pair).probability
        for kind in ("float32", "bfloat16")
    )
    assert np.abs(full - half).mean() < 0.01
    one, other = full >= 0.5, half >= 0.5
    assert (one & other).sum() / (one | other).sum() > 0.97


def test_two_equal_dates_hold_no_change(shipped: Siamese, ground: tuple[Float, Float]) -> None:
    pair = pair_of(ground[0], ground[0])
    assert (shipped.fit((pair,))(pair).probability < 0.5).all()
