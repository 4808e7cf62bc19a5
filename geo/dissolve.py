"""From the patches of all tiles to candidates: joined over seams, placed on the ground, sifted."""

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from operator import add

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely import MultiPolygon

from geo.area import geodesic_areas_m2
from geo.candidate import Candidate
from geo.change_class import ChangeClass
from geo.geobox import GeoBox
from geo.vectorise import FULL, Patch, canonical


def dissolve(patches: Sequence[Patch]) -> list[Patch]:
    """Join the patches that touch over tile seams, at an edge or at a corner.

    The result is ordered by the outlines' upper left corners and does not depend on the order, the
    size or the number of the tiles.
    """
    whole = [patch for patch in patches if not patch.at_seam]
    cut = [patch for patch in patches if patch.at_seam]
    joined = [_join([cut[i] for i in group]) for group in _touching(cut)]
    return sorted(whole + joined, key=_place)


def candidates_of(
    patches: Iterable[Patch],
    grid: GeoBox,
    min_area_m2: float,
    min_pixels: int,
    calibrated: Callable[[float], float] = float,
) -> list[Candidate]:
    """Place joined patches on the ground and keep those large enough.

    `min_area_m2` is geodesic. Outlines keep their pixel corners, in the CRS of `grid`. The score is
    what `calibrated` makes of the mean probability.
    """
    large = [patch for patch in patches if patch.pixels >= min_pixels]
    outlines = _on_ground([patch.outline for patch in large], grid.transform)
    areas = geodesic_areas_m2(outlines, grid.crs)
    return [
        _candidate(patch, outline, float(area), grid, calibrated)
        for patch, outline, area in zip(large, outlines, areas, strict=True)
        if area >= min_area_m2
    ]


def _touching(patches: Sequence[Patch]) -> list[NDArray[np.intp]]:
    """Groups of indices of patches whose outlines touch, directly or through others."""
    if not patches:
        return []
    outlines = np.array([patch.outline for patch in patches], dtype=object)
    left, right = shapely.STRtree(outlines).query(outlines, predicate="intersects")
    links = coo_array(
        (np.ones(len(left), dtype=np.int8), (left, right)), shape=(len(outlines),) * 2
    )
    _, group = connected_components(links, directed=False)
    order = np.argsort(group, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(group[order])) + 1)


def _join(patches: Sequence[Patch]) -> Patch:
    parts = [polygon for patch in patches for polygon in patch.outline.geoms]
    unsure = [patch.uncertainty_sum for patch in patches if patch.uncertainty_sum is not None]
    water = [patch.water for patch in patches if patch.water is not None]
    return Patch(
        canonical(parts),
        sum(patch.pixels for patch in patches),
        sum(patch.probability_sum for patch in patches),
        tuple(map(sum, zip(*(patch.class_sums for patch in patches), strict=True))),
        sum(unsure) if unsure else None,
        at_seam=True,
        water=reduce(add, water) if water else None,
    )


def _place(patch: Patch) -> tuple[float, float, bytes]:
    col, row, _, _ = patch.outline.bounds
    return row, col, patch.outline.wkb


def _candidate(
    patch: Patch,
    outline: MultiPolygon,
    area_m2: float,
    grid: GeoBox,
    calibrated: Callable[[float], float],
) -> Candidate:
    unsure = patch.uncertainty_sum
    return Candidate(
        geometry=outline,
        crs=grid.crs,
        area_m2=area_m2,
        pixels=patch.pixels,
        score=calibrated(min(1.0, patch.probability_sum / (FULL * patch.pixels))),
        change_class=ChangeClass(int(np.argmax(patch.class_sums))),
        uncertainty=None if unsure is None else min(1.0, unsure / (FULL * patch.pixels)),
        water=patch.water,
    )


def _on_ground(outlines: Sequence[MultiPolygon], t: Affine) -> list[MultiPolygon]:
    """Outlines in pixels, all moved at once into the CRS of their grid."""

    def to_crs(corners: NDArray[np.float64]) -> NDArray[np.float64]:
        col, row = corners[:, 0], corners[:, 1]
        return np.column_stack([t.a * col + t.b * row + t.c, t.d * col + t.e * row + t.f])

    return list(shapely.normalize(shapely.transform(np.array(outlines, dtype=object), to_crs)))
