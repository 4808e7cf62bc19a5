"""Orthophoto: a raster that somebody uploaded as one, looked at before it is believed.

Only headers and a bounded sample are read. Refusals say what is wrong and what to do in the words
of whoever processed the flight; what is odd but can be used is told as facts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from math import hypot
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError
from rasterio.enums import ColorInterp
from rasterio.io import DatasetReader
from rasterio.windows import Window
from shapely import MultiPolygon, Polygon

from geo.crs import CGCS2000, is_metric, plane_for, reproject_geometry
from geo.errors import DateError, GridError, SceneError
from geo.geobox import GeoBox
from tiles.common_grid import footprint, gsd_m
from tiles.files.dates import scene_date
from tiles.files.gdal_env import gdal_env
from tiles.files.probe import probe_file
from tiles.files.raster_file import DECODING_ERRORS, one_line, open_raster

FINEST_M, COARSEST_M = 0.002, 2.0
"""Ground lengths of a pixel between which a raster may be an orthophoto of a drone."""
COARSE_M = 0.3
"""From here on it is told that drones see more."""
LEAST_PX = 64
"""Rows, and columns, without which nothing is seen."""
LARGEST_PX = 20_000_000_000
"""Pixels of the largest orthophoto: a flight is no country."""
NOT_SQUARE = 1.02
"""Pixels whose edges differ by more are brought to squares."""
RGB = ("red", "green", "blue")
_SAMPLES, _SAMPLE_PX = 8, 256
_PERCENT = (0.5, 99.5)  # of values of more than 8 bits, what becomes 1 and 255
_GCJ_WORDS = ("gcj", "火星", "amap", "autonavi", "高德", "腾讯")


@dataclass(frozen=True, slots=True)
class RasterLook:
    """What was learnt of an uploaded raster."""

    path: str
    """Absolute path of the file."""
    name: str
    """How people know it: path within the flight."""
    grid: GeoBox
    """Its own grid."""
    bands: tuple[int, int, int]
    """Numbers of red, green and blue, from 1."""
    alpha: int | None
    """Number of the band that says what is missing, or None."""
    collar: int | None
    """Value that all three bands have where nothing is shown; None: the file says it itself."""
    low: tuple[float, float, float]
    """Per band, the value that becomes 1; of bytes 0, and nothing is changed."""
    high: tuple[float, float, float]
    """Per band, the value that becomes 255; of bytes 255."""
    gsd_m: float
    """Ground length of a pixel's edge, in metres."""
    area: MultiPolygon
    """Outline of its grid, EPSG:4490."""
    empty_share: float
    """Share of the sample that shows nothing, 0 to 1."""
    day: date | None
    """Day it was taken, by its tags or its name; None: they do not say."""
    oddities: Mapping[str, Any]
    """What is odd but can be used: code -> what there is to say of it, as JSON values."""

    @property
    def needs_warp(self) -> bool:
        """Whether it has to be brought to north-up square pixels in metres."""
        across, down = _edges(self.grid)
        square = max(across, down) <= NOT_SQUARE * min(across, down)
        north_up = self.grid.is_axis_aligned and self.grid.transform.e < 0 < self.grid.transform.a
        known = self.grid.crs.to_epsg() is not None
        return not (square and north_up and known and is_metric(self.grid.crs))

    @property
    def is_bytes(self) -> bool:
        """Whether its values stay as they are."""
        return self.low == (0.0, 0.0, 0.0)


def look_at_raster(path: str, name: str) -> RasterLook:
    """Look at an uploaded raster; call it in a limited child process.

    Raises SceneError, which names the file as its operator does: not an image of the allowed
    formats, lying or damaged, without place or in a local system, elevation or index instead of
    colours, too coarse, too fine, too large, or empty.
    """
    try:
        return _look(path, name)
    except SceneError as error:
        raise SceneError(str(error).replace(path, name)) from None
    except (*DECODING_ERRORS, GridError, CRSError, MemoryError) as error:
        raise SceneError(f"{name}: damaged ({one_line(error)}); export it again") from None


def plane_of(area: MultiPolygon) -> CRS:
    """The metric CRS in which an orthophoto of an area (EPSG:4490) is kept. Raises SceneError."""
    middle = area.centroid
    try:
        return plane_for(middle.x, middle.y)
    except GridError as error:
        raise SceneError(f"an orthophoto at a pole ({error})") from None


