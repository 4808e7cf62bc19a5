"""COGs of the sample ground as a producer would serve them, in bytes."""

from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio.io import MemoryFile

from tests.conftest import SAMPLES

GROUND = SAMPLES / "s2" / "2023-03-23"
"""One date of the sample ground: band files of 10 and 20 m, in digital numbers without offset."""

COARSE = ("B11", "SCL")
"""Served at 20 m, as Sentinel-2 has them."""


def band_file(band: str, ground: Path = GROUND) -> Path:
    """The file of a band, by its Sentinel-2 name (`B02`, `SCL`)."""
    (found,) = ground.glob(f"*{band}*.tif")
    return found


def pixels_of(band: str, ground: Path = GROUND) -> NDArray[np.uint16]:
    """A band's digital numbers at 10 m; of those of 20 m every second one, twice."""
    with rasterio.open(band_file(band, ground)) as image:
        read: NDArray[np.uint16] = image.read(1)
    if band in COARSE:
        read = read[::2, ::2].repeat(2, 0).repeat(2, 1)
    return read


def cog_of(
    band: str,
    ground: Path = GROUND,
    *,
    added: int = 0,
    blank: int = 0,
    dtype: str = "",
    times: float = 1.0,
) -> bytes:
    """A band as a COG, `added` to each number that is not 0, its first `blank` columns missing.

    With a `dtype` the numbers are kept as that, `times` a factor.
    """
    with rasterio.open(band_file(band, ground)) as image:
        pixels, kept = image.read(1), {"crs": image.crs, "transform": image.transform}
    if band in COARSE:
        pixels = pixels[::2, ::2]
        kept["transform"] = kept["transform"] * kept["transform"].scale(2)
    pixels = np.where(pixels > 0, pixels + pixels.dtype.type(added), 0).astype(pixels.dtype)
    pixels[:, :blank] = 0
    if dtype:
        pixels = (pixels * times).astype(dtype)
    with MemoryFile() as flat, MemoryFile() as whole:
        height, width = pixels.shape
        size = {"height": height, "width": width, "count": 1, "dtype": pixels.dtype}
        with flat.open(driver="GTiff", **size, **kept) as image:
            image.write(pixels, 1)
        with flat.open() as image:
            rasterio.shutil.copy(image, whole.name, driver="COG", BLOCKSIZE=128, COMPRESS="DEFLATE")
        return bytes(whole.read())
