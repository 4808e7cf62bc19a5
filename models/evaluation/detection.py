"""One labelled pair through a detector, as the line would: gains, halo, multiples."""

from math import ceil

import numpy as np

from geo.errors import InputError
from geo.geobox import Window
from geo.raster import ChangeMap, Mask, Pair, Raster
from models.detector import Detector
from tiles.survey.gain import apply_gains, fit_gains


def normalised(pair: Pair) -> Pair:
    """The pair with the before image brought to the after image's values, as the survey does."""
    seen = pair.observed
    values = [raster.pixels[:, seen].astype(np.float64) for raster in (pair.before, pair.after)]
    return Pair(apply_gains(pair.before, fit_gains(pair.bands, *values)), pair.after)


def change_in(pair: Pair, detector: Detector) -> ChangeMap:
    """What `detector`, fitted to this pair alone, says of it, on the pair's own grid.

    Raises InputError when the pair lacks a band the detector needs.
    """
    missing = [band for band in detector.bands if band not in pair.bands]
    if missing:
        raise InputError(
            f"{detector.name} needs the bands {', '.join(missing)}, "
            f"the images have {', '.join(pair.bands)}"
        )
    fitted = detector.fit((pair,))
    frame = _frame(pair, detector)
    change = fitted(_padded(pair, frame))
    inside = Window(0, 0, *pair.geobox.shape).relative_to(frame)
    return change.crop(*inside.slices, pair.geobox)


def changed_where(pair: Pair, detector: Detector, threshold: float) -> Mask:
    """Where (y, x) `detector`, fitted to this pair alone, calls change."""
    change = change_in(pair, detector)
    called: Mask = change.observed & (change.probability >= threshold)
    return called


def _frame(pair: Pair, detector: Detector) -> Window:
    """The pair's window with the detector's halo, in multiples of what it asks for."""
    step = detector.multiple_px
    halo = ceil(detector.halo_px / step) * step
    height, width = (ceil(edge / step) * step for edge in pair.geobox.shape)
    return Window(0, 0, height, width).pad(halo)


def _padded(pair: Pair, frame: Window) -> Pair:
    """The pair on a larger window; nothing is seen in the margin."""
    return Pair(_padded_raster(pair.before, frame), _padded_raster(pair.after, frame))


def _padded_raster(raster: Raster, frame: Window) -> Raster:
    height, width = raster.geobox.shape
    rows = (-frame.row, frame.row + frame.height - height)
    cols = (-frame.col, frame.col + frame.width - width)
    return Raster(
        raster.geobox.crop(frame),
        raster.bands,
        np.pad(raster.pixels, ((0, 0), rows, cols)),
        np.pad(raster.valid, (rows, cols)),
    )
