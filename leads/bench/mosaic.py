"""A pair of scenes of any size for benchmarks: one block of synthetic ground, over and over."""

from pathlib import Path

import rasterio
from rasterio.windows import Window

from geo.geobox import GeoBox
from geo.raster import Raster
from tiles.synthetic.camera import VHR_A, VHR_B, Camera
from tiles.synthetic.ground import make_ground
from tiles.synthetic.moment import Moment
from tiles.synthetic.render import render
from tiles.synthetic.sample import SEED, VHR_AFTER, VHR_BEFORE

BLOCK_PX = 1024
GSD_M = 2.0


def write_mosaic_pair(folder: Path, edge_px: int) -> None:
    """Write before.tif and after.tif, `edge_px` squared, as tiled zstd GeoTIFFs.

    Both sizes of a benchmark then hold the same ground, changes and compression per pixel.
    """
    folder.mkdir(parents=True)
    ground = make_ground(SEED, BLOCK_PX * GSD_M)
    block = ground.geobox(GSD_M)
    shots: tuple[tuple[str, Moment, Camera], ...] = (
        ("before.tif", VHR_BEFORE, VHR_A),
        ("after.tif", VHR_AFTER, VHR_B),
    )
    for name, moment, camera in shots:
        _repeat(folder / name, render(ground, moment, camera, block).raster, camera, edge_px)


def _repeat(path: Path, block: Raster, camera: Camera, edge_px: int) -> None:
    grid = GeoBox(block.geobox.crs, block.geobox.transform, edge_px, edge_px)
    pixels = block.pixels.astype(camera.dtype)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=edge_px,
        width=edge_px,
        count=len(block.bands),
        dtype=pixels.dtype,
        crs=grid.crs,
        transform=grid.transform,
        tiled=True,
        blockxsize=512,
        blockysize=512,
        compress="zstd",
        photometric="minisblack",  # else GDAL takes the fourth band of bytes for a mask
        bigtiff="if_safer",
    ) as target:
        target.descriptions = block.bands
        for row in range(0, edge_px, BLOCK_PX):
            for col in range(0, edge_px, BLOCK_PX):
                target.write(pixels, window=Window(col, row, BLOCK_PX, BLOCK_PX))
