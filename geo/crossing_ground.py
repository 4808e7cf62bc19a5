"""The ground of a crossing: one metric plane for all candidates, and the zones near them in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geo.candidate import Candidate
from geo.crs import CGCS2000, check_region, plane_for, transformer
from geo.errors import GridError
from geo.reach import reach_boxes
from geo.zone import ZoneLayer

_NEIGHBOURHOOD_DEG = (
    0.1  # zones are cut this far (some 10 km) around all candidates before the move
)
_STRAIGHT_DEG = 0.01  # longer edges are split, so that they stay straight in EPSG:4490 as stored


class NearZones(NamedTuple):
    """Zones of one layer that may come within reach of a candidate, and of which."""

    rows: NDArray[np.intp]
    """Row of each in the layer."""
    outlines: NDArray[np.object_]
    """Its outline in the plane; of a zone larger than the ground, the part near it."""
    candidate: NDArray[np.intp]
    """For each pair whose boxes meet, the number of the candidate, ascending."""
    zone: NDArray[np.intp]
    """And the position of the zone among `outlines`."""


@dataclass(frozen=True, slots=True, eq=False)
class CrossingGround:
    """Where all candidates are."""

    plane: CRS
    """Metric plane for them all."""
    outlines: NDArray[np.object_]
    """The candidates' outlines in the plane."""
    region: tuple[float, float, float, float]
    """West, south, east, north of all in EPSG:4490 degrees."""
    tree: shapely.STRtree
    """Index over `reach_boxes` of the candidates, in EPSG:4490 degrees."""

    def zones_near(self, layer: ZoneLayer) -> NearZones:
        """The zones of a layer near any candidate; no others are moved into the plane."""
        stored = np.asarray(layer.zones.geometry.array, dtype=object)
        row, candidate = self.tree.query(stored)
        rows, zone = np.unique(row, return_inverse=True)
        zones = stored[rows]
        boxes = shapely.bounds(zones)
        long = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0.0) > _STRAIGHT_DEG
        zones[long] = shapely.segmentize(zones[long], _STRAIGHT_DEG)
        around = np.array(self.region) + _NEIGHBOURHOOD_DEG * np.array([-1, -1, 1, 1])
        out = (boxes[:, :2] < around[:2]).any(axis=1) | (boxes[:, 2:] > around[2:]).any(axis=1)
        # Only a cut some 10 km away from every candidate, so that no zone reaches beyond the plane.
        zones[out] = shapely.intersection(zones[out], shapely.box(*around))
        order = np.lexsort((zone, candidate))
        return NearZones(rows, _moved(zones, CGCS2000, self.plane), candidate[order], zone[order])


def ground_of(candidates: Sequence[Candidate], error_m: float) -> CrossingGround:
    """Where `candidates` are, each with `error_m` around it.

    Raises GridError for candidates too far apart for one plane.
    """
    lonlat = _moved_all(candidates, CGCS2000)
    west, south, east, north = (float(side) for side in shapely.total_bounds(lonlat))
    region = (west, south, east, north)
    plane, outlines = _in_one_plane(candidates, region)
    boxes = np.asarray(shapely.box(*reach_boxes(lonlat, error_m).T), dtype=object)
    return CrossingGround(plane, outlines, region, shapely.STRtree(boxes))


def _in_one_plane(
    candidates: Sequence[Candidate], region: tuple[float, float, float, float]
) -> tuple[CRS, NDArray[np.object_]]:
    """The plane and the candidates' outlines in it.

    The plane is that of the region's middle; where the region reaches beyond the ground that plane
    is good for, as over the edge of Shanghai, the plane of a corner that lies outside.
    """
    west, south, east, north = region
    points = [((west + east) / 2, (south + north) / 2), (west, south), (east, north)]
    refusals: list[GridError] = []
    for plane in [plane_for(*point) for point in points]:
        try:
            check_region(region, plane)
        except GridError as refusal:
            refusals.append(refusal)
        else:
            return plane, _moved_all(candidates, plane)
    raise refusals[0]


def _moved_all(candidates: Sequence[Candidate], target: CRS) -> NDArray[np.object_]:
    outlines = np.empty(len(candidates), dtype=object)
    for crs, numbers in _by_crs(candidates):
        mine = np.array([candidates[number].geometry for number in numbers], dtype=object)
        outlines[numbers] = _moved(mine, crs, target)
    return outlines


def _by_crs(candidates: Sequence[Candidate]) -> list[tuple[CRS, NDArray[np.intp]]]:
    """Each CRS object in use, with the numbers of its candidates."""
    numbers: dict[int, list[int]] = {}
    for number, candidate in enumerate(candidates):
        numbers.setdefault(id(candidate.crs), []).append(number)
    return [(candidates[some[0]].crs, np.array(some)) for some in numbers.values()]


def _moved(outlines: NDArray[np.object_], source: CRS, target: CRS) -> NDArray[np.object_]:
    """Outlines moved into another CRS; one that the move made invalid is repaired."""
    move = transformer(source, target).transform
    moved = shapely.transform(outlines, lambda xy: np.column_stack(move(xy[:, 0], xy[:, 1])))
    broken = ~shapely.is_valid(moved)
    moved[broken] = shapely.make_valid(moved[broken], method="structure", keep_collapsed=False)
    return np.asarray(moved, dtype=object)
