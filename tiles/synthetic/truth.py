"""Truth: exact masks of what changed between two moments, and of what only looks like it."""

import numpy as np

from geo.geobox import GeoBox
from geo.raster import Codes
from tiles.synthetic.canvas import Lattice2D, inside
from tiles.synthetic.event import Lookalike
from tiles.synthetic.ground import Ground
from tiles.synthetic.moment import Moment
from tiles.synthetic.tide import flat_level, flooded, seaward


def truth(ground: Ground, geobox: GeoBox, before: Moment, after: Moment) -> tuple[Codes, Codes]:
    """ChangeClass codes and Lookalike codes (y, x), 0 where neither, by pixel centres.

    The two never overlap. Shadows and blur reach a few metres beyond an outline and are not marked.
    """
    gsd = geobox.pixel_size[0]
    x0, _, _, y1 = geobox.bounds
    grid = Lattice2D(x0 - ground.origin[0], y1 - ground.origin[1], gsd, *geobox.shape)
    classes = np.zeros(geobox.shape, np.uint8)
    lookalikes = _tide(ground, grid, before, after)
    for event in ground.events:
        if not event.differs(before.day, after.day):
            continue
        rows, cols, window = grid.window_over(event.outline)
        if window is None:
            continue
        hit = inside(window, event.outline)
        classes[rows, cols][hit] = event.kind if event.is_change else 0
        lookalikes[rows, cols][hit] = 0 if event.is_change else event.kind
    return classes, lookalikes


def _tide(ground: Ground, grid: Lattice2D, before: Moment, after: Moment) -> Codes:
    """Flat that is under water on one of the two dates only."""
    out = np.zeros((grid.height, grid.width), np.uint8)
    x, y = grid.x, grid.y
    outside = seaward(ground.lattice, x, y) > 0
    if not outside.any():
        return out
    level = flat_level(ground.lattice, x, y, ground.lattice.seed)
    differs = flooded(level, before.tide_m) != flooded(level, after.tide_m)
    out[outside & differs] = Lookalike.TIDE
    return out
