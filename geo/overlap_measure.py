"""Geodesic areas of overlaps with given outlines, each measured the way that is quick for it."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geo.area import geodesic_areas_m2
from geo.overlap_area import Edges, edges_of, overlap_areas

ROUNDING = 1e-9
"""An overlap smaller than this share of its outline is none, one that lacks less is all of it."""

_COMPACT_M = 250.0
# The areal scale of a plane changes by some 1e-8 a metre at the rim of the ground it is used on:
# over half of this it is one to 2e-6, about as exact as the geodesic areas themselves.

_MOST_EDGE_PAIRS = 4_096  # beyond, building the intersection is quicker


@dataclass(frozen=True, slots=True, eq=False)
class OverlapMeasure:
    """Outlines in a plane, with what measuring overlaps with them takes; one entry each."""

    outlines: NDArray[np.object_]
    """The outlines."""
    plane: CRS
    """The metric plane."""
    geodesic_m2: NDArray[np.float64]
    """Their areas on the ellipsoid."""
    planar_m2: NDArray[np.float64]
    """Their areas in the plane."""
    edges: Edges
    """Their edges."""
    compact: NDArray[np.bool_]
    """Whether the plane has one areal scale all over it."""

    @classmethod
    def of(cls, outlines: NDArray[np.object_], plane: CRS) -> "OverlapMeasure":
        """Prepare to measure overlaps with `outlines`, valid polygons in `plane`."""
        boxes = shapely.bounds(outlines)
        compact = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0.0) <= _COMPACT_M
        areas = geodesic_areas_m2(outlines, plane)
        return cls(outlines, plane, areas, shapely.area(outlines), edges_of(outlines), compact)

    def shares(
        self, outline: NDArray[np.intp], zones: NDArray[np.object_], zone: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Share, 0 to 1, of each outline that lies on a zone; `outline` and `zone` number pairs.

        A compact outline is measured in the plane; its share there is its geodesic share. From any
        other the intersection is built.
        """
        edges = edges_of(zones)
        work = self.edges.counts[outline] * edges.counts[zone]
        quick = self.compact[outline] & (work <= _MOST_EDGE_PAIRS)
        shares = np.empty(len(outline))
        one, other = outline[quick], zone[quick]
        shares[quick] = overlap_areas(self.edges, edges, one, other) / self.planar_m2[one]
        one, other = outline[~quick], zone[~quick]
        parts = shapely.intersection(self.outlines[one], zones[other])
        shares[~quick] = geodesic_areas_m2(parts, self.plane) / self.geodesic_m2[one]
        return np.where(shares < ROUNDING, 0.0, np.where(shares > 1 - ROUNDING, 1.0, shares))
