"""Small seeded rasters for the tests of opening and reading."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning

Write = Callable[..., Path]

PLACE = Affine(10, 0, 640_000, 0, -10, 3_460_000)
"""10 m pixels in the middle of Shanghai, EPSG:4549."""


@pytest.fixture(scope="session")
def write() -> Write:
    """Writes a GeoTIFF: (band, y, x) pixels, and what rasterio.open takes."""

    def write_raster(
        path: Path,
        pixels: NDArray[Any],
        *,
        mask: NDArray[np.bool_] | None = None,
        tags: dict[str, str] | None = None,
        descriptions: tuple[str, ...] = (),
        **profile: Any,  # noqa: ANN401
    ) -> Path:
        bands, height, width = pixels.shape
        known = {
            "driver": "GTiff",
            "crs": "EPSG:4549",
            "transform": PLACE,
            "count": bands,
            "height": height,
            "width": width,
            "dtype": pixels.dtype.name,
            "tiled": True,
            "blockxsize": 64,
            "blockysize": 64,
        }
        options = {name: value for name, value in {**known, **profile}.items() if value is not None}
        with (
            warnings.catch_warnings(action="ignore", category=NotGeoreferencedWarning),
            rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
            rasterio.open(path, "w", **options) as out,
        ):
            out.write(pixels)
            if mask is not None:
                out.write_mask(mask)
            for number, text in enumerate(descriptions, start=1):
                out.set_band_description(number, text)
            if tags:
                out.update_tags(**tags)
        return path

    return write_raster
