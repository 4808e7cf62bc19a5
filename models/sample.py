"""The survey's sample as plain arrays, the way a statistical fit wants it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from geo.errors import SceneError
from geo.raster import Pair

Values = NDArray[np.float64]

MIN_PIXELS = 50
"""Observed pixels a fit needs: the smallest area that may become a lead."""
MAX_PIXELS = 250_000
"""Pixels a fit looks at: enough for covariances to a fraction of a percent."""


def observed_pixels(sample: Sequence[Pair]) -> tuple[Values, Values]:
    """Before and after values (band, pixel) where both dates were seen, evenly thinned.

    At most `MAX_PIXELS` pixels come back, the same every time. Raises SceneError when the sample
    holds fewer than `MIN_PIXELS`.
    """
    seen = sum(int(pair.observed.sum()) for pair in sample)
    if seen < MIN_PIXELS:
        raise SceneError(
            f"nothing to compare: {seen} pixels observed on both dates in {len(sample)} sampled "
            f"blocks, needs {MIN_PIXELS}; check nodata, clouds and overlap of the two images"
        )
    every = -(-seen // MAX_PIXELS)
    dates = (
        [pair.before.pixels[:, pair.observed] for pair in sample],
        [pair.after.pixels[:, pair.observed] for pair in sample],
    )
    before, after = (np.concatenate(parts, axis=1)[:, ::every] for parts in dates)
    return before.astype(np.float64), after.astype(np.float64)
