"""Rasters, pairs and change maps: pixels that carry their grid, bands and mask."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geo.change_class import ChangeClass
from geo.errors import GridError
from geo.geobox import GeoBox

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]
Codes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """One date's pixels on a grid."""

    geobox: GeoBox
    """Where the pixels lie."""
    bands: tuple[str, ...]
    """Band names in the order of the first axis: STAC common names (`red`, `nir`, `swir16`...)."""
    pixels: Float
    """(band, y, x), finite; the values where `valid` is false mean nothing."""
    valid: Mask
    """(y, x), true where every band was seen: no nodata, cloud, shadow or snow."""

    def __post_init__(self) -> None:
        want = (len(self.bands), *self.geobox.shape)
        if self.pixels.shape != want:
            raise GridError(f"pixels of shape {self.pixels.shape} on a grid of {want}")
        if self.valid.shape != self.geobox.shape or self.valid.dtype != np.bool_:
            raise GridError(f"mask {self.valid.dtype} {self.valid.shape} on {self.geobox.shape}")
        if len(set(self.bands)) != len(self.bands):
            raise GridError(f"a band name comes twice in {self.bands}")


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two dates of the same ground on the same grid with the same bands."""

    before: Raster
    """Earlier image, 历史影像."""
    after: Raster
    """Current image, 现势影像."""

    def __post_init__(self) -> None:
        if self.before.geobox != self.after.geobox:
            raise GridError("the two dates of a pair lie on different grids: read both onto one")
        if self.before.bands != self.after.bands:
            raise GridError(f"bands {self.before.bands} before, {self.after.bands} after")

    @property
    def geobox(self) -> GeoBox:
        """The common grid."""
        return self.after.geobox

    @property
    def bands(self) -> tuple[str, ...]:
        """The common bands."""
        return self.after.bands

    @property
    def observed(self) -> Mask:
        """(y, x), true where both dates were seen."""
        seen: Mask = self.before.valid & self.after.valid
        return seen


@dataclass(frozen=True, slots=True, eq=False)
class ChangeMap:
    """What a detector says of a pair, pixel by pixel."""

    geobox: GeoBox
    """Where the pixels lie."""
    probability: Float
    """(y, x) in [0, 1]: how sure the detector is of a change; 0 where not observed."""
    observed: Mask
    """(y, x), true where both dates were seen: elsewhere nothing is said, not 'no change'."""
    classes: Codes | None = None
    """(y, x) codes of ChangeClass, 0 where it has no opinion; None when the detector has none."""
    uncertainty: Float | None = None
    """(y, x) in [0, 1], or None; for ordering a review, never for filtering."""

    def __post_init__(self) -> None:
        for name in ("probability", "observed", "classes", "uncertainty"):
            layer = getattr(self, name)
            if layer is not None and layer.shape != self.geobox.shape:
                raise GridError(f"{name} of shape {layer.shape} on a grid of {self.geobox.shape}")
        if self.classes is not None and self.classes.max(initial=0) >= len(ChangeClass):
            worst, last = int(self.classes.max()), len(ChangeClass) - 1
            raise GridError(f"class code {worst} in a change map: the last one is {last}")

    def crop(self, rows: slice, cols: slice, geobox: GeoBox) -> "ChangeMap":
        """Cut out rows and columns; `geobox` is the grid they lie on."""
        cut = (rows, cols)
        return ChangeMap(
            geobox,
            self.probability[cut],
            self.observed[cut],
            None if self.classes is None else self.classes[cut],
            None if self.uncertainty is None else self.uncertainty[cut],
        )
