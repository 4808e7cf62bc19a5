"""Producers' deliveries, made up: an exact pushbroom camera over hilly ground, its RPC, its files.

The camera is a plane one: it flies straight and level over EPSG:4549 and has no lens distortion, so
that the way from ground to pixel has a closed form. Its RPC is fitted to it, as producers do.
"""

import json
import math
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import from_origin

from geo.crs import CGCS2000, SHANGHAI_PLANE, transformer
from tiles.ortho.rpc import Rpc, terms

Floats = NDArray[np.float64]

EAST, NORTH = 624_000.0, 3_450_000.0
"""Corner (north-west) of the made ground in EPSG:4549: in Shanghai."""
HEIGHT_M = 630_000.0


def hills(east: Floats, north: Floats) -> Floats:
    """Heights over the ellipsoid in metres: 20 to 140, slopes to some 15 degrees."""
    u, v = (east - EAST) / 400.0, (north - NORTH) / 300.0
    return 80.0 + 40.0 * np.sin(u) * np.cos(v) + 20.0 * np.sin(2.1 * u + 0.7 * v)


def ground(east: Floats, north: Floats) -> Floats:
    """Brightness of the ground, 0 to 1: fields with sharp borders, paths, texture down to 3 m."""
    e, n = east - EAST, north - NORTH
    patch = np.floor(e / 37.0) * 12.9898 + np.floor(n / 23.0) * 78.233
    fields = np.mod(np.abs(np.sin(patch) * 43758.5453), 1.0)
    texture = np.sin(e / 2.3 + 1.5 * np.sin(n / 9.0)) * np.sin(n / 3.1 + np.sin(e / 7.0))
    paths = (np.mod(e + 0.3 * n, 61.0) < 4.0) * 0.5
    return np.clip(0.15 + 0.5 * fields + 0.1 * texture + paths * 0.4, 0.02, 0.98)


@dataclass(frozen=True)
class Camera:
    """A pushbroom camera over the made ground."""

    rows: int
    cols: int
    gsd_m: float
    roll: float = math.radians(15)
    pitch: float = math.radians(5)
    heading: float = math.radians(190)
    middle: tuple[float, float] = (EAST + 600.0, NORTH - 600.0)
    bias_m: tuple[float, float] = (0.0, 0.0)
    """What its RPC has wrong, east and north."""

    @property
    def _ifov(self) -> float:
        return self.gsd_m * math.cos(self.roll) ** 2 / HEIGHT_M

    def _along_across(self, east: Floats, north: Floats) -> tuple[Floats, Floats]:
        e, n = east - self.middle[0], north - self.middle[1]
        s, c = math.sin(self.heading), math.cos(self.heading)
        return e * s + n * c, e * c - n * s

    def pixel(self, east: Floats, north: Floats, height: Floats) -> tuple[Floats, Floats]:
        """(row, column), (0, 0) being the middle of the first pixel."""
        along, across = self._along_across(east, north)
        level = HEIGHT_M - height
        row = (along + math.tan(self.pitch) * (HEIGHT_M - 80.0 - level)) / self.gsd_m
        x = across - math.tan(self.roll) * 0.0 + math.tan(self.roll) * (HEIGHT_M - 80.0)
        angle = np.arctan2(x, level) - self.roll
        return row + (self.rows - 1) / 2, angle / self._ifov + (self.cols - 1) / 2

    def place(self, row: Floats, col: Floats, height: Floats) -> tuple[Floats, Floats]:
        """(east, north) of pixels at heights."""
        level = HEIGHT_M - height
        angle = (col - (self.cols - 1) / 2) * self._ifov + self.roll
        across = np.tan(angle) * level - math.tan(self.roll) * (HEIGHT_M - 80.0)
        along = (row - (self.rows - 1) / 2) * self.gsd_m
        along = along - math.tan(self.pitch) * (HEIGHT_M - 80.0 - level)
        s, c = math.sin(self.heading), math.cos(self.heading)
        return (
            self.middle[0] + along * s + across * c,
            self.middle[1] + along * c - across * s,
        )

    def seen(self, oversample: int = 2) -> tuple[Floats, Floats]:
        """(east, north) of every pixel's samples on the hills, (rows, cols) x oversample."""
        fine = (np.arange(self.rows * oversample) + 0.5) / oversample - 0.5
        side = (np.arange(self.cols * oversample) + 0.5) / oversample - 0.5
        row, col = np.meshgrid(fine, side, indexing="ij")
        height = np.full(row.shape, 80.0)
        for _ in range(6):
            east, north = self.place(row, col, height)
            height = hills(east, north)
        return east, north

    def picture(self, oversample: int = 2) -> Floats:
        """What it takes of the ground, 0 to 1, (rows, cols)."""
        fine = ground(*self.seen(oversample))
        return fine.reshape(self.rows, oversample, self.cols, oversample).mean(axis=(1, 3))

    def rpc(self, bias_m: float | None = 1.0, random_m: float | None = 0.0) -> Rpc:
        """Fitted to the camera on a lattice of 15 x 15 x 9 points, heights -50 to 250 m."""
        reach = max(self.rows, self.cols) * self.gsd_m * 0.75 + 100
        side = np.linspace(-reach, reach, 15)
        e, n, h = np.meshgrid(
            self.middle[0] + side, self.middle[1] + side, np.linspace(-50, 250, 9), indexing="ij"
        )
        row, col = (part.ravel() for part in self.pixel(e, n, h))
        lon, lat = transformer(SHANGHAI_PLANE, CGCS2000).transform(
            (e + self.bias_m[0]).ravel(), (n + self.bias_m[1]).ravel()
        )
        values = [row, col, np.asarray(lat), np.asarray(lon), h.ravel()]
        offsets = [float((v.max() + v.min()) / 2) for v in values]
        scales = [float((v.max() - v.min()) / 2) for v in values]
        unit = [(v - o) / s for v, o, s in zip(values, offsets, scales, strict=True)]
        known = terms(unit[2], unit[3], unit[4]).T
        parts = [part for v in unit[:2] for part in _quotient(known, v)]
        return Rpc(tuple(offsets), tuple(scales), *parts, bias_m=bias_m, random_m=random_m)


