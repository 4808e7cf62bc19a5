"""From what tiles saw to the signs of an image: the same for any tiles."""

from collections.abc import Iterable

import numpy as np

from geo.geobox import GeoBox
from models.signs.cells import Cells, cell_px
from models.signs.groups import HABITS, groups_of
from models.signs.pools import pools_of
from models.signs.round_things import RoundThings
from models.signs.seen import SignSeen
from models.signs.tile import TileSeen


def signs_of(tiles: Iterable[TileSeen], grid: GeoBox, gsd_m: float) -> tuple[SignSeen, ...]:
    """The signs of an image on `grid`, the working grid in metres; the strongest first.

    A centre or cell comes from the one tile whose core holds it, so that no seam doubles or halves
    anything. Where two kinds lie on each other, the stronger one is kept.
    """
    seen = tuple(tiles)
    if not seen:
        return ()
    found: list[SignSeen] = []
    for name, habit in HABITS.items():
        found += groups_of(_joined([getattr(one, name) for one in seen]), grid, gsd_m, habit)
    found += pools_of(_all_cells([one.cells for one in seen]), grid, cell_px(gsd_m))
    found.sort(key=lambda one: (-one.score, one.kind.value, one.geometry.bounds))
    kept: list[SignSeen] = []
    for sign in found:
        if not any(sign.geometry.intersects(other.geometry) for other in kept):
            kept.append(sign)
    return tuple(kept)


def _joined(parts: list[RoundThings]) -> RoundThings:
    names = ("rows", "cols", "sides", "radii_m", "colours", "spreads", "contrasts")
    return RoundThings(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))


def _all_cells(parts: list[Cells]) -> Cells:
    names = ("rows", "cols", "colours", "coloured")
    return Cells(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))
