"""Pixels of a delivery's images on a grid, any window of it: orthorectified, or as they lie."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import cos, degrees, radians
from typing import Protocol

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.io import DatasetReader
from rasterio.warp import Resampling, reproject

from geo.crs import WGS84, transformer
from geo.errors import SceneError
from geo.geobox import GeoBox, Window
from tiles.files.raster_file import DECODING_ERRORS, check_read, one_line, open_raster
from tiles.ortho.rpc import Rpc

Stored = NDArray[np.uint16]

WARP_MB = 64
"""What GDAL keeps of one window while it warps."""
TOLERANCE_PX = 0.05
"""How far GDAL's straight pieces may be from the model, in source pixels."""
_EARTH_M = 6_371_000.0
_MAX_SHARE, _MAX_MORE = 40, 4_000_000
"""Pixels of the image that a pixel of the ground may need, beside so many: coarse looks need 16."""


class Maker(Protocol):
    """Makes windows of an image that is nowhere whole. Picklable: a child process does it."""

    @property
    def grid(self) -> GeoBox:
        """The image's grid."""
        ...

    @property
    def bands(self) -> tuple[str, ...]:
        """Names of its bands, STAC's."""
        ...

    def pixels(self, window: Window) -> Stored:
        """(band, y, x) of a window inside the grid, 0 missing; inside `gdal_env()`.

        Raises SceneError: a file cannot be decoded, or is another than before.
        """
        ...


@dataclass(frozen=True, slots=True)
class RawImage:
    """One image as its sensor took it, and where its rays meet the ground."""

    path: str
    """Absolute path of the file."""
    rpc: Rpc
    """Its model."""


@dataclass(frozen=True, slots=True)
class Ortho:
    """Images of one sensing brought onto the ground by RPC and heights, bicubic."""

    images: tuple[RawImage, ...]
    """Of the same bands; where they overlap the first one holds."""
    bands: tuple[str, ...]
    """Names of the files' bands, in order."""
    grid: GeoBox
    """Where to."""
    dem: str = ""
    """Heights over the ellipsoid (`heights.local_dem`); empty: one height holds everywhere."""
    height_range_m: tuple[float, float] = (0.0, 0.0)
    """Lowest and highest of the heights; without a DEM both are the one height."""

    def pixels(self, window: Window) -> Stored:
        """(band, y, x) of a window, 0 missing. Raises SceneError."""
        box = self.grid.crop(window)
        out: Stored = np.zeros((len(self.bands), *box.shape), np.uint16)
        for image in self.images:
            with open_raster(image.path) as source:
                _check(source, image.path, len(self.bands))
                part = self._needed(image.rpc, box, source.shape)
                if part is None:
                    continue
                try:
                    found = self._warped(source, part, image.rpc, box)
                except DECODING_ERRORS as error:
                    raise broken(image.path, error) from None
            check_read(image.path)
            empty = (out == 0).all(axis=0)
            out[:, empty] = found[:, empty]
        return out

    def _needed(self, rpc: Rpc, box: GeoBox, shape: tuple[int, int]) -> Window | None:
        """The part of an image that a window of the ground may need, or None."""
        xs, ys = (np.linspace(0, edge, 9) for edge in (box.width, box.height))
        points = [box.transform @ (float(x), float(y)) for x in xs for y in ys]
        east, north = np.array(points).T
        lon, lat = transformer(box.crs, WGS84).transform(east, north)
        at = [rpc.project(lon, lat, np.full(lon.shape, h)) for h in self.height_range_m]
        rows, cols = (np.concatenate([pair[axis] for pair in at]) for axis in (0, 1))
        if not (np.isfinite(rows).all() and np.isfinite(cols).all()):
            return None
        top, bottom = (int(v) for v in (max(0, rows.min() - 16), min(shape[0], rows.max() + 18)))
        left, right = (int(v) for v in (max(0, cols.min() - 16), min(shape[1], cols.max() + 18)))
        if bottom <= top or right <= left:
            return None
        if (bottom - top) * (right - left) > _MAX_SHARE * box.height * box.width + _MAX_MORE:
            raise SceneError(
                f"a window of {box.shape} pixels needs {bottom - top} x {right - left} of the "
                "image: its RPC and its size do not belong together"
            )
        return Window(top, left, bottom - top, right - left)

    def _warped(self, source: DatasetReader, part: Window, rpc: Rpc, box: GeoBox) -> Stored:
        pixels = source.read(
            list(range(1, len(self.bands) + 1)),
            window=rasterio.windows.Window(part.col, part.row, part.width, part.height),
        )
        if source.nodata is not None and source.nodata != 0:
            pixels[pixels == source.nodata] = 0
        row, col, lat, lon, height = rpc.offsets
        here = replace(rpc, offsets=(row - part.row, col - part.col, lat, lon, height))
        ground = {"RPC_DEM": self.dem} if self.dem else {"RPC_HEIGHT": repr(self.height_range_m[0])}
        found = np.zeros((len(self.bands), *box.shape), np.float32)
        reproject(
            pixels.astype(np.float32),
            found,
            rpcs=here.as_rasterio,
            src_crs="EPSG:4326",
            src_nodata=0,
            dst_nodata=0,
            dst_crs=rasterio.CRS.from_wkt(box.crs.to_wkt()),
            dst_transform=box.transform,
            resampling=Resampling.cubic,
            tolerance=TOLERANCE_PX,
            warp_mem_limit=WARP_MB,
            **ground,
        )
        return _stored(found, (found != 0).any(axis=0))

    def moved(self, east_m: float, north_m: float) -> "Ortho":
        """The same with what it shows moved on the ground."""
        images = tuple(
            replace(image, rpc=moved_rpc(image.rpc, east_m, north_m)) for image in self.images
        )
        return replace(self, images=images)

    def on(self, grid: GeoBox) -> "Ortho":
        """The same on another grid."""
        return replace(self, grid=grid)


