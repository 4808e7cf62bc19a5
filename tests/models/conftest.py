"""Made-up pairs of unchanged ground with a known change."""

from collections.abc import Callable

import numpy as np
import pytest
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS

from geo.geobox import GeoBox
from geo.raster import Pair, Raster


def make_pair(before: NDArray, after: NDArray, valid: NDArray[np.bool_] | None = None) -> Pair:
    """A pair of arrays (band, y, x); `valid` is the after image's mask."""
    bands = tuple(f"band{i}" for i in range(len(before)))
    grid = GeoBox(CRS.from_epsg(4549), Affine(1, 0, 0, 0, -1, 0), *before.shape[1:])
    everywhere = np.ones(grid.shape, dtype=bool)
    seen = everywhere if valid is None else valid
    return Pair(
        Raster(grid, bands, before.astype(np.float32), everywhere),
        Raster(grid, bands, after.astype(np.float32), seen),
    )


def make_change(seed: int, size: int = 96, bands: int = 3) -> tuple[Pair, NDArray[np.bool_]]:
    """Noisy correlated bands, seen twice; a square of about 6 % of the ground is other ground."""
    rng = np.random.default_rng(seed)
    light = rng.normal(0, 20, (size, size))
    ground = 100 + light + rng.normal(0, 10, (bands, size, size))
    before, after = ground + rng.normal(0, 2, (2, *ground.shape))
    changed = np.zeros((size, size), dtype=bool)
    changed[10 : 10 + size // 4, 20 : 20 + size // 4] = True
    colour = rng.permutation(np.linspace(-60, 60, bands))[:, None]
    after[:, changed] = 100 + colour + rng.normal(0, 10, (bands, int(changed.sum())))
    return make_pair(before, after), changed


@pytest.fixture(scope="session")
def pair_of() -> Callable[..., Pair]:
    return make_pair


@pytest.fixture(scope="session")
def change() -> Callable[..., tuple[Pair, NDArray[np.bool_]]]:
    return make_change
