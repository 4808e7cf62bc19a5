"""What may differ between two looks at unchanged ground: light, air, sharpness, position.

Arrays are float32 (band, y, x) in the units of the source; nothing here changes what is true.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from geo.raster import Float

Layer = NDArray[Any]
"""Pixels or codes (..., y, x)."""

MAX_SHIFT_PX = 3.0
"""Shifts between the dates reach this far; most are below one pixel."""


def dihedral(rng: np.random.Generator, *layers: Layer) -> tuple[Layer, ...]:
    """All layers (..., y, x) turned by the same quarter and mirrored alike."""
    turns, mirrored = int(rng.integers(4)), bool(rng.random() < 0.5)
    done: list[Layer] = []
    for layer in layers:
        turned = np.rot90(layer, turns, axes=(-2, -1))
        done.append(np.ascontiguousarray(turned[..., ::-1] if mirrored else turned))
    return tuple(done)


def resized(image: Float, edge: int) -> Float:
    """(band, y, x) brought to `edge` pixels: means when smaller, smooth when larger."""
    if image.shape[-1] == edge:
        return image
    how = cv2.INTER_AREA if edge < image.shape[-1] else cv2.INTER_LINEAR
    return np.stack([cv2.resize(plane, (edge, edge), interpolation=how) for plane in image])


def moved(rng: np.random.Generator, image: Float) -> Float:
    """Moved by a shift and turned by a hair; the edge is mirrored."""
    reach = MAX_SHIFT_PX if rng.random() < 0.15 else 0.7
    x, y = np.clip(rng.normal(0, reach / 1.5, 2), -MAX_SHIFT_PX, MAX_SHIFT_PX)
    turn = np.deg2rad(rng.normal(0, 0.15))
    edge = image.shape[-1]
    cos, sin, middle = np.cos(turn), np.sin(turn), edge / 2
    matrix = np.array(
        [
            [cos, -sin, x + middle - cos * middle + sin * middle],
            [sin, cos, y + middle - sin * middle - cos * middle],
        ]
    )
    planes = [
        cv2.warpAffine(
            plane, matrix, (edge, edge), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        )
        for plane in image
    ]
    return np.stack(planes)


def seen_anew(rng: np.random.Generator, image: Float) -> Float:
    """Another light, air, lens and sensor: values in standard deviations (band, y, x)."""
    bands = len(image)
    out = image
    if rng.random() < 0.35:
        sigma = float(rng.uniform(0.3, 1.3))
        out = np.stack([cv2.GaussianBlur(plane, (0, 0), sigma) for plane in out])
    elif rng.random() < 0.3:
        soft = np.stack([cv2.GaussianBlur(plane, (0, 0), 1.0) for plane in out])
        out = out + np.float32(rng.uniform(0.1, 0.7)) * (out - soft)
    gain = np.exp(rng.normal(0, 0.12) + rng.normal(0, 0.08, bands)).astype(np.float32)
    offset = (rng.normal(0, 0.15) + rng.normal(0, 0.12, bands)).astype(np.float32)
    out = out * gain[:, None, None] + offset[:, None, None]
    if rng.random() < 0.3:
        out = out + _slow_field(rng, image.shape[-1], 0.25)
    if rng.random() < 0.15:
        thick = np.clip(_slow_field(rng, image.shape[-1], 0.25) + rng.uniform(0, 0.35), 0, 0.6)
        out = out * (1 - thick) + np.float32(rng.uniform(0.5, 2.0)) * thick
    if rng.random() < 0.5:
        noise = rng.standard_normal(out.shape, dtype=np.float32)
        out = out + noise * np.float32(rng.uniform(0.02, 0.18))
    return out.astype(np.float32, copy=False)


def common_scale(rng: np.random.Generator, bands: int) -> tuple[Float, Float]:
    """Gain and offset (band, 1, 1) for both dates: a scene's spread is not its tile's."""
    gain = np.exp(rng.normal(0, 0.25) + rng.normal(0, 0.1, bands))
    offset = rng.normal(0, 0.4) + rng.normal(0, 0.2, bands)
    return (
        gain.astype(np.float32)[:, None, None],
        offset.astype(np.float32)[:, None, None],
    )


def _slow_field(rng: np.random.Generator, edge: int, strength: float) -> Float:
    """A smooth field (y, x) of a few bumps, of about `strength`."""
    coarse = rng.normal(0, strength, (4, 4)).astype(np.float32)
    field = cv2.resize(coarse, (edge, edge), interpolation=cv2.INTER_CUBIC)
    return np.asarray(field, np.float32)
