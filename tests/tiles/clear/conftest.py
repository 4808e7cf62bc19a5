"""Scenes on disk for the tests of clear sight: made-up arrays, and the synthetic ground."""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray

from tiles.files.open_scene import open_scene
from tiles.scene import Scene

PLACE = Affine(10, 0, 640_000, 0, -10, 3_460_000)
"""10 m pixels on whole hectares in the middle of Shanghai, EPSG:4549."""
DAY = date(2024, 4, 11)
BANDS = ("blue", "green", "red", "nir")

MakeScene = Callable[..., Scene]


@pytest.fixture(scope="session")
def make_scene() -> MakeScene:
    """Writes bands and codes as a folder of band files; returns it opened."""

    def write(
        folder: Path,
        pixels: Mapping[str, NDArray[Any]],
        day: date = DAY,
        transform: Affine = PLACE,
        crs: str = "EPSG:4549",
    ) -> Scene:
        folder.mkdir(parents=True, exist_ok=True)
        for name, plane in pixels.items():
            with rasterio.open(
                folder / f"{name}.tif",
                "w",
                driver="GTiff",
                count=1,
                height=plane.shape[0],
                width=plane.shape[1],
                dtype=plane.dtype.name,
                crs=crs,
                transform=transform,
                nodata=None if name == "scl" else 0,
            ) as out:
                out.write(plane, 1)
        return open_scene(str(folder), day)

    return write


def plain(shape: tuple[int, int], value: int = 1000) -> dict[str, NDArray[Any]]:
    """Four bands of one value."""
    return {name: np.full(shape, value, np.uint16) for name in BANDS}
