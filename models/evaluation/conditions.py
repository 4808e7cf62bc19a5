"""Conditions: what a pair looks like when the two images fit less well than they were delivered."""

from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from geo.errors import InputError
from geo.raster import Codes, Float, Mask, Pair, Raster
from models.evaluation.case import Case

SEED = 20261122
"""Of every direction, colour and patch of haze; with the pair's name, so that a rerun is alike."""
MOST_SHIFT_PX = 3.0
"""Larger shifts are for the survey to find."""
_REACH_PX = 2  # pixels that mix with what was not seen when an image is moved


@dataclass(frozen=True, slots=True)
class Condition:
    """How much worse the dates fit; nothing at all by default."""

    shift_px: float = 0.0
    """The after image, with what is true of it, is moved so far, in a direction drawn per pair."""
    colour: float = 0.0
    """Gains of the after image's bands differ by up to this share, offsets by up to this share of
    the band's standard deviation."""
    haze: float = 0.0
    """Mean share of the after image's light that comes from the air; it varies over the pair."""

    def __post_init__(self) -> None:
        if not 0 <= self.shift_px <= MOST_SHIFT_PX:
            raise InputError(f"shift of {self.shift_px} px: needs 0 to {MOST_SHIFT_PX:g}")
        for name in ("colour", "haze"):
            if not 0 <= getattr(self, name) <= 0.5:
                raise InputError(f"{name} of {getattr(self, name)}: needs 0 to 0.5")

    @property
    def name(self) -> str:
        """Row title: `as delivered`, or what was done."""
        done = {"shift": self.shift_px, "colour": self.colour, "haze": self.haze}
        parts = [f"{what} {much:g}" for what, much in done.items() if much]
        return ", ".join(parts) or "as delivered"


ROBUSTNESS = (
    *(Condition(shift_px=px) for px in (0.0, 1.0, 2.0, 3.0)),
    *(Condition(colour=share) for share in (0.1, 0.2)),
    *(Condition(haze=share) for share in (0.15, 0.3)),
)
"""The rows of the robustness table."""


def under(condition: Condition, case: Case) -> Case:
    """The case as it is under a condition; the before image stays as it is."""
    rng = np.random.default_rng([SEED, crc32(case.name.encode())])
    turn, colours, waves = rng.uniform(0, 2 * np.pi), rng.spawn(1)[0], rng.spawn(1)[0]
    if condition.haze:
        case = _with_after(case, hazy(case.pair.after, condition.haze, waves))
    if condition.colour:
        case = _with_after(case, recoloured(case.pair.after, condition.colour, colours))
    if condition.shift_px:
        step = condition.shift_px * np.array([np.sin(turn), np.cos(turn)])
        case = moved(case, (float(step[0]), float(step[1])))
    return case


def moved(case: Case, step: tuple[float, float]) -> Case:
    """The case with its after image and its truth moved by `step` (rows, columns).

    The image by cubic splines, truth and mask to the nearest pixel; what comes in over the edge, or
    next to pixels that were not seen, counts as not seen.
    """
    after = case.pair.after
    blind = ndimage.binary_dilation(
        ~after.valid, np.ones((2 * _REACH_PX + 1,) * 2, dtype=bool), border_value=1
    )
    pixels = np.stack(
        [ndimage.shift(_filled(band, after.valid), step, mode="nearest") for band in after.pixels]
    )
    valid = _moved_mask(~blind, step)
    return replace(
        case,
        pair=Pair(case.pair.before, replace(after, pixels=pixels, valid=valid)),
        changed=_moved_mask(case.changed, step),
        classes=None if case.classes is None else _moved(case.classes, step),
        lookalikes=None if case.lookalikes is None else _moved(case.lookalikes, step),
        ignored=None if case.ignored is None else _moved_mask(case.ignored, step),
    )


def recoloured(raster: Raster, share: float, rng: np.random.Generator) -> Raster:
    """The raster with other gains and offsets, drawn per band."""
    gain, offset = rng.uniform(-share, share, (2, len(raster.bands)))
    spread = raster.pixels[:, raster.valid].std(axis=1) if raster.valid.any() else 0.0
    pixels = raster.pixels * _per_band(1 + gain) + _per_band(offset * spread)
    return replace(raster, pixels=pixels)


def hazy(raster: Raster, share: float, rng: np.random.Generator) -> Raster:
    """The raster under haze: part of each pixel's light is the air's, as bright as its bright land.

    The part is a slow wave over the pair, between 0 and twice `share`.
    """
    height, width = raster.geobox.shape
    rows, cols = np.linspace(0, 1, height)[:, None], np.linspace(0, 1, width)[None]
    turn, phase = rng.uniform(0, 2 * np.pi, 2)
    along = np.cos(turn) * cols + np.sin(turn) * rows
    veil = (share * (1 + np.sin(2 * np.pi * along + phase))).astype(np.float32)
    seen = raster.pixels[:, raster.valid]
    air = _per_band(np.percentile(seen, 98, axis=1) if seen.size else np.zeros(len(seen)))
    return replace(raster, pixels=raster.pixels * (1 - veil) + air * veil)


def _with_after(case: Case, after: Raster) -> Case:
    return replace(case, pair=Pair(case.pair.before, after))


def _per_band(values: NDArray[np.float64]) -> Float:
    return values.astype(np.float32)[:, None, None]


def _filled(band: Float, valid: Mask) -> Float:
    """The band with its mean where it was not seen: splines reach far."""
    return np.where(valid, band, band[valid].mean() if valid.any() else 0).astype(np.float32)


def _moved(codes: Codes, step: tuple[float, float]) -> Codes:
    shifted: Codes = ndimage.shift(codes, step, order=0, mode="constant", cval=0)
    return shifted


def _moved_mask(mask: Mask, step: tuple[float, float]) -> Mask:
    return _moved(mask.view(np.uint8), step).view(np.bool_)
