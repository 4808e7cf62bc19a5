"""What is drawn over a lead's pictures: its outline and a scale bar."""

from dataclasses import dataclass

from pyproj import Geod
from shapely.affinity import affine_transform

from geo.crs import CGCS2000, reproject_geometry, transformer
from geo.geobox import GeoBox
from leads.documents.formats import length_text, nice_below, svg_path
from leads.domain.lead import Lead

_GEOD = Geod(a=6378137.0, rf=298.257222101)  # CGCS2000


@dataclass(frozen=True, slots=True)
class ChipOverlay:
    """Outline and scale of a picture, in its pixels."""

    width: int
    """Columns of the picture's grid."""
    height: int
    """Rows."""
    outline: str
    """`d` of the lead's outline as an SVG path over (column, row)."""
    scale_percent: float
    """Length of the scale bar as a percentage of the picture's width."""
    scale_text: str
    """The ground length of the bar."""


def chip_overlay(lead: Lead, geobox: GeoBox) -> ChipOverlay:
    """The overlay of a lead's pictures on the grid `geobox`."""
    placed = reproject_geometry(lead.geometry, CGCS2000, geobox.crs)
    t = ~geobox.transform
    outline = affine_transform(placed, [t.a, t.b, t.d, t.e, t.c, t.f])
    ground_m = ground_width_m(geobox)
    length_m = nice_below(ground_m / 3)
    return ChipOverlay(
        width=geobox.width,
        height=geobox.height,
        outline=svg_path(outline),
        scale_percent=round(100 * length_m / ground_m, 2),
        scale_text=length_text(length_m),
    )


def ground_width_m(geobox: GeoBox) -> float:
    """Metres on the ellipsoid along the middle row of a grid."""
    row = geobox.height / 2
    ends = [geobox.transform @ (column, row) for column in (0.0, float(geobox.width))]
    to_lonlat = transformer(geobox.crs, CGCS2000)
    (lon0, lat0), (lon1, lat1) = (to_lonlat.transform(x, y) for x, y in ends)
    _, _, metres = _GEOD.inv(lon0, lat0, lon1, lat1)
    return float(metres)
