"""GeoBox: a pixel grid on the ground, without the pixels."""

from dataclasses import dataclass
from math import ceil, floor, hypot, isfinite

from affine import Affine
from pyproj import CRS

from geo.errors import GridError


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of whole pixels on a grid; rows run down, columns run right."""

    row: int
    """First row."""
    col: int
    """First column."""
    height: int
    """Rows, at least 1."""
    width: int
    """Columns, at least 1."""

    def __post_init__(self) -> None:
        if self.height < 1 or self.width < 1:
            raise GridError(f"window of {self.height} x {self.width} pixels: needs at least 1 x 1")

    @property
    def slices(self) -> tuple[slice, slice]:
        """(rows, columns) to index an array (..., y, x) that starts at pixel (0, 0)."""
        return slice(self.row, self.row + self.height), slice(self.col, self.col + self.width)

    def pad(self, px: int) -> "Window":
        """Grow by `px` pixels on every side; the result may start below zero."""
        return Window(self.row - px, self.col - px, self.height + 2 * px, self.width + 2 * px)

    def relative_to(self, other: "Window") -> "Window":
        """The same pixels, counted from the origin of `other`."""
        return Window(self.row - other.row, self.col - other.col, self.height, self.width)


@dataclass(frozen=True, slots=True)
class GeoBox:
    """A north-up or rotated pixel grid: CRS, affine transform and size."""

    crs: CRS
    """Coordinate reference system; x is easting or longitude, y northing or latitude."""
    transform: Affine
    """Pixel corner (column, row) -> CRS (x, y)."""
    height: int
    """Rows."""
    width: int
    """Columns."""

    def __post_init__(self) -> None:
        if self.height < 1 or self.width < 1:
            raise GridError(f"grid of {self.height} x {self.width} pixels: needs at least 1 x 1")
        if not all(isfinite(value) for value in self.transform[:6]):
            raise GridError(
                f"transform {tuple(self.transform)[:6]} holds a value that is no number"
            )
        if self.transform.determinant == 0:
            raise GridError(f"transform {tuple(self.transform)[:6]} has pixels without area")

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.height, self.width

    @property
    def pixel_size(self) -> tuple[float, float]:
        """Lengths of a pixel's (x, y) edges in CRS units."""
        t = self.transform
        return hypot(t.a, t.d), hypot(t.b, t.e)

    @property
    def is_axis_aligned(self) -> bool:
        """True when rows and columns run along the CRS axes."""
        return self.transform.b == 0 and self.transform.d == 0

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(xmin, ymin, xmax, ymax) of the four corners in CRS units."""
        corners = [self.transform @ c for c in self._pixel_corners()]
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        return min(xs), min(ys), max(xs), max(ys)

    def _pixel_corners(self) -> list[tuple[float, float]]:
        w, h = float(self.width), float(self.height)
        return [(0.0, 0.0), (w, 0.0), (w, h), (0.0, h)]

    def crop(self, window: Window) -> "GeoBox":
        """Return the grid of `window`, which may reach over this grid's edges."""
        moved = self.transform @ Affine.translation(window.col, window.row)
        return GeoBox(self.crs, moved, window.height, window.width)

    def pad(self, px: int) -> "GeoBox":
        """Grow by `px` pixels on every side."""
        return self.crop(Window(0, 0, self.height, self.width).pad(px))

    def translate(self, dx: float, dy: float) -> "GeoBox":
        """Move the grid by (dx, dy) in CRS units."""
        moved = Affine.translation(dx, dy) @ self.transform
        return GeoBox(self.crs, moved, self.height, self.width)

    def covering(self, bounds: tuple[float, float, float, float]) -> Window:
        """Smallest window of this grid's pixels that covers `bounds`, kept inside the grid.

        Raises GridError when the two do not overlap.
        """
        xmin, ymin, xmax, ymax = bounds
        inverse = ~self.transform
        corners = [inverse @ (x, y) for x in (xmin, xmax) for y in (ymin, ymax)]
        eps = 1e-6  # a bound that lies on a pixel corner, but for rounding, takes no extra pixel
        col0 = max(0, floor(min(c for c, _ in corners) + eps))
        col1 = min(self.width, ceil(max(c for c, _ in corners) - eps))
        row0 = max(0, floor(min(r for _, r in corners) + eps))
        row1 = min(self.height, ceil(max(r for _, r in corners) - eps))
        if col1 <= col0 or row1 <= row0:
            raise GridError(f"bounds {bounds} lie outside the grid {self.bounds}")
        return Window(row0, col0, row1 - row0, col1 - col0)
