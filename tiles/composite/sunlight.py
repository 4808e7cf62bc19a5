"""Light on a surface of heights: slopes brighter or darker, and the shadow it casts."""

from dataclasses import dataclass

import cv2
import numpy as np

from geo.raster import Float

_STRIDES = 10
"""Steps in which a shadow is looked for."""
_AMBIENT = 0.3
"""Share of the light that comes from the sky."""


@dataclass(frozen=True, slots=True)
class Sun:
    """Where the sun stands; rows of an image run south."""

    azimuth: float
    """Clockwise from north, radians."""
    elevation: float
    """Above the horizon, radians."""

    @property
    def towards(self) -> tuple[float, float]:
        """Unit vector (x, y) of the image towards the sun."""
        return float(np.sin(self.azimuth)), -float(np.cos(self.azimuth))


def relief(height_m: Float, step_m: float, sun: Sun) -> Float:
    """Brightness (y, x) of slopes after Lambert, 1 on level ground."""
    down, right = np.gradient(height_m, step_m)
    x, y = sun.towards
    facing = 1 - (right * np.float32(x) + down * np.float32(y)) / np.float32(np.tan(sun.elevation))
    facing /= np.sqrt(1 + right**2 + down**2)
    bright: Float = np.clip(_AMBIENT + (1 - _AMBIENT) * facing, 0.35, 1.45)
    return bright


def cast_shadow(height_m: Float, step_m: float, sun: Sun) -> Float:
    """Share (y, x) of the direct light that higher ground keeps away, 0 to 1."""
    top = float(height_m.max())
    reach = top / np.tan(sun.elevation) / step_m
    x, y = sun.towards
    over = np.zeros_like(height_m)
    strides = max(1, min(_STRIDES, round(reach)))
    for part in np.arange(1, strides + 1) / strides:
        move = np.array([[1, 0, -x * reach * part], [0, 1, -y * reach * part]])
        seen = cv2.warpAffine(height_m, move, height_m.shape[::-1])
        np.maximum(over, seen - height_m - np.float32(top * part), out=over)
    soft = max(0.12 * top, 1e-3)
    shadow: Float = np.minimum(over / np.float32(soft), 1)
    return shadow
