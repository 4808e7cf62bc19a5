"""Look for signs on a flight's image: tile by tile in child processes, to proposals."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from affine import Affine
from shapely import MultiPolygon
from shapely.geometry import mapping

from geo.area import geodesic_area_m2
from geo.crs import CGCS2000, center_lonlat, is_metric, plane_for, reproject_geometry
from geo.errors import SceneError
from geo.geobox import GeoBox
from geo.sign_kind import SignKind
from geo.tiling import Tile, tiles_of
from leads.domain.sign import Proposal
from leads.run.runner import Runner, run_surely
from models.signs.gather import signs_of
from models.signs.seen import SignSeen
from models.signs.tile import TileSeen, halo_px, look_at_tile, multiple_px
from models.signs.words import words_of
from tiles.common_grid import footprint, gsd_m
from tiles.files.gdal_env import gdal_env
from tiles.files.open_scene import open_scene
from tiles.reading.read import read_scene
from tiles.scene import Scene

SIGNS_FILE = "signs.geojson"
"""Of a flight's scene: what it may show, as it is proposed."""
FINEST_WORK_M = 0.04
"""Finer pixels are averaged to about this: a drum is fourteen of them across."""
COARSEST_M = 0.08
"""Coarser images are not looked at: a drum would be seven pixels across, and less."""
_COLOURS = ("red", "green", "blue")
_TILE_PX = 1024


def look_for_signs(
    scene: Scene, runner: Runner, check: Callable[[], None] = lambda: None
) -> tuple[SignSeen, ...]:
    """What an image of bytes in red, green and blue may show, the strongest first.

    Nothing where its pixels are too coarse, or it has other bands. `check` is asked before each
    tile's result is taken, and may raise. Memory does not grow with the image, but for the centres
    found. Raises SceneError where a tile cannot be decoded.
    """
    if gsd_m(scene.geobox) > COARSEST_M or not set(_COLOURS) <= set(scene.band_names):
        return ()
    grid = working_grid(scene.geobox)
    step = gsd_m(grid)
    size = _TILE_PX // multiple_px(step) * multiple_px(step)
    tiles = tiles_of(grid.shape, size, halo_px(step), multiple_px(step))
    seen = []
    for one in runner.map(partial(_look, scene, grid), tiles):
        check()
        seen.append(one)
    return signs_of(seen, grid, step)


def working_grid(image: GeoBox) -> GeoBox:
    """The grid an image is looked at on: metric, its own pixels or whole blocks of them."""
    if is_metric(image.crs) and image.is_axis_aligned:
        factor = max(1, int(FINEST_WORK_M / gsd_m(image) + 1e-6))
        shape = -(-image.height // factor), -(-image.width // factor)
        return GeoBox(image.crs, image.transform @ Affine.scale(factor), *shape)
    plane = plane_for(*center_lonlat(image.bounds, image.crs))
    west, south, east, north = reproject_geometry(footprint(image), image.crs, plane).bounds
    step = max(gsd_m(image), FINEST_WORK_M)
    transform = Affine(step, 0, west, 0, -step, north)
    return GeoBox(plane, transform, ceil((north - south) / step), ceil((east - west) / step))


def proposals_of(signs: Sequence[SignSeen]) -> tuple[Proposal, ...]:
    """Signs as the store keeps them."""
    found = []
    for sign in signs:
        outline: MultiPolygon = reproject_geometry(sign.geometry, sign.crs, CGCS2000)
        words = words_of(sign)
        area = geodesic_area_m2(outline, CGCS2000)
        found.append(Proposal(sign.kind, outline, sign.score, area, words["zh"], words["en"]))
    return tuple(found)


def keep_signs(folder: Path, runner: Runner, check: Callable[[], None]) -> None:
    """Write SIGNS_FILE of the folder of a flight's scene. Raises as `look_for_signs`."""
    scene = run_surely(runner, open_scene, str(folder))
    write_signs(folder, proposals_of(look_for_signs(scene, runner, check)))


def write_signs(folder: Path, proposals: Sequence[Proposal]) -> None:
    """Write SIGNS_FILE of a folder."""
    features = [
        {
            "type": "Feature",
            "geometry": mapping(one.geometry),
            "properties": {
                "kind": one.kind.value,
                "score": one.score,
                "area_m2": one.area_m2,
                **one.reason,
            },
        }
        for one in proposals
    ]
    told = {"type": "FeatureCollection", "features": features}
    (folder / SIGNS_FILE).write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")


def read_signs(folder: Path) -> tuple[Proposal, ...]:
    """What SIGNS_FILE of a folder says; nothing where there is none. Raises SceneError: damaged."""
    path = folder / SIGNS_FILE
    if not path.exists():
        return ()
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return tuple(_proposal(feature) for feature in told["features"])
    except (ValueError, KeyError, TypeError) as error:
        raise SceneError(f"{path}: damaged ({error}); the flight is made anew") from None


def _proposal(feature: Any) -> Proposal:  # noqa: ANN401  (any JSON)
    outline = shapely.from_geojson(json.dumps(feature["geometry"]))
    parts = [one for one in shapely.get_parts(outline) if isinstance(one, shapely.Polygon)]
    said = feature["properties"]
    return Proposal(
        SignKind(said["kind"]),
        MultiPolygon(parts),
        float(said["score"]),
        float(said["area_m2"]),
        str(said["zh"]),
        str(said["en"]),
    )


def _look(scene: Scene, grid: GeoBox, tile: Tile) -> TileSeen:
    """One tile, in a child process."""
    with gdal_env():
        raster = read_scene(scene, _COLOURS, grid, tile.padded)
    image = np.clip(np.rint(raster.pixels), 0, 255).astype(np.uint8)
    return look_at_tile(image, raster.valid, tile.padded, tile.core, gsd_m(grid))
