"""What an image's own numbers mean: dark and bright, how sharp, how noisy.

Composites are painted in levels: 0 is the dark end of an image's band (1st percentile), 1 the
bright end (99th). So a heap has plausible colours in any scale: reflectance, bytes, normalised.
"""

from dataclasses import dataclass

import numpy as np

from geo.raster import Float

_BLUR_PX = (0.0, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0)
_RATIO = (2.48, 2.78, 3.11, 3.37, 3.61, 3.80, 3.88, 3.95)
"""Mean squared difference over two pixels by that over one, of a step edge under that blur.

Integrated over pixels, that is over a box of one pixel taken as a normal one of 0.29 pixels.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Radiometry:
    """Scale, sharpness and noise of one image."""

    dark: Float
    """(band,) what level 0 is, in the image's units."""
    span: Float
    """(band,) from level 0 to level 1, in the image's units, above 0."""
    blur_px: float
    """Standard deviation of the blur that its edges show, pixels, 0 to 3."""
    noise: Float
    """(band,) standard deviation of the sensor's noise, in levels."""

    def to_units(self, levels: Float) -> Float:
        """Levels (band, y, x) in the image's units."""
        units: Float = self.dark[:, None, None] + self.span[:, None, None] * levels
        return units

    def to_levels(self, image: Float) -> Float:
        """An image (band, y, x) in levels."""
        levels: Float = (image - self.dark[:, None, None]) / self.span[:, None, None]
        return levels


def look(image: Float) -> Radiometry:
    """Radiometry of an image (band, y, x), from a sample of its pixels."""
    step = max(1, min(image.shape[1:]) // 64)
    sample = image[:, ::step, ::step].reshape(len(image), -1)
    dark, bright = np.percentile(sample, (1, 99), axis=1).astype(np.float32)
    least = np.maximum(0.05 * np.abs(sample.mean(axis=1)), 1e-3)
    span = np.maximum(bright - dark, least).astype(np.float32)
    along = np.abs(np.diff(image[:, :: 2 * step], axis=2)).reshape(len(image), -1)
    # a quarter of normal differences is below 0.45 sigma; half of what is left is taken for texture
    noise = np.percentile(along[:, ::3], 25, axis=1) / 0.45 * 0.5 / span
    return Radiometry(dark, span, _blur(image[1]), np.minimum(noise, 0.03).astype(np.float32))


def _blur(band: Float) -> float:
    """Blur of a band's edges by the structure function of steps, pixels."""
    rows = band[::2]
    near = float(np.square(rows[:, 1:] - rows[:, :-1]).mean())
    far = float(np.square(rows[:, 2:] - rows[:, :-2]).mean())
    return float(np.interp(far / max(near, 1e-12), _RATIO, _BLUR_PX))
