"""Deliveries of no known producer: a stack, a folder of band files, or a STAC item."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from geo.crs import CGCS2000, is_metric, plane_for, reproject_geometry
from geo.errors import InputError, SceneError
from geo.geobox import GeoBox, Window
from tiles.files.open_scene import Glance, glance, open_scene
from tiles.limited import Limits, blaming, limited_pool
from tiles.ortho.images import Stored
from tiles.ortho.placing import snapped
from tiles.ortho.strips import lay_out
from tiles.reading.read import read_scene
from tiles.scene import Scene
from tiles.sources.acquisition import Acquisition
from tiles.sources.delivery_store import Store
from tiles.sources.parts import PartsFolder
from tiles.sources.source import BANDS_FILE, Fetched

_LIMITS = Limits(memory_mb=4096, seconds=1800, written_mb=64_000)


@dataclass(frozen=True, slots=True)
class _Read:
    """A scene's bands on a grid."""

    scene: Scene
    grid: GeoBox

    @property
    def bands(self) -> tuple[str, ...]:
        return self.scene.band_names

    def pixels(self, window: Window) -> Stored:
        found = read_scene(self.scene, self.bands, self.grid, window)
        if found.pixels.max(initial=0) > 65_535:
            raise SceneError(f"{self.scene.source}: numbers above 65535 are not kept; scale them")
        out: Stored = np.clip(np.rint(found.pixels), 1, 65_535).astype(np.uint16)
        out[:, ~found.valid] = 0
        return out


def plain_glance(where: str) -> Glance:
    """The headers of what is at a path or URL; in a limited child. Raises SceneError, DateError."""
    return glance(where, "the name of its file or folder (YYYYMMDD)")


def fetch_plain(
    acquisition: Acquisition,
    store: Store,
    paths: Mapping[str, Path],
    area: BaseGeometry,
    folder: Path,
    parts: PartsFolder,
    check: Callable[[], None],
) -> Fetched:
    """Write BANDS_FILE of a plain delivery, cut to an area; clouds a classification marks are 0.

    Raises SceneError, and InputError where nothing of the area is shown.
    """
    only = next(iter(paths.values()))
    source = str(only) if len(paths) == 1 else store.address(acquisition.identifier)
    with blaming(acquisition.identifier), limited_pool(1, _LIMITS) as pool:
        check()
        scene = pool.run(open_scene, source, acquisition.acquired.date())
        grid = _grid(scene, area)
        lay_out(_Read(scene, grid), folder / BANDS_FILE, parts, "bands", pool, check)
    return Fetched(
        bands=scene.band_names,
        gsd_m=grid.pixel_size[0],
        has_scl=False,
        reflectance=False,
        properties={"hongxian:meaning": "digital numbers"},
        steps=("as delivered; digital numbers kept: nothing is known of its producer",),
    )


def _grid(scene: Scene, area: BaseGeometry) -> GeoBox:
    own = scene.geobox
    ground = reproject_geometry(box(*own.bounds), own.crs, CGCS2000)
    shown = shapely.intersection(ground, area)
    if shown.is_empty or shown.area == 0:
        raise InputError(f"{scene.source}: shows nothing of the area")
    if is_metric(own.crs) and own.is_axis_aligned:
        return own.crop(own.covering(reproject_geometry(shown, CGCS2000, own.crs).bounds))
    plane = plane_for(shown.centroid.x, shown.centroid.y)
    flat = reproject_geometry(ground, CGCS2000, plane)
    return snapped(shown, plane, round((flat.area / (own.height * own.width)) ** 0.5, 2))
