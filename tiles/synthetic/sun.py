"""Sun and relief: brightness of slopes and cast shadows from a height field."""

import cv2
import numpy as np

from geo.raster import Float
from tiles.synthetic.season import Sun

REACH_M = 64.0
"""No shadow is drawn longer than this."""

_ROOF_PITCH = np.radians(20.0)
SKYLIGHT = 0.20
"""Share of light that comes from the sky and so also reaches shadows."""


def facing_light(facing: Float, sun: Sun) -> Float:
    """Brightness of pitched surfaces (n,) relative to level ground; 1 where facing is NaN."""
    elevation = np.radians(sun.elevation)
    toward = np.pi / 2 - np.radians(sun.azimuth)  # anticlockwise from x, to the sun
    direct = np.sin(elevation) * np.cos(_ROOF_PITCH)
    direct = direct + np.cos(elevation) * np.sin(_ROOF_PITCH) * np.cos(facing - toward)
    lit = SKYLIGHT + (1 - SKYLIGHT) * np.maximum(direct, 0) / np.sin(elevation)
    out: Float = np.where(np.isnan(facing), 1.0, lit).astype(np.float32)
    return out


def toward_sun(sun: Sun, step_m: float) -> tuple[float, float]:
    """(rows, columns) per pixel walked towards the sun; rows run south."""
    azimuth = np.radians(sun.azimuth)
    return float(-np.cos(azimuth)) / step_m, float(np.sin(azimuth)) / step_m


def shadow(height: Float, sun: Sun, step_m: float) -> Float:
    """Share of direct light that is blocked, (y, x) in [0, 1].

    Doubling: after n rounds each pixel knows the highest ray over it from 2^n - 1 steps away.
    """
    rows, cols = toward_sun(sun, step_m)
    fall = np.float32(np.tan(np.radians(sun.elevation)) * step_m)
    over = height.copy()
    reach = 1
    while reach * step_m < REACH_M:
        down, right = round(rows * step_m * reach), round(cols * step_m * reach)
        moved = _moved(over, down, right)
        moved -= fall * np.float32(reach)
        np.maximum(over, moved, out=over)
        reach *= 2
    over -= height
    over *= np.float32(1 / 1.2)
    return np.clip(over, 0, 1, out=over)


def straight_rays(height: Float, sun: Sun, step_m: float, span_m: tuple[float, float]) -> Float:
    """Height (y, x) below which each pixel lies in the shadow of what stands towards the sun.

    Only things from span_m[0] to about span_m[1] metres away count. Doubling as in `shadow`, but by
    parts of pixels, so that edges of long shadows stay straight.
    """
    rows, cols = toward_sun(sun, step_m)
    rows, cols = rows * step_m, cols * step_m
    fall = float(np.tan(np.radians(sun.elevation)) * step_m)
    start = span_m[0] / step_m
    over = _slid(height, rows * start, cols * start) - np.float32(fall * start)
    reach = 1
    while reach * step_m < span_m[1]:
        moved = _slid(over, rows * reach, cols * reach)
        np.maximum(over, moved - np.float32(fall * reach), out=over)
        reach *= 2
    return over


def _slid(field: Float, down: float, right: float) -> Float:
    """The field with pixel (r, c) taken from (r + down, c + right); low beyond the edge."""
    shift = np.array([[1.0, 0.0, right], [0.0, 1.0, down]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = field.shape[1], field.shape[0]
    slid = cv2.warpAffine(field, shift, size, flags=flags, borderValue=-1e3)
    return np.asarray(slid, np.float32)


def _moved(field: Float, down: int, right: int) -> Float:
    """The field with pixel (r, c) taken from (r + down, c + right); very low beyond the edge."""
    out = np.full_like(field, -1e6)
    rows, cols = field.shape
    target = (
        slice(max(0, -down), rows - max(0, down)),
        slice(max(0, -right), cols - max(0, right)),
    )
    source = (
        slice(max(0, down), rows - max(0, -down)),
        slice(max(0, right), cols - max(0, -right)),
    )
    out[target] = field[source]
    return out


def slope_light(height: Float, relief: Float, sun: Sun, step_m: float) -> Float:
    """Brightness factor (y, x) of rough ground: brighter where it tilts to the sun."""
    azimuth = np.radians(sun.azimuth)
    east, north = np.sin(azimuth), np.cos(azimuth)
    climb = np.zeros_like(height)
    climb[:, 1:-1] += (height[:, 2:] - height[:, :-2]) * np.float32(east / (2 * step_m))
    climb[1:-1] += (height[:-2] - height[2:]) * np.float32(north / (2 * step_m))
    np.clip(climb, -0.8, 0.8, out=climb)
    climb *= np.float32(-1 / np.tan(np.radians(sun.elevation)) * (1 - SKYLIGHT))
    climb *= relief
    climb += np.float32(1)
    return np.maximum(climb, np.float32(SKYLIGHT), out=climb)


def lit(blocked: Float) -> Float:
    """Brightness factor from a shadow share."""
    return 1 - np.float32(1 - SKYLIGHT) * blocked
