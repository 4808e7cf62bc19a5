"""Numbers of any sensor brought near reflectance, so that one test for cloud serves them all."""

from collections.abc import Mapping

import numpy as np

from geo.raster import Float, Mask
from tiles.sources.source import REFLECTANCE

_DARKEST, _COMMON = 0.005, 0.2  # quantiles: deep shade and water; the darker part of the land
_COMMON_VISIBLE = 0.045
"""Reflectance of that part over the darkest: what delta land has, even under many clouds."""
_COMMON_NIR = 0.13
_MOST_SAMPLED = 1 << 20
_TOP, _PILED = 0.98, 0.003

VISIBLE = ("blue", "green", "red")
"""Bands that white shows in."""


def as_reflectance(
    planes: Mapping[str, Float], valid: Mask, *, reflectance: bool
) -> tuple[Mapping[str, Float], Mapping[str, float]]:
    """(bands as reflectance, 0 to 1, in place; what was taken off each, on that scale).

    Numbers that are not (`reflectance` false) lose their darkest value, band by band. One gain then
    brings the visible bands together to what land has, so that white stays white; near infrared has
    a gain of its own.
    """
    if reflectance:
        for plane in planes.values():
            np.multiply(plane, np.float32(1 / REFLECTANCE), out=plane)
        return planes, dict.fromkeys(planes, 0.0)
    step = max(1, valid.size // _MOST_SAMPLED)
    seen = valid.ravel()[::step] & ~piled_up(planes, valid).ravel()[::step]
    sample = {name: plane.ravel()[::step][seen] for name, plane in planes.items()}
    if not seen.any():
        return planes, dict.fromkeys(planes, 0.0)
    dark = {name: float(np.quantile(values, _DARKEST)) for name, values in sample.items()}
    spans = {
        name: max(1e-6, float(np.quantile(values, _COMMON)) - dark[name])
        for name, values in sample.items()
    }
    visible = [spans[name] for name in VISIBLE if name in spans]
    taken = {}
    for name, plane in planes.items():
        if name in VISIBLE:
            gain = _COMMON_VISIBLE / float(np.mean(visible))
        else:
            gain = _COMMON_NIR / spans[name]
        np.subtract(plane, np.float32(dark[name]), out=plane)
        np.multiply(plane, np.float32(gain), out=plane)
        taken[name] = dark[name] * gain
    return planes, taken


def piled_up(planes: Mapping[str, Float], valid: Mask) -> Mask:
    """(y, x) pixels at the top of what a sensor's numbers can count, in all visible bands.

    Nowhere where few stand there: those are what is brightest.
    """
    full = valid.copy()
    for plane in (planes[name] for name in VISIBLE if name in planes):
        full &= plane >= _TOP * np.max(plane, initial=0, where=valid)
    few = np.count_nonzero(full) < _PILED * np.count_nonzero(valid)
    return np.zeros_like(full) if few else full
