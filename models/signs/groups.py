"""Groups: round things of one size and look side by side, over all tiles; drums or bags."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from shapely import MultiPolygon

from geo.geobox import GeoBox
from geo.sign_kind import SignKind
from models.signs.round_things import SECTORS, RoundThings
from models.signs.seen import SignSeen


@dataclass(frozen=True, slots=True)
class Habit:
    """How things of a kind stand together."""

    kind: SignKind
    """What they look like."""
    apart_m: tuple[float, float]
    """Least and most distance of neighbours' centres, in m."""
    alike: float
    """Most distance of neighbours' mean colours (root of the sum of squares)."""
    sure_sides: int
    """Sides from which one counts; others only hold a group together."""
    least: int
    """How many must count."""
    radius_m: float
    """Of one, for the outline, in m."""
    clear: float
    """Mean difference from what lies around, in digital numbers, from which they stand out."""
    mixed: bool
    """Whether neighbours that are round all around may be of any colour: drums are."""


HABITS = {
    "drums": Habit(SignKind.DRUMS, (0.50, 0.85), 70.0, 15, 4, 0.3, 40.0, mixed=True),
    "bags": Habit(SignKind.BAGS, (0.80, 1.35), 60.0, 15, 4, 0.5, 70.0, mixed=False),
}
"""By the names of `TileSeen`."""
LEAST_SCORE = 0.33
"""A weaker group is not proposed. Chosen on the tuning grounds of docs/evaluation.md, between the
weakest true group and the strongest lumps of heaps and crops."""


def groups_of(found: RoundThings, grid: GeoBox, gsd_m: float, habit: Habit) -> list[SignSeen]:
    """Groups of an image's round things, each a sign; `grid` is what rows and columns count on.

    Of centres closer than neighbours stand the one with most sides is kept, then the least spread,
    then the first by row and column: seams double nothing.
    """
    things = _one_each(found, habit.apart_m[0] / gsd_m)
    if not len(things):
        return []
    spots = np.stack([things.rows, things.cols], axis=1).astype(np.float64)
    pairs = cKDTree(spots).query_pairs(habit.apart_m[1] / gsd_m, output_type="ndarray")
    off = things.colours[pairs[:, 0]] - things.colours[pairs[:, 1]]
    whole = (things.sides == SECTORS) & habit.mixed
    alike = np.sqrt((off * off).sum(axis=1)) <= habit.alike
    pairs = pairs[alike | (whole[pairs[:, 0]] & whole[pairs[:, 1]])]
    size = len(things)
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    _, labels = connected_components(links, directed=False)
    sure = things.sides >= habit.sure_sides
    enough = np.flatnonzero(np.bincount(labels, weights=sure) >= habit.least)
    groups = (_sign(things.chosen(labels == label), grid, gsd_m, habit) for label in enough)
    return [one for one in groups if one.score >= LEAST_SCORE]


def _one_each(found: RoundThings, apart_px: float) -> RoundThings:
    order = np.lexsort((found.cols, found.rows, found.spreads, -found.sides))
    ranked = found.chosen(order.astype(np.int64))
    if not len(ranked):
        return ranked
    spots = np.stack([ranked.rows, ranked.cols], axis=1).astype(np.float64)
    close = cKDTree(spots).query_pairs(apart_px * (1 - 1e-9), output_type="ndarray")
    close = close[np.lexsort((close[:, 1], close[:, 0]))]  # the better one of a pair comes first
    keep = np.ones(len(ranked), np.bool_)
    for better, worse in close:
        if keep[better]:
            keep[worse] = False
    return ranked.chosen(keep)


def _sign(things: RoundThings, grid: GeoBox, gsd_m: float, habit: Habit) -> SignSeen:
    centres = np.stack([things.cols + 0.5, things.rows + 0.5], axis=1)
    placed = shapely.points([grid.transform @ (float(x), float(y)) for x, y in centres])
    bridge = habit.apart_m[1] / 2
    joined = shapely.union_all(shapely.buffer(placed, bridge)).buffer(habit.radius_m - bridge)
    shape = MultiPolygon([joined]) if joined.geom_type == "Polygon" else MultiPolygon(joined)
    whole = things.sides == SECTORS
    count, rounded = len(things), float(whole.mean())
    contrast = float(things.contrasts.mean())
    many = 1 - 0.7 ** float(whole.sum())
    colour = things.colours.mean(axis=0)
    reason = {
        "count": float(count),
        "diameter_m": round(2 * float(things.radii_m.mean()), 2),
        "in_rows": _in_rows(centres * gsd_m),
        "whole_share": round(rounded, 2),
        "contrast": round(contrast, 1),
        "colour_spread": round(float(things.colours.std(axis=0).mean()), 1),
        "red": round(float(colour[0])),
        "green": round(float(colour[1])),
        "blue": round(float(colour[2])),
    }
    score = round(many * rounded * min(1.0, contrast / habit.clear), 3)
    return SignSeen(habit.kind, shape, grid.crs, score, count, float(shape.area), reason)


def _in_rows(centres: NDArray[np.float64]) -> float:
    """How much the lines between nearest neighbours run along or across one line, 0 to 1."""
    if len(centres) < 4:
        return 0.0
    _, near = cKDTree(centres).query(centres, k=2)
    step = centres[near[:, 1]] - centres
    quarter = np.exp(4j * np.arctan2(step[:, 1], step[:, 0]))  # along and across are the same
    return round(float(np.abs(quarter.mean())), 2)
