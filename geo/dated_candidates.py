"""Dated candidates: what one later pass shows against a fixed earlier image, and what it saw."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from pyproj import CRS
from rasterio.features import shapes
from shapely import MultiPolygon, Polygon
from shapely.affinity import affine_transform

from geo.candidate import Candidate
from geo.crs import is_metric
from geo.errors import DateError, GridError
from geo.geobox import GeoBox
from geo.raster import Mask
from geo.vectorise import canonical


@dataclass(frozen=True, slots=True)
class DatedCandidates:
    """The candidates of one pair of images, and the ground on which it could have had some."""

    before: date
    """Day of the earlier image: the same one for every pass of a series."""
    after: date
    """Day of the later image."""
    crs: CRS
    """Metric CRS of `observed` and of every candidate."""
    candidates: tuple[Candidate, ...]
    """What the pair shows; their order is no matter."""
    observed: MultiPolygon
    """Where both images saw the ground: no nodata, no cloud; may be empty. Ground outside was not
    observed, which is not 'no change'."""

    def __post_init__(self) -> None:
        if self.after <= self.before:
            raise DateError(
                f"candidates of {self.before} to {self.after}: the later date must come second"
            )
        if not is_metric(self.crs):
            raise GridError(f"candidates of {self.after} in {self.crs.name}: use a metric plane")
        others = {
            c.crs.name for c in self.candidates if c.crs is not self.crs and c.crs != self.crs
        }
        if others:
            raise GridError(
                f"candidates of {self.after} in {', '.join(sorted(others))}, their pass in "
                f"{self.crs.name}: reproject them first"
            )


def observed_ground(observed: Mask, grid: GeoBox) -> MultiPolygon:
    """The outline in `grid.crs` of the true pixels of a mask (y, x) on `grid`; empty if none is."""
    if observed.shape != grid.shape:
        raise GridError(f"mask of shape {observed.shape} on a grid of {grid.shape}")
    found = shapes(observed.astype(np.uint8), mask=observed, connectivity=4)
    rings = [shape["coordinates"] for shape, _ in found]
    if not rings:
        return MultiPolygon()
    outline = canonical([Polygon(ring[0], ring[1:]) for ring in rings])
    t = grid.transform
    placed: MultiPolygon = affine_transform(outline, (t.a, t.b, t.d, t.e, t.c, t.f))
    return placed