def _quotient(basis: Floats, wanted: Floats) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Numerator and denominator by least squares, held small: the terms are not independent."""
    known = np.hstack([basis, -wanted[:, None] * basis[:, 1:]])
    held = np.vstack([known, 1e-7 * np.eye(known.shape[1])])
    solved = np.linalg.lstsq(held, np.r_[wanted, np.zeros(known.shape[1])], rcond=None)[0]
    return tuple(solved[:20].tolist()), (1.0, *solved[20:].tolist())


def rpb(rpc: Rpc) -> str:
    """The coefficients as a `.rpb` file."""
    heads = ("line", "samp", "lat", "long", "height")
    lines = ['satId = "GF1";', 'bandId = "PAN";', 'SpecId = "RPC00B";', "BEGIN_GROUP = IMAGE"]
    if rpc.bias_m is not None:
        lines += [f"\terrBias = {rpc.bias_m};", f"\terrRand = {rpc.random_m};"]
    lines += [f"\t{h}Offset = {v!r};" for h, v in zip(heads, rpc.offsets, strict=True)]
    lines += [f"\t{h}Scale = {v!r};" for h, v in zip(heads, rpc.scales, strict=True)]
    names = ("lineNumCoef", "lineDenCoef", "sampNumCoef", "sampDenCoef")
    parts = (rpc.row_top, rpc.row_bottom, rpc.col_top, rpc.col_bottom)
    for name, part in zip(names, parts, strict=True):
        lines += [f"\t{name} = (", ",\n".join(f"\t\t\t{v:+.15e}" for v in part) + ");"]
    return "\n".join([*lines, "END_GROUP = IMAGE", "END;", ""])


def rpc_text(rpc: Rpc) -> str:
    """The coefficients as an `_RPC.TXT` file."""
    heads = ("LINE", "SAMP", "LAT", "LONG", "HEIGHT")
    lines = [f"{h}_OFF: {v!r} pixels" for h, v in zip(heads, rpc.offsets, strict=True)]
    lines += [f"{h}_SCALE: {v!r} pixels" for h, v in zip(heads, rpc.scales, strict=True)]
    names = ("LINE_NUM", "LINE_DEN", "SAMP_NUM", "SAMP_DEN")
    parts = (rpc.row_top, rpc.row_bottom, rpc.col_top, rpc.col_bottom)
    for name, part in zip(names, parts, strict=True):
        lines += [f"{name}_COEFF_{i}: {v:+.15e}" for i, v in enumerate(part, start=1)]
    return "\n".join([*lines, ""])


def write_dem(path: Path, step_m: float = 10.0, error_m: float = 0.0, geoid_m: float = 0.0) -> Path:
    """The hills as a DEM in EPSG:4549, heights over a geoid that lies `geoid_m` up."""
    edge = 320
    east = EAST - 1000 + (np.arange(edge) + 0.5) * step_m
    north = NORTH + 1000 - (np.arange(edge) + 0.5) * step_m
    e, n = np.meshgrid(east, north)
    heights = (hills(e, n) - geoid_m + error_m).astype(np.float32)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=edge,
        height=edge,
        count=1,
        dtype="float32",
        crs="EPSG:4549",
        transform=from_origin(EAST - 1000, NORTH + 1000, step_m, step_m),
        nodata=-9999,
    ) as file:
        file.write(heights, 1)
    return path


def true_ortho(bounds: tuple[float, float, float, float], gsd_m: float) -> Floats:
    """The ground itself on a north-up grid: what an orthophoto should show."""
    west, south, east, north = bounds
    cols, rows = round((east - west) / gsd_m), round((north - south) / gsd_m)
    fine = 2
    e = west + (np.arange(cols * fine) + 0.5) * gsd_m / fine
    n = north - (np.arange(rows * fine) + 0.5) * gsd_m / fine
    whole = ground(*np.meshgrid(e, n))
    return whole.reshape(rows, fine, cols, fine).mean(axis=(1, 3))


def write_image(path: Path, pixels: NDArray[np.generic], **profile: object) -> Path:
    """An image (band, y, x) as GeoTIFF without place, unless the profile gives one."""
    count, height, width = pixels.shape
    size = {"count": count, "height": height, "width": width, "dtype": pixels.dtype}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", driver="GTiff", **size, **profile) as file:
            file.write(pixels)
    return path


GF2 = "GF2_PMS1_E121.3_N31.2_20230815_L1A0007465343"
"""Scene that `gaofen` makes; the made ground lies at 121.30 E, 31.16 N."""
WEIGHTS = (0.15, 0.25, 0.35, 0.25)
"""Of blue, green, red and near infrared in the grey image."""


def colours(grey: Floats) -> Floats:
    """Four bands (band, y, x) of ground of a brightness, 0 to 1."""
    return np.stack([0.1 + 0.5 * grey, 0.12 + 0.6 * grey, 0.08 + 0.8 * grey, 0.5 - 0.3 * grey])


def gaofen(
    folder: Path,
    name: str = GF2,
    *,
    rows: int = 320,
    bias_m: tuple[float, float] = (0.0, 0.0),
    mss_beside_px: float = 0.0,
    metadata: bool = True,
) -> Path:
    """A GF-2 delivery, level 1A: PAN of 0.8 m and MSS of 3.2 m, RPC and XML beside each."""
    folder.mkdir(parents=True, exist_ok=True)
    middle = (EAST + 600.0, NORTH - 600.0)
    pan = Camera(rows * 4, rows * 4, 0.8, middle=middle, bias_m=bias_m)
    beside = (middle[0] + mss_beside_px * 3.2, middle[1])
    mss = Camera(
        rows, rows, 3.2, middle=beside, bias_m=(bias_m[0] - mss_beside_px * 3.2, bias_m[1])
    )
    fine = colours(pan.picture(1))
    grey = np.tensordot(WEIGHTS, fine, 1)
    coarse = colours(mss.picture(4))
    for about, camera, values in (("PAN1", pan, grey[None]), ("MSS1", mss, coarse)):
        numbers = np.clip(np.rint(values * 900 + 20), 1, 1023).astype(np.uint16)
        write_image(folder / f"{name}-{about}.tiff", numbers)
        (folder / f"{name}-{about}.rpb").write_text(rpb(camera.rpc()))
        if metadata:
            text = gaofen_xml(camera, about)
            (folder / f"{name}-{about}.xml").write_text(text, encoding="utf-8")
    (folder / f"{name}-MSS1_thumb.jpg").write_bytes(b"no picture")
    return folder


def corners(camera: Camera) -> list[tuple[float, float]]:
    """(longitude, latitude) of a camera's corners at 80 m, from the top left with the clock."""
    r, c = camera.rows - 0.5, camera.cols - 0.5
    rows, cols = np.array([-0.5, -0.5, r, r]), np.array([-0.5, c, c, -0.5])
    east, north = camera.place(rows, cols, np.full(4, 80.0))
    lon, lat = transformer(SHANGHAI_PLANE, CGCS2000).transform(east, north)
    return list(zip(lon.tolist(), lat.tolist(), strict=True))


