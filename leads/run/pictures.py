"""Pictures of one lead from scenes named in the store: both dates on one grid, opened anew."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import cv2
import numpy as np
from affine import Affine
from pyproj import CRS
from shapely import MultiPolygon

from geo.crs import CGCS2000, reproject_geometry
from geo.errors import SceneError
from geo.geobox import GeoBox, Window
from geo.raster import Raster
from leads.run.chips import SHOWN_BANDS, square_around
from tiles.common_grid import footprint, gsd_m
from tiles.files.gdal_env import gdal_env
from tiles.files.open_scene import open_scene
from tiles.reading.read import PairReader, common_bands, read_scene
from tiles.render import Picture, chip, stretch_of
from tiles.scene import Scene
from tiles.scene_fit import SceneFit

MOST_PX = 1024
"""Longest edge of a picture; larger squares of ground are shown smaller."""
WEBP_QUALITY = 90
"""Of 100: no difference to the eye at a fifth of the bytes."""


@dataclass(frozen=True, slots=True)
class SceneSource:
    """A scene as the store names it."""

    source: str
    """Where it is opened from."""
    date: date
    """Its date."""
    sha256: str
    """Over its files, as they were."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The square of ground a lead is shown in."""

    corners: tuple[tuple[float, float], ...]
    """(longitude, latitude) in EPSG:4490 of its corners: top left, then clockwise."""
    pixels: int
    """Edge of the picture in pixels."""
    metres_per_pixel: float
    """Ground length of a pixel's edge."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """Both dates of one place, encoded alike, on one grid."""

    before: bytes
    """The earlier image."""
    after: bytes
    """The current image."""


def open_stored(
    before: SceneSource,
    after: SceneSource,
    record: Mapping[str, Any],
    bands: tuple[str, ...] = SHOWN_BANDS,
) -> PairReader:
    """The pair of a run by its record (`RunRecord.as_json`); opens files, so call it in a child.

    It reads `bands` where both scenes have them, else those the run compared.
    Raises SceneError where a file is gone or is no longer what the run saw.
    """
    scenes = _open(before), _open(after)
    read = bands if set(bands) <= _shared(*scenes) else tuple(record["plan"]["bands"])
    return PairReader(*scenes, common_bands(*scenes, read), grid_of(record))


def grid_of(record: Mapping[str, Any]) -> GeoBox:
    """The working grid of a run by its record."""
    grid = record["plan"]["grid"]
    transform = Affine(*grid["transform"])
    return GeoBox(CRS.from_user_input(grid["crs"]), transform, grid["height"], grid["width"])


def frame_of(place: MultiPolygon, grid: GeoBox) -> Frame:
    """The square an outline in EPSG:4490 is shown in; needs no file."""
    shown = _shown_grid(grid.crop(square_around(place, grid)))
    outline = reproject_geometry(footprint(shown, 1), shown.crs, CGCS2000)
    corners = tuple((x, y) for x, y, *_ in outline.exterior.coords[:4])
    return Frame(corners, shown.width, gsd_m(shown))


def read_pictures(
    reader: PairReader, shift_px: tuple[float, float], place: MultiPolygon, suffix: str
) -> Pictures:
    """Both dates around an outline as `.png` or `.webp`; for a child process.

    `shift_px` (x, y) is the run's: the before image is moved by it, its colours stay.
    """
    window: Window = square_around(place, reader.grid)
    still = SceneFit(*shift_px, None, 0, 0, ())
    pair = reader.read(window, still)
    edge = _shown_grid(pair.geobox).width
    before, after = (_encoded(date, edge, suffix) for date in (pair.before, pair.after))
    return Pictures(before, after)


def read_picture(source: SceneSource, place: MultiPolygon, suffix: str) -> bytes:
    """One image around an outline in EPSG:4490 as `.png` or `.webp`; for a child process."""
    scene = _open(source)
    if not set(SHOWN_BANDS) <= set(scene.band_names):
        raise SceneError(f"{source.source}: has no red, green and blue to show")
    grid = scene.geobox
    window = square_around(place, grid)
    with gdal_env():
        raster = read_scene(scene, SHOWN_BANDS, grid, window)
    return _encoded(raster, _shown_grid(raster.geobox).width, suffix)


def _open(scene: SceneSource) -> Scene:
    found = open_scene(scene.source, scene.date)
    if found.sha256 != scene.sha256:
        raise SceneError(f"{scene.source}: its files changed since the run; put the old ones back")
    return found


def _shared(before: Scene, after: Scene) -> set[str]:
    return set(before.band_names) & set(after.band_names)


def _shown_grid(grid: GeoBox) -> GeoBox:
    if grid.width <= MOST_PX:
        return grid
    return GeoBox(grid.crs, grid.transform @ Affine.scale(grid.width / MOST_PX), MOST_PX, MOST_PX)


def _encoded(raster: Raster, edge: int, suffix: str) -> bytes:
    picture: Picture = chip(raster, stretch_of(raster))
    if picture.shape[0] > edge:
        picture = cv2.resize(picture, (edge, edge), interpolation=cv2.INTER_AREA).astype("u1")
    how = [cv2.IMWRITE_WEBP_QUALITY, WEBP_QUALITY]
    if suffix == ".png":
        how = [cv2.IMWRITE_PNG_COMPRESSION, 1]
    done, buffer = cv2.imencode(suffix, np.ascontiguousarray(picture[..., ::-1]), how)
    if not done:
        raise SceneError(f"a picture cannot be written as {suffix}: use .png or .webp")
    return bytes(buffer)
