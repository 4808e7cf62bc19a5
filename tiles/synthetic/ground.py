"""Ground: a seeded piece of delta land with its events; the noun everything else looks at."""

from dataclasses import dataclass
from math import radians

import numpy as np
from affine import Affine

from geo.crs import CGCS2000, SHANGHAI_PLANE, transformer
from geo.errors import SceneError
from geo.geobox import GeoBox
from tiles.synthetic.event import Event
from tiles.synthetic.lattice import SPACING_M, Lattice, hashed
from tiles.synthetic.place import place_events
from tiles.synthetic.shape import Points

ORIGIN_LONLAT = (121.75, 31.55)
"""South-west corner of every ground, on Chongming, rounded to ORIGIN_STEP_M in EPSG:4549."""

ORIGIN_STEP_M = 60.0
"""A multiple of 0.05, 0.5, 1, 2, 2.5, 3 and 10 m, so that their grids share corners."""


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """A square of land and tidal flat, known at every point, at any resolution."""

    seed: int
    """Decides everything."""
    size_m: float
    """Edge in metres."""
    origin: tuple[float, float]
    """South-west corner in EPSG:4549; local metres count from here, x east and y north."""
    lattice: Lattice
    """The skeleton of lines and cells."""
    events: tuple[Event, ...]
    """Changes and look-alikes, in painting order; their outlines do not touch."""

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(xmin, ymin, xmax, ymax) in EPSG:4549."""
        x, y = self.origin
        return x, y, x + self.size_m, y + self.size_m

    def to_world(self, local: Points) -> Points:
        """Local metres (..., 2) to EPSG:4549."""
        world: Points = local + np.array(self.origin)
        return world

    def geobox(self, gsd: float, inset_m: float = 0.0) -> GeoBox:
        """North-up grid of `gsd` metres in EPSG:4549 over the ground less a margin of `inset_m`."""
        size = int((self.size_m - 2 * inset_m) / gsd + 1e-6)
        x, y = self.origin[0] + inset_m, self.origin[1] + inset_m + size * gsd
        transform = Affine(gsd, 0.0, x, 0.0, -gsd, y)
        return GeoBox(SHANGHAI_PLANE, transform, size, size)


def make_ground(
    seed: int, size_m: float, changes_per_km2: float = 4.0, lookalikes_per_km2: float = 2.5
) -> Ground:
    """A square ground of `size_m` metres, with at least one event of each kind where it fits.

    The tidal flat lies in the north. Raises SceneError under 1,500 m: no room for every kind.
    """
    if size_m < 1500:
        raise SceneError(f"ground of {size_m} m: needs 1,500 m for one change of each class")
    turn = radians(4 + 10 * hashed(seed, 1)) * (1 if hashed(seed, 2) < 0.5 else -1)
    inland = Lattice(seed, turn, coast_row=2**30)
    dyke = np.array([size_m / 2, size_m - max(420.0, min(0.12 * size_m, 2500.0))])
    coast_row = round(float(inland.to_lattice(dyke)[1]) / SPACING_M)
    lattice = Lattice(seed, turn, coast_row)
    km2 = size_m * size_m / 1e6
    counts = max(11, round(changes_per_km2 * km2)), max(5, round(lookalikes_per_km2 * km2))
    events = place_events(lattice, size_m, counts)
    return Ground(seed, size_m, _origin(), lattice, events)


def _origin() -> tuple[float, float]:
    x, y = transformer(CGCS2000, SHANGHAI_PLANE).transform(*ORIGIN_LONLAT)
    return round(x / ORIGIN_STEP_M) * ORIGIN_STEP_M, round(y / ORIGIN_STEP_M) * ORIGIN_STEP_M
