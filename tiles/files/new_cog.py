"""New COG: an image of our own, written window by window, whole or not at all."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import rasterio
from rasterio.io import DatasetWriter

from geo.errors import DiskFullError, SceneError
from geo.geobox import GeoBox
from tiles.files.cog import BLOCK_PX, write_cog
from tiles.files.gdal_env import gdal_env
from tiles.files.raster_file import DECODING_ERRORS, one_line, open_raster


@contextmanager
def new_cog(
    target: Path,
    grid: GeoBox,
    bands: Sequence[str],
    dtype: str,
    nodata: float | None = 0,
    scratch: Path | None = None,
) -> Iterator[DatasetWriter]:
    """An image on `grid`, its bands described by their names, to write windows into.

    It becomes `target`, a COG, when the block ends without an error. Ground that was not written is
    `nodata` (0 where that is None). What is half written lies in `scratch`, by default beside the
    target; memory does not grow with the image. Raises DiskFullError.
    """
    folder = scratch or target.parent
    flat, whole = folder / f".flat-{target.name}", folder / f".whole-{target.name}"
    try:
        with gdal_env():
            with rasterio.open(flat, "w", **_profile(grid, len(bands), dtype, nodata)) as image:
                image.descriptions = tuple(bands)
                yield image
            with open_raster(str(flat)) as image:
                write_cog(image, whole)
        whole.replace(target)
    except SceneError:
        raise
    except DECODING_ERRORS as error:
        raise DiskFullError(
            f"{target}: it cannot be written ({one_line(error)}); make room on the disk"
        ) from None
    finally:
        flat.unlink(missing_ok=True)
        whole.unlink(missing_ok=True)


def _profile(grid: GeoBox, count: int, dtype: str, nodata: float | None) -> dict[str, object]:
    return {
        "driver": "GTiff",
        "height": grid.height,
        "width": grid.width,
        "count": count,
        "dtype": dtype,
        "nodata": nodata,
        "crs": rasterio.CRS.from_wkt(grid.crs.to_wkt()),
        "transform": grid.transform,
        "tiled": True,
        "blockxsize": BLOCK_PX,
        "blockysize": BLOCK_PX,
        "interleave": "band",
        "compress": "zstd",
        "zstd_level": 1,
        "sparse_ok": True,
        "bigtiff": "if_safer",
    }