@dataclass(frozen=True, slots=True)
class Placed:
    """An image that lies on the ground already, taken as it is where grids agree, else bicubic."""

    path: str
    """Absolute path of the file."""
    bands: tuple[str, ...]
    """Names of the file's first bands, in order."""
    place: GeoBox
    """The file's grid, moved where it was found to lie beside its place."""
    grid: GeoBox
    """Where to."""
    nodata: float = 0.0
    """Value of the file's missing pixels."""
    is_codes: bool = False
    """Pixels are codes: the nearest is taken, and 0 is one of them."""

    def pixels(self, window: Window) -> Stored:
        """(band, y, x) of a window, 0 missing. Raises SceneError."""
        box = self.grid.crop(window)
        found = np.zeros((len(self.bands), *box.shape), np.float32)
        with open_raster(self.path) as source:
            _check(source, self.path, len(self.bands))
            if source.shape != self.place.shape:
                raise SceneError(f"{self.path}: changed since it was listed; search again")
            try:
                self._warp(source, found, box)
            except DECODING_ERRORS as error:
                raise broken(self.path, error) from None
        check_read(self.path)
        if self.is_codes:
            return found.astype(np.uint16)
        return _stored(found, (found != 0).any(axis=0))

    def _warp(self, source: DatasetReader, found: NDArray[np.float32], box: GeoBox) -> None:
        shift = ~self.place.transform @ box.transform
        near = (round(shift.c), round(shift.f))
        if box.crs == self.place.crs and _is_whole(shift, near):
            read = rasterio.windows.Window(near[0], near[1], box.width, box.height)
            found[:] = source.read(
                list(range(1, len(self.bands) + 1)), window=read, boundless=True, fill_value=0
            )
            if self.nodata != 0:
                found[found == self.nodata] = 0
            return
        part = self._needed(box)
        if part is None:
            return
        # as an array: of a file GDAL would take the place that it states itself
        pixels = source.read(
            list(range(1, len(self.bands) + 1)),
            window=rasterio.windows.Window(part.col, part.row, part.width, part.height),
        )
        reproject(
            pixels.astype(np.float32),
            found,
            src_crs=rasterio.CRS.from_wkt(self.place.crs.to_wkt()),
            src_transform=self.place.crop(part).transform,
            src_nodata=self.nodata,
            dst_nodata=0,
            dst_crs=rasterio.CRS.from_wkt(box.crs.to_wkt()),
            dst_transform=box.transform,
            resampling=Resampling.nearest if self.is_codes else Resampling.cubic,
            tolerance=TOLERANCE_PX,
            warp_mem_limit=WARP_MB,
        )

    def _needed(self, box: GeoBox) -> Window | None:
        """The part of the file that a window of the grid may need, or None."""
        bounds = transformer(box.crs, self.place.crs).transform_bounds(*box.bounds, densify_pts=21)
        west, south, east, north = bounds
        corners = [~self.place.transform @ (x, y) for x in (west, east) for y in (south, north)]
        cols, rows = [c for c, _ in corners], [r for _, r in corners]
        top, bottom = max(0, int(min(rows)) - 16), min(self.place.height, int(max(rows)) + 17)
        left, right = max(0, int(min(cols)) - 16), min(self.place.width, int(max(cols)) + 17)
        if bottom <= top or right <= left:
            return None
        return Window(top, left, bottom - top, right - left)

    def moved(self, east_m: float, north_m: float) -> "Placed":
        """The same with what it shows moved on the ground; its CRS must be metric."""
        return replace(self, place=self.place.translate(east_m, north_m))

    def on(self, grid: GeoBox) -> "Placed":
        """The same on another grid."""
        return replace(self, grid=grid)


def moved_rpc(rpc: Rpc, east_m: float, north_m: float) -> Rpc:
    """The model with its ground moved by metres."""
    row, col, lat, lon, height = rpc.offsets
    lat_more = degrees(north_m / _EARTH_M)
    lon_more = degrees(east_m / (_EARTH_M * cos(radians(lat))))
    return replace(rpc, offsets=(row, col, lat + lat_more, lon + lon_more, height))


def broken(path: str, error: BaseException) -> SceneError:
    """The error for an image that cannot be decoded to its end."""
    return SceneError(
        f"{path}: cannot be decoded ({one_line(error)}): it is damaged or cut short; copy it again"
    )


def _check(source: DatasetReader, path: str, bands: int) -> None:
    if source.count < bands:
        raise SceneError(f"{path}: {source.count} band(s); {bands} were expected of this sensor")
    odd = sorted(set(source.dtypes) - {"uint8", "uint16", "int16"})
    if odd:
        raise SceneError(f"{path}: pixels of {odd[0]}; whole numbers of 8 or 16 bits are read")


def _is_whole(shift: Affine, near: Sequence[int]) -> bool:
    """Whether one grid is the other moved by whole pixels."""
    scale = (shift.a, shift.b, shift.d, shift.e)
    same = all(abs(v - w) < 1e-9 for v, w in zip(scale, (1, 0, 0, 1), strict=True))
    return same and max(abs(shift.c - near[0]), abs(shift.f - near[1])) < 1e-4


def _stored(found: NDArray[np.float32], seen: NDArray[np.bool_]) -> Stored:
    """Whole numbers; bicubic overshoots stay above 0, which means missing."""
    out: Stored = np.clip(np.rint(found), 1, 65_535).astype(np.uint16)
    out[:, ~seen] = 0
    return out
