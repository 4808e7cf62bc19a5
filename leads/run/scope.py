"""Scope: the district a run is confined to, as ground and as tiles."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import shapely
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

from geo.crs import CGCS2000, reproject_geometry
from geo.errors import GridError, NotFoundError
from geo.geobox import GeoBox
from geo.tiling import Tile
from geo.zone import ZoneKind, ZoneLayer
from tiles.common_grid import footprint

MARGIN_M = 500.0
"""Ground around the district that is looked at too, so that what lies on its edge is seen whole."""


@dataclass(frozen=True, slots=True)
class Scope:
    """One district."""

    code: str
    """Its official code."""
    edition: str
    """Edition of the layer its outline is of."""
    outline: MultiPolygon
    """EPSG:4490."""

    @property
    def record(self) -> dict[str, Any]:
        """What the run record keeps of it, as JSON values."""
        digest = sha256(shapely.to_wkb(shapely.normalize(self.outline), byte_order=1)).hexdigest()
        return {"district": self.code, "edition": self.edition, "outline_sha256": digest}

    def ground(self, grid: GeoBox) -> BaseGeometry:
        """The district and `MARGIN_M` around it, in the metric CRS of a grid."""
        moved = reproject_geometry(self.outline, CGCS2000, grid.crs)
        return shapely.buffer(shapely.make_valid(moved), MARGIN_M)

    def cropped(self, grid: GeoBox) -> GeoBox:
        """The part of a grid around the district. Raises GridError where they do not meet."""
        try:
            return grid.crop(grid.covering(self.ground(grid).bounds))
        except GridError:
            raise GridError(f"district {self.code} lies outside what both images show") from None

    def tiles(self, tiles: Sequence[Tile], grid: GeoBox) -> list[Tile]:
        """The tiles of a grid whose core comes near the district."""
        ground = self.ground(grid)
        shapely.prepare(ground)
        cores = [footprint(grid.crop(tile.core), 1) for tile in tiles]
        near = shapely.intersects(ground, cores)
        return [tile for tile, meets in zip(tiles, near, strict=True) if meets]


def scope_of(code: str, layers: Sequence[ZoneLayer]) -> Scope:
    """The district of that code in the latest edition among `layers`. Raises NotFoundError."""
    districts = [layer for layer in layers if layer.kind is ZoneKind.DISTRICT]
    known: set[str] = set()
    for layer in sorted(districts, key=lambda one: str(one.edition.valid_from), reverse=True):
        rows = layer.zones[layer.zones["code"] == code]
        if len(rows):
            outline = shapely.union_all(rows.geometry.to_numpy())
            parts = [part for part in shapely.get_parts(outline) if part.geom_type == "Polygon"]
            return Scope(code, layer.edition.name, MultiPolygon(parts))
        known |= set(layer.zones["code"])
    there = ", ".join(sorted(known)) or "no district layer: `hongxian layers add` one"
    raise NotFoundError(f"no district {code!a:.40} held between the dates; there is {there}")
