"""Windows of strangers' files onto one grid: what the children of a STAC API's fetch do.

Each layer is read on its own grid and put onto that of the finest by the nearest pixel, so that
numbers stay those of the producer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.io import DatasetReader
from rasterio.windows import Window as FileWindow

from geo.errors import SceneError
from geo.geobox import GeoBox
from tiles.files.band_names import SCL
from tiles.files.gdal_env import gdal_env
from tiles.files.probe import FileFacts, open_band, probe_file
from tiles.files.raster_file import DECODING_ERRORS, check_read, one_line
from tiles.scene import BandFile
from tiles.sources.source import REFLECTANCE

LEAST_POWER = 1e-6
"""Radar power that was seen is never 0, which says missing."""

_MOST = np.iinfo(np.uint16).max
Pixels = NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Reading:
    """One band as it is read: its file, and what its numbers mean."""

    file: BandFile
    """Name, place, grid, and the state the file must be in."""
    scale: float | None
    """Reflectance of one digital number; None: kept as it is."""
    offset: float
    """Reflectance of the digital number 0."""
    decibel: bool
    """Radar power in decibel."""


@dataclass(frozen=True, slots=True)
class PartJob:
    """One part to read: a window of the fine grid, with all of its bands."""

    grid: GeoBox
    """The window's own grid."""
    readings: tuple[Reading, ...]
    """Bands in the part's order."""
    dtype: str
    """`uint16`, or `float32` of radar."""
    target: Path
    """File to write, no part yet."""


def look(places: Sequence[str]) -> dict[str, FileFacts]:
    """Grid, types and state of files, by place. Raises SceneError."""
    return {place: probe_file(place) for place in places}


def read_part(job: PartJob) -> None:
    """Read the window of every band and write them as one GeoTIFF. Raises SceneError."""
    with gdal_env():
        bands = [_band(reading, job) for reading in job.readings]
        profile = {
            "driver": "GTiff",
            "height": job.grid.height,
            "width": job.grid.width,
            "count": len(bands),
            "dtype": job.dtype,
            "nodata": 0,
            "crs": rasterio.CRS.from_wkt(job.grid.crs.to_wkt()),
            "transform": job.grid.transform,
            "tiled": True,
            "interleave": "band",
            "compress": "zstd",
            "zstd_level": 1,
        }
        with rasterio.open(job.target, "w", **profile) as image:
            for number, band in enumerate(bands, start=1):
                image.write(band, number)


def _band(reading: Reading, job: PartJob) -> Pixels:
    """Values of one band on the part's grid, 0 where it is missing."""
    file = reading.file
    try:
        with open_band(file) as dataset:
            raw, seen = _nearest(dataset, file, job.grid)
    except DECODING_ERRORS as error:
        check_read(file.path)
        raise SceneError(f"{file.path}: {one_line(error)}") from None
    check_read(file.path)
    if file.name == SCL:
        return np.where(seen, raw, 0).astype(job.dtype)
    if job.dtype == "float32":
        return _power(raw, seen, reading)
    values = raw.astype(np.float64)
    if reading.scale is not None:
        values = (values * reading.scale + reading.offset) * REFLECTANCE
    counted = np.clip(np.rint(np.where(seen, values, 1)), 1, _MOST)
    return np.where(seen, counted, 0).astype(np.uint16)


def _power(raw: Pixels, seen: NDArray[np.bool_], reading: Reading) -> Pixels:
    values = np.where(seen, raw, 1).astype(np.float64)
    if reading.decibel:
        values = 10 ** (values / 10)
    elif values.min() < 0:
        raise SceneError(
            f"{reading.file.path}: radar power below 0; in decibel its item must say so (unit dB)"
        )
    return np.where(seen, np.maximum(values, LEAST_POWER), 0).astype(np.float32)


def _nearest(
    dataset: DatasetReader, file: BandFile, grid: GeoBox
) -> tuple[Pixels, NDArray[np.bool_]]:
    """Raw values under the grid's pixel centres, and where there is one that is not missing."""
    to_file = ~file.geobox.transform @ grid.transform
    steps = (np.arange(grid.height) + 0.5, np.arange(grid.width) + 0.5)
    rows = np.floor(to_file.e * steps[0] + to_file.f + 1e-6).astype(np.int64)
    cols = np.floor(to_file.a * steps[1] + to_file.c + 1e-6).astype(np.int64)
    height, width = file.geobox.shape
    inside = ((rows >= 0) & (rows < height), (cols >= 0) & (cols < width))
    raw = np.zeros(grid.shape, dataset.dtypes[file.index - 1])
    seen = np.zeros(grid.shape, np.bool_)
    if not (inside[0].any() and inside[1].any()):
        return raw, seen
    rows, cols = rows[inside[0]], cols[inside[1]]
    top, left = int(rows.min()), int(cols.min())
    window = FileWindow.from_slices((top, int(rows.max()) + 1), (left, int(cols.max()) + 1))
    values = dataset.read(file.index, window=window)
    there = _there(dataset, file, values, window)
    picked = np.ix_(rows - top, cols - left)
    raw[np.ix_(*inside)], seen[np.ix_(*inside)] = values[picked], there[picked]
    return raw, seen


def _there(
    dataset: DatasetReader,
    file: BandFile,
    values: Pixels,
    window: Any,  # noqa: ANN401 (rasterio's)
) -> NDArray[np.bool_]:
    """Where pixels are not missing: by the file's own mask, the item's value, and no number."""
    there = dataset.read_masks(file.index, window=window) > 0
    if np.issubdtype(values.dtype, np.floating):
        there &= np.isfinite(values)
    nodata = file.nodata
    if nodata is None and values.dtype.kind == "u" and dataset.nodata is None:
        nodata = 0  # no producer's digital numbers of ground are 0; SCL's 0 is missing too
    if nodata is not None and np.isfinite(nodata):
        there &= values != nodata
    return np.asarray(there, dtype=np.bool_)