def gaofen_xml(camera: Camera, about: str, when: str = "2023-08-15 11:02:33") -> str:
    """The metadata of an image as CRESDA's products have it."""
    names = ("TopLeft", "TopRight", "BottomRight", "BottomLeft")
    places = "\n".join(
        f"<{name}Latitude>{lat:.6f}</{name}Latitude><{name}Longitude>{lon:.6f}</{name}Longitude>"
        for name, (lon, lat) in zip(names, corners(camera), strict=True)
    )
    bands = "1" if "PAN" in about else "1,2,3,4"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<ProductMetaData>
<SatelliteID>GF2</SatelliteID><SensorID>PMS1</SensorID><ProductLevel>LEVEL1A</ProductLevel>
<Bands>{bands}</Bands><ImageGSD>{camera.gsd_m}</ImageGSD>
<CenterTime>{when}</CenterTime><CloudPercent>7</CloudPercent>
<WidthInPixels>{camera.cols}</WidthInPixels><HeightInPixels>{camera.rows}</HeightInPixels>
<SolarAzimuth>139.3</SolarAzimuth><SolarZenith>21.4</SolarZenith>
{places}
</ProductMetaData>
"""


def planet(folder: Path, item: str = "20230815_023529_64_2459", *, bands: int = 8) -> Path:
    """A PlanetScope delivery: surface reflectance of 3 m, already on the ground, UDM2 and JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    size, gsd = 200, 3.0
    place = from_origin(EAST, NORTH, gsd, gsd)
    grey = true_ortho((EAST, NORTH - size * gsd, EAST + size * gsd, NORTH), gsd)
    values = np.stack([(0.05 + 0.02 * n + 0.2 * grey) * 10_000 for n in range(bands)])
    pixels = np.rint(values).astype(np.uint16)
    pixels[:, :10, :10] = 0
    suffix = "_8b" if bands == 8 else ""
    profile = {"crs": "EPSG:4549", "transform": place, "nodata": 0}
    write_image(folder / f"{item}_3B_AnalyticMS_SR{suffix}_clip.tif", pixels, **profile)
    mask = np.zeros((8, size, size), np.uint8)
    mask[0] = 1
    for band, rows in ((5, slice(50, 70)), (2, slice(80, 90)), (3, slice(100, 110))):
        mask[band, rows, 50:80], mask[0, rows, 50:80] = 1, 0
    mask[:, :10, :10], mask[7, :10, :10] = 0, 1
    del profile["nodata"]
    write_image(folder / f"{item}_3B_udm2_clip.tif", mask, **profile)
    ring = np.array([[0, 0], [size, 0], [size, -size], [0, -size], [0, 0]]) * gsd
    lon, lat = transformer(SHANGHAI_PLANE, CGCS2000).transform(
        ring[:, 0] + EAST, ring[:, 1] + NORTH
    )
    points = [list(point) for point in zip(lon.tolist(), lat.tolist(), strict=True)]
    about = {
        "type": "Feature",
        "id": item,
        "geometry": {"type": "Polygon", "coordinates": [points]},
        "properties": {
            "acquired": "2023-08-15T02:35:29.640000Z",
            "cloud_cover": 0.04,
            "sun_azimuth": 126.7,
            "sun_elevation": 64.3,
            "view_angle": 3.1,
        },
    }
    (folder / f"{item}_metadata.json").write_text(json.dumps(about))
    return folder
