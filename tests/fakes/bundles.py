"""Producers' deliveries, made up: an exact pushbroom camera over hilly ground, its RPC, its files.

The camera is a plane one: it flies straight and level over EPSG:4549 and has no lens distortion, so
that the way from ground to pixel has a closed form. Its RPC is fitted to it, as producers do.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.transform import from_origin

from geo.crs import CGCS2000, SHANGHAI_PLANE, transformer
from tiles.ortho.rpc import Rpc, _terms

Floats = NDArray[np.float64]

EAST, NORTH = 560_000.0, 3_450_000.0
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
        for _ in range(12):
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
        terms = _terms(unit[2], unit[3], unit[4]).T
        parts = [part for v in unit[:2] for part in _quotient(terms, v)]
        return Rpc(
            tuple(offsets), tuple(scales), *parts, bias_m=bias_m, random_m=random_m
        )


def _quotient(terms: Floats, wanted: Floats) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Numerator and denominator by least squares, held small: the terms are not independent."""
    known = np.hstack([terms, -wanted[:, None] * terms[:, 1:]])
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
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=count,
        height=height,
        width=width,
        dtype=pixels.dtype,
        **profile,
    ) as file:
        file.write(pixels)
    return path
