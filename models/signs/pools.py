"""Pools: coloured cells that lie together, with a sharp border and no shape that people build."""

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely import MultiPolygon

from geo.geobox import GeoBox
from geo.sign_kind import SignKind
from models.signs.cells import RIM, Cells
from models.signs.seen import SignSeen

LEAST_M2, MOST_M2 = 3.0, 3_000.0
"""Smaller is a sheet or a car, larger a pond: neither is proposed."""
LEAST_BORDER = 30.0
"""Least difference of colour across the border."""
MOST_FILLED = 0.84
"""Of its smallest rectangle: roofs, cars, tarpaulins and basins fill more. A disc fills 0.79."""
MOST_ROUND = 0.93
"""Roundness (4 pi area / perimeter squared of its hull) times solidity: tanks are rounder."""
_ALIKE = 40.0  # colours of neighbouring cells


def pools_of(found: Cells, grid: GeoBox, px: int) -> list[SignSeen]:
    """Pools of an image; `grid` is the working grid, `px` its pixels along a cell."""
    if not found.coloured.any():
        return []
    order = np.lexsort((found.cols, found.rows))
    cells = found.chosen(order.astype(np.int64))
    inner = cells.chosen(cells.coloured)
    labels = _labels(inner)
    sizes = np.bincount(labels)
    cell_m2 = abs(grid.transform.determinant) * px * px
    large = np.flatnonzero((sizes * cell_m2 >= LEAST_M2) & (sizes * cell_m2 <= MOST_M2))
    found_pools = (_pool(inner.chosen(labels == label), cells, grid, px) for label in large)
    return [pool for pool in found_pools if pool is not None]


def _labels(inner: Cells) -> NDArray[np.int32]:
    """Which pool each coloured cell belongs to: neighbours of like colour."""
    width = int(inner.cols.max()) + 3
    keys = inner.rows * width + inner.cols
    pairs = []
    for step in (1, width - 1, width, width + 1):
        at = np.searchsorted(keys, keys + step)
        there = at < len(keys)
        there[there] = keys[at[there]] == keys[there] + step
        pairs.append(np.stack([np.flatnonzero(there), at[there]], axis=1))
    links = np.concatenate(pairs)
    off = (inner.colours[links[:, 0]] - inner.colours[links[:, 1]]).astype(np.float64)
    links = links[np.sqrt((off * off).sum(axis=1)) <= _ALIKE]
    size = len(inner)
    graph = coo_array((np.ones(len(links)), (links[:, 0], links[:, 1])), shape=(size, size))
    labels: NDArray[np.int32] = connected_components(graph, directed=False)[1]
    return labels


def _pool(own: Cells, cells: Cells, grid: GeoBox, px: int) -> SignSeen | None:
    corners = [
        shapely.box(col, row, col + 1, row + 1) for row, col in zip(own.rows, own.cols, strict=True)
    ]
    closed = shapely.union_all(corners).buffer(0.6).buffer(-0.6)  # scum leaves holes
    shape = shapely.union_all([shapely.Polygon(p.exterior) for p in _parts(closed)])
    hull = shape.convex_hull
    filled = shape.area / shape.minimum_rotated_rectangle.area
    roundness = 4 * np.pi * hull.area / hull.length**2 * shape.area / hull.area
    border = _border(own, cells)
    if filled > MOST_FILLED or roundness > MOST_ROUND or border < LEAST_BORDER:
        return None
    placed = shapely.transform(
        shape, lambda at: np.array([grid.transform @ (x * px, y * px) for x, y in at])
    )
    outline = MultiPolygon(_parts(placed.simplify(0.05)))
    colour = own.colours.mean(axis=0)
    spread = float(own.colours.std(axis=0).mean())
    vivid = float((colour.max() - colour.min()) / max(1.0, colour.max()))
    reason = {
        "area_m2": round(float(outline.area), 1),
        "border": round(border, 1),
        "saturation": round(vivid, 2),
        "spread": round(spread, 1),
        "red": round(float(colour[0])),
        "green": round(float(colour[1])),
        "blue": round(float(colour[2])),
    }
    score = round(min(1.0, border / 100) * 0.5 + 0.5 * vivid, 3)
    area = float(outline.area)
    return SignSeen(SignKind.COLOURED_LIQUID, outline, grid.crs, score, 1, area, reason)


def _parts(shape: shapely.Geometry) -> list[shapely.Polygon]:
    return [one for one in shapely.get_parts(shape) if isinstance(one, shapely.Polygon)]


def _border(own: Cells, cells: Cells) -> float:
    """Difference between the pool's colour and that of the cells just outside it."""
    top, left = int(own.rows.min()) - RIM, int(own.cols.min()) - RIM
    height = int(own.rows.max()) - top + RIM + 1
    width = int(own.cols.max()) - left + RIM + 1
    near = (cells.rows >= top) & (cells.rows < top + height)
    near &= (cells.cols >= left) & (cells.cols < left + width) & ~cells.coloured
    if not near.any():
        return 0.0
    off = own.colours.mean(axis=0) - cells.colours[near].mean(axis=0)
    return float(np.sqrt((off * off).sum()))