def missing(
    look: RasterLook, dataset: DatasetReader, pixels: NDArray[Any], mask: NDArray[Any] | None
) -> NDArray[np.bool_]:
    """Where pixels (3, y, x) show nothing; `mask`: what the file says is there, 0 nothing."""
    gone: NDArray[np.bool_] = np.zeros(pixels.shape[1:], np.bool_) if mask is None else mask == 0
    values = {dataset.nodatavals[band - 1] for band in look.bands} - {None}
    if look.collar is not None:
        values.add(float(look.collar))
    for value in values:
        same = np.isnan(pixels) if np.isnan(value) else pixels == np.asarray(value, pixels.dtype)
        gone |= same.all(axis=0)
    if pixels.dtype.kind == "f":
        gone |= ~np.isfinite(pixels).all(axis=0)
    return gone


def own_mask(
    look: RasterLook, dataset: DatasetReader, window: Window | None
) -> NDArray[np.uint8] | None:
    """What the file says is there (0: nothing), by alpha or a mask; None: it says nothing."""
    if look.alpha is not None:
        seen: NDArray[np.uint8] = (dataset.read(look.alpha, window=window) != 0).astype(np.uint8)
        return seen
    flags = {flag.name for flag in dataset.mask_flag_enums[look.bands[0] - 1]}
    if "per_dataset" in flags and not flags & {"alpha", "nodata"}:
        inside: NDArray[np.uint8] = dataset.read_masks(look.bands[0], window=window)
        return inside
    return None


def _look(path: str, name: str) -> RasterLook:
    facts = probe_file(path)
    grid = facts.geobox
    _check_size(name, grid)
    area = _area(name, grid)
    pixel = gsd_m(grid)
    _check_resolution(name, pixel)
    with gdal_env(), open_raster(path) as dataset:
        bands, alpha = _bands(name, dataset)
        bare = RasterLook(
            path=path, name=name, grid=grid, bands=bands, alpha=alpha, collar=None,
            low=(0.0, 0.0, 0.0), high=(255.0, 255.0, 255.0), gsd_m=pixel, area=area,
            empty_share=0.0, day=_day(name, facts.tags), oddities={},
        )  # fmt: skip
        return _with_pixels(bare, dataset, dict(facts.tags))


def _with_pixels(bare: RasterLook, dataset: DatasetReader, tags: Mapping[str, str]) -> RasterLook:
    """The look, with what a sample of the pixels says."""
    known = replace(bare, collar=_collar(bare, dataset))
    empty, seen = _sampled(known, dataset)
    if seen.shape[1] == 0:
        raise SceneError(
            f"{bare.name}: shows nothing (all transparent or of one colour): export it"
        )
    spread = np.percentile(seen.astype(np.float64), _PERCENT, axis=1)
    if (spread[1] - spread[0]).max() <= 0:
        raise SceneError(f"{bare.name}: all of one colour: export it again")
    low, high = bare.low, bare.high
    if dataset.dtypes[bare.bands[0] - 1] != "uint8":
        low = (float(spread[0, 0]), float(spread[0, 1]), float(spread[0, 2]))
        high = (float(spread[1, 0]), float(spread[1, 1]), float(spread[1, 2]))
    look = replace(known, empty_share=round(empty, 4), low=low, high=high)
    return replace(look, oddities=_oddities(look, dataset, tags))


def _check_size(name: str, grid: GeoBox) -> None:
    if min(grid.height, grid.width) < LEAST_PX:
        raise SceneError(
            f"{name}: {grid.width} x {grid.height} pixels; an orthophoto has at least {LEAST_PX} "
            "each way"
        )
    if grid.height * grid.width > LARGEST_PX:
        raise SceneError(
            f"{name}: {grid.height * grid.width / 1e9:.1f} Gpx; at most {LARGEST_PX / 1e9:g} are "
            "taken as one: export it in parts, as flights of their own"
        )


def _area(name: str, grid: GeoBox) -> MultiPolygon:
    outline: Polygon = footprint(grid)
    area = MultiPolygon([reproject_geometry(outline, grid.crs, CGCS2000)])
    west, south, east, north = area.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise SceneError(
            f"{name}: its coordinates are no place on Earth in its CRS ({grid.crs.name}): it was "
            "given the wrong one; export it with the one it was made in"
        )
    return area


def _check_resolution(name: str, pixel: float) -> None:
    if not FINEST_M <= pixel <= COARSEST_M:
        why = "no drone sees so fine" if pixel < FINEST_M else "too coarse for a flight"
        raise SceneError(
            f"{name}: pixels of {pixel:.3g} m, {why} ({FINEST_M:g} to {COARSEST_M:g} m): check CRS "
            "and scale of the export"
        )


