"""Looking again: whether what lay amid water on another date is there on a run's later image."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import shapely
from rasterio.features import geometry_mask

from geo.crs import CGCS2000, reproject_geometry
from geo.errors import GridError, SceneError
from geo.geobox import GeoBox
from geo.water import WaterLine, is_water
from leads.domain.held import HeldLook, HeldPlace
from leads.run.kept_layers import KeptLayers
from leads.run.prepared import Prepared
from leads.run.runner import Runner
from tiles.common_grid import footprint
from tiles.files.gdal_env import gdal_env
from tiles.reading.read import read_scene
from tiles.scene import Scene

AT_ONCE = 200
"""Places of one call."""


def look_again(prepared: Prepared, kept: KeptLayers, runner: Runner) -> tuple[HeldLook, ...]:
    """What the later image shows at the places of held candidates on the run's grid.

    Read in the runner's processes. A place that cannot be read was not seen.
    """
    line, reader = prepared.water, prepared.planned.reader
    if line is None:
        return ()
    ground = reproject_geometry(footprint(reader.grid), reader.grid.crs, CGCS2000)
    places = kept.afloat(reader.after.date, ground)
    look = partial(look_at, reader.after, reader.grid, line)
    some = [places[start : start + AT_ONCE] for start in range(0, len(places), AT_ONCE)]
    looked = runner.each(look, some)
    found = (one for outcome in looked for one in outcome.result or ())
    return tuple(sorted(found, key=lambda one: one.held_id))


def look_at(
    scene: Scene, grid: GeoBox, line: WaterLine, places: Sequence[HeldPlace]
) -> tuple[HeldLook, ...]:
    """What a scene shows at places on a grid; nothing of those it does not show wholly.

    For strangers' files call it in a child process.
    """
    seen = ((place.held_id, _is_there(scene, grid, line, place)) for place in places)
    return tuple(HeldLook(held_id, there) for held_id, there in seen if there is not None)


def _is_there(scene: Scene, grid: GeoBox, line: WaterLine, place: HeldPlace) -> bool | None:
    """Whether most of a place is something else than water; None where not all of it was seen."""
    outline = reproject_geometry(place.geometry, CGCS2000, grid.crs)
    if not shapely.box(*grid.bounds).contains(outline):
        return None
    try:
        window = grid.covering(outline.bounds)
        with gdal_env():
            image = read_scene(scene, line.bands, grid, window)
    except (GridError, SceneError):
        return None
    shape, transform = image.valid.shape, image.geobox.transform
    inside = geometry_mask([outline], shape, transform, invert=True)
    if not inside.any() or not image.valid[inside].all():
        return None
    wet = is_water(image, line.bands, line.after)[inside]
    return bool(2 * np.count_nonzero(wet) < wet.size)
