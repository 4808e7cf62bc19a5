"""Orthophoto: the ground at a few centimetres as one COG, on purpose not quite in its place."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from affine import Affine
from rasterio.windows import Window

from geo.crs import SHANGHAI_PLANE
from geo.geobox import GeoBox
from tiles.files.new_cog import new_cog
from tiles.synthetic.camera import DRONE, Camera
from tiles.synthetic.ground import Ground
from tiles.synthetic.moment import Moment
from tiles.synthetic.near import BLOCK_PX
from tiles.synthetic.sheet import Sheet
from tiles.synthetic.shown import Bounds


def write_orthophoto(
    path: Path,
    ground: Ground,
    moment: Moment,
    area: Bounds,
    gsd_m: float = 0.05,
    shift_m: tuple[float, float] = (0.0, 0.0),
    gains: tuple[float, float, float] = (1.0, 1.0, 1.0),
    camera: Camera = DRONE,
) -> GeoBox:
    """Write red, green, blue of `area` (local metres) in EPSG:4549; return the grid it claims.

    The file shows everything `shift_m` east and north of its true place. `gains` multiply the
    camera's, band by band. Memory follows one row of blocks. Raises DiskFullError.
    """
    gain = tuple(own * factor for own, factor in zip(camera.gain, gains, strict=True))
    sheet = Sheet(ground, moment, replace(camera, gain=gain), gsd_m)
    left, top = (int(edge) for edge in sheet.pixel_of(area[0], area[3]))
    right, low = (int(edge) for edge in sheet.pixel_of(area[2], area[1]))
    x, y = ground.origin
    north = sheet.pixel_of(0.0, 0.0)[1]
    corner = Affine(
        gsd_m, 0, x + left * gsd_m + shift_m[0], 0, -gsd_m, y + (north - top) * gsd_m + shift_m[1]
    )
    grid = GeoBox(SHANGHAI_PLANE, corner, low - top, right - left)
    path.parent.mkdir(parents=True, exist_ok=True)
    with new_cog(path, grid, camera.bands, "uint8") as image:
        for row in range(0, grid.height, BLOCK_PX):
            rows = min(BLOCK_PX, grid.height - row)
            pixels = sheet.window(top + row, left, rows, grid.width)
            seen = np.maximum(pixels, 1).transpose(2, 0, 1)  # 0 is nodata
            image.write(seen, window=Window(0, row, grid.width, rows))
        image.update_tags(TIFFTAG_DATETIME=f"{moment.day:%Y:%m:%d} 10:30:00")
    return grid
