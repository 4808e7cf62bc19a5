"""Survey: look at a bounded sample of a scene pair and record how the dates fit together."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from math import hypot

import numpy as np

from geo.geobox import GeoBox, Window
from geo.raster import Pair, Raster
from tiles.files.band_names import is_radar
from tiles.reading.reads_pairs import ReadsPairs, read_economically
from tiles.scene_fit import SceneFit
from tiles.survey.blocks import spread_blocks
from tiles.survey.gain import Values, fit_gains, identity_gains
from tiles.survey.shift import Image, Shift, agree, block_shift

BLOCKS = 64
"""Blocks looked at: 4 Mpx of each date."""
READS = 256
"""Blocks opened at most, when many show nothing on one of the dates."""
KEPT = 32
"""Blocks handed on to the detector's fit: 2 Mpx."""
PIXELS_PER_BLOCK = 1024
"""Pixels of a block that the gains are fitted on, evenly taken."""
SEEN = 0.01
"""Share of a block both dates must have seen for its pixels to be used."""
SEEN_FOR_SHIFT = 0.2
"""Share of a block both dates must have seen for its shift to be tried."""
CORRECTIONS = 3
"""Corrections of the shift at most; what each leaves is measured on pixels read anew."""
LEAST_POWER = 1e-4
"""Radar's noise, -40 dB: less power is none."""
SETTLED_PX = 0.05
"""A median shift of this length or less is left as it is."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What a survey hands on."""

    fit: SceneFit
    """How the before image lies on the after image, in place and in colour."""
    sample: tuple[Pair, ...]
    """At most `KEPT` blocks, read with `fit`: what a detector is fitted on."""


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """What one block showed."""

    window: Window
    """Where it lies."""
    shift: Shift | None
    """None where too little was seen to try, or no edge at all."""
    before: Values
    """(band, pixel), evenly taken where both dates were seen."""
    after: Values
    """(band, pixel), the same pixels."""


def survey(read: ReadsPairs, grid: GeoBox) -> Survey:
    """Measure shift and gains of a scene pair on at most `BLOCKS` blocks spread over `grid`.

    The shift is corrected only where enough blocks agree on one; what is left after the correction
    is measured on pixels read anew, and its RMS is `coregistration_px`. Where no block shows
    anything on both dates the sample is empty, the shift 0 and the gains 1.
    """
    read = read_economically(read, grid)
    windows = list(islice(spread_blocks(grid), READS))
    bands = read.read(windows[0]).bands
    unknown = SceneFit(0.0, 0.0, None, 0, 0, identity_gains(bands))
    fit, blocks = _settle_shift(read, unknown, _look(read, windows, unknown))
    if blocks:
        before = np.concatenate([block.before for block in blocks], axis=1)
        after = np.concatenate([block.after for block in blocks], axis=1)
        fit = replace(fit, gains=fit_gains(bands, before, after))
    return Survey(fit, tuple(read.read(block.window, fit) for block in blocks[:KEPT]))


def _settle_shift(
    read: ReadsPairs, unknown: SceneFit, blocks: list[_Block]
) -> tuple[SceneFit, list[_Block]]:
    """Correct the shift and look again until little is left; the last fit and look."""
    tried = sum(block.shift is not None for block in blocks)
    uncorrected = replace(unknown, blocks_tried=tried), blocks
    fit = unknown
    for corrections in range(CORRECTIONS + 1):
        shifts = [block.shift for block in blocks if block.shift is not None]
        found = agree(shifts)
        if found is None:  # also when blocks no longer agree after a correction: take it back
            return uncorrected
        x, y = fit.shift_x_px, fit.shift_y_px
        fit = SceneFit(x, y, found.rms_px, found.blocks, len(shifts), unknown.gains)
        if hypot(found.x_px, found.y_px) <= SETTLED_PX or corrections == CORRECTIONS:
            break
        fit = replace(fit, shift_x_px=x + found.x_px, shift_y_px=y + found.y_px)
        blocks = _look(read, [block.window for block in blocks], fit)
    return fit, blocks


def _look(read: ReadsPairs, windows: Iterable[Window], fit: SceneFit) -> list[_Block]:
    """Read windows until `BLOCKS` of them show something on both dates."""
    seen: list[_Block] = []
    for window in windows:
        pair = read.read(window, fit)
        if pair.observed.mean() >= SEEN:
            seen.append(_block(window, pair))
        if len(seen) == BLOCKS:
            break
    return seen


def _block(window: Window, pair: Pair) -> _Block:
    """Measure the shift of a block and take pixels of it."""
    observed = pair.observed
    every = max(1, int(observed.sum()) // PIXELS_PER_BLOCK)
    taken = np.flatnonzero(observed)[::every]
    before, after = (
        date.pixels.reshape(len(date.bands), -1)[:, taken].astype(np.float64)
        for date in (pair.before, pair.after)
    )
    shift = None
    if observed.mean() >= SEEN_FOR_SHIFT:
        shift = block_shift(_grey(pair.before), _grey(pair.after), observed)
    return _Block(window, shift, before, after)


def _grey(raster: Raster) -> Image:
    """Mean of the bands (y, x), of radar in bels: a few bright walls are not all of it."""
    pixels = raster.pixels
    if is_radar(raster.bands):
        pixels = np.log10(np.maximum(pixels, LEAST_POWER))
    grey: Image = pixels.mean(axis=0, dtype=np.float64)
    return grey