def _bands(name: str, dataset: DatasetReader) -> tuple[tuple[int, int, int], int | None]:
    """Red, green, blue and alpha, by what the file says, else by order."""
    if dataset.count < len(RGB):
        what = "elevation" if np.dtype(dataset.dtypes[0]).kind == "f" else "one colour"
        raise SceneError(
            f"{name}: {dataset.count} band(s), looks like {what}: an orthophoto has red, green "
            "and blue; upload that one"
        )
    if len({dataset.dtypes[i] for i in range(3)}) > 1:
        raise SceneError(f"{name}: bands of unlike types ({', '.join(dataset.dtypes)})")
    meanings = list(dataset.colorinterp)
    alpha = meanings.index(ColorInterp.alpha) + 1 if ColorInterp.alpha in meanings else None
    colours = ColorInterp.red, ColorInterp.green, ColorInterp.blue
    if all(colour in meanings for colour in colours):
        red, green, blue = (meanings.index(colour) + 1 for colour in colours)
        return (red, green, blue), alpha
    named = [(text or "").strip().lower() for text in dataset.descriptions]
    if all(colour in named for colour in RGB):
        red, green, blue = (named.index(colour) + 1 for colour in RGB)
        return (red, green, blue), alpha
    if alpha is not None and alpha <= len(RGB):
        raise SceneError(f"{name}: fewer than three colours besides transparency")
    return (1, 2, 3), alpha


def _collar(look: RasterLook, dataset: DatasetReader) -> int | None:
    """Black or white around the image, where the file itself marks nothing as missing."""
    said = any(value is not None for value in dataset.nodatavals)
    if said or look.alpha is not None or own_mask(look, dataset, Window(0, 0, 1, 1)) is not None:
        return None
    largest = np.iinfo(dataset.dtypes[0]).max if dataset.dtypes[0].startswith("uint") else None
    rows, cols = dataset.height - 1, dataset.width - 1
    for value in (0, largest):
        corners = [
            dataset.read(look.bands, window=Window(col, row, 1, 1))
            for row in (0, rows)
            for col in (0, cols)
        ]
        if value is not None and sum(bool((c == value).all()) for c in corners) >= 2:
            return int(value)
    return None


def _sampled(look: RasterLook, dataset: DatasetReader) -> tuple[float, NDArray[Any]]:
    """Share of a sample that is missing, and the pixels (3, n) that are not."""
    empty, kept, total = 0, [], 0
    for window in _windows(dataset):
        pixels = dataset.read(look.bands, window=window)
        gone = missing(look, dataset, pixels, own_mask(look, dataset, window))
        empty, total = empty + int(gone.sum()), total + gone.size
        kept.append(pixels[:, ~gone][:, ::7])
    return empty / total, np.concatenate(kept, axis=1)


def _windows(dataset: DatasetReader) -> Iterator[Window]:
    """Windows spread over the image."""
    across, down = min(_SAMPLE_PX, dataset.width), min(_SAMPLE_PX, dataset.height)
    for row in np.linspace(0, dataset.height - down, _SAMPLES).round().astype(int):
        for col in np.linspace(0, dataset.width - across, _SAMPLES).round().astype(int):
            yield Window(int(col), int(row), across, down)


def _day(name: str, tags: Mapping[str, str]) -> date | None:
    try:
        return scene_date(name, None, [tags], "--date")
    except DateError:
        return None


def _edges(grid: GeoBox) -> tuple[float, float]:
    """Lengths of a pixel's two edges, in units of the CRS."""
    move = grid.transform
    return hypot(move.a, move.d), hypot(move.b, move.e)


def _oddities(look: RasterLook, dataset: DatasetReader, tags: Mapping[str, str]) -> dict[str, Any]:
    across, down = _edges(look.grid)
    told: dict[str, Any] = {}
    if look.gsd_m > COARSE_M:
        told["ortho_coarse"] = {"gsd_m": round(look.gsd_m, 3)}
    if look.grid.crs.is_geographic:
        told["ortho_degrees"] = {"crs": look.grid.crs.name}
    elif max(across, down) > 1.0001 * min(across, down):
        told["ortho_not_square"] = {"across_m": round(across, 5), "down_m": round(down, 5)}
    if not look.is_bytes:
        told["ortho_stretched"] = {"type": dataset.dtypes[look.bands[0] - 1]}
    if look.collar is not None:
        told["ortho_collar"] = {"value": look.collar}
    if look.empty_share > 0.5:
        told["ortho_mostly_empty"] = {"share": look.empty_share}
    words = " ".join([look.name, look.grid.crs.name, *tags.values()]).lower()
    if any(word in words for word in _GCJ_WORDS):
        told["ortho_gcj02"] = {"why": "named"}
    return told
