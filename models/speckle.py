"""Speckle: filters that free radar power of it, the same for a pixel whatever tile it lies in.

J.-S. Lee, "Digital image enhancement and noise filtering by use of local statistics", IEEE PAMI
2(2), 1980: a pixel is drawn to the mean of its window, the more so the less the window varies
beyond what speckle alone would. How much is told by both dates together, as S. Quegan and J. J. Yu
filter many ("Filtering of multichannel SAR images", IEEE TGRS 39(11), 2001): what the dates share
is ground, what they do not is speckle or change. docs/models.md says what it was chosen from.
"""

from collections.abc import Sequence

import numpy as np

from geo.raster import Float, Mask

RADIUS_PX = 2
"""Windows of 5 x 5 pixels: half the edge of the smallest area that may become a candidate."""
EVEN_SHARE = 0.4
"""Of windows, the share that is taken for even ground: on made-up ground that gives its looks."""
FEWEST_LOOKS, MOST_LOOKS = 1.0, 100.0
"""Bounds of an estimate: one look is the least there is, a hundred is no speckle to speak of."""


def lee_jointly(
    dates: tuple[Float, Float], seen: Mask, looks: tuple[float, float], radius: int = RADIUS_PX
) -> tuple[Float, Float]:
    """Filter the power (band, y, x), 0 or more, of two dates; only what was `seen` has a share.

    `looks` are their equivalent numbers of looks. How much a pixel keeps of its own is told by the
    mean of the dates, whose speckle is independent: half as much of it hides the ground. Where
    nothing of a window was seen the result is 0.
    """
    noise = np.float32(1 / sum(looks))
    count = window_sum(seen.astype(np.float32), radius)
    np.maximum(count, 1, out=count)
    out = np.empty_like(dates[0]), np.empty_like(dates[1])
    for band in range(len(dates[0])):
        kept = [np.where(seen, power[band], np.float32(0)) for power in dates]
        means = [window_sum(plane, radius) / count for plane in kept]
        middle, mean = _mean(*kept), _mean(*means)
        square = window_sum(np.square(middle), radius) / count
        share = _weight(mean, square, noise)
        for plane, average, filtered in zip(kept, means, out, strict=True):
            filtered[band] = average + share * (plane - average)
    return out


def _mean(one: Float, other: Float) -> Float:
    middle: Float = one + other
    middle *= np.float32(0.5)
    return middle


def _weight(mean: Float, square: Float, noise: np.float32) -> Float:
    """How much of a pixel's own value is kept, 0 to 1."""
    varied = square - np.square(mean)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = varied / np.square(mean)
        share = (1 - noise / relative) / (1 + noise)
    kept: Float = np.where(relative > noise, share, np.float32(0)).astype(np.float32)
    return kept


def window_sum(plane: Float, radius: int) -> Float:
    """Sum (y, x) over windows of 2 radius + 1 pixels, 0 beyond the edges.

    Added one by one in a fixed order: running sums would round by where the tile begins.
    """
    down = _shifted_sum(plane, radius, 0)
    return _shifted_sum(down, radius, 1)


def _shifted_sum(plane: Float, radius: int, axis: int) -> Float:
    length = plane.shape[axis]
    pad = [(0, 0), (0, 0)]
    pad[axis] = (radius, radius)
    wide = np.pad(plane, pad)
    parts = [
        wide[start : start + length] if axis == 0 else wide[:, start : start + length]
        for start in range(2 * radius + 1)
    ]
    total: Float = parts[0].copy()
    for part in parts[1:]:
        total += part
    return total


def looks_of(images: Sequence[tuple[Float, Mask]], radius: int = RADIUS_PX) -> float:
    """Equivalent number of looks of images (power (band, y, x), seen (y, x)), 1 to 100.

    Mean squared over variance within wholly seen windows, the usual estimate, at the quantile
    EVEN_SHARE of how much they vary. Without a whole window it is 1.
    """
    area = np.float32((2 * radius + 1) ** 2)
    found = []
    for power, seen in images:
        whole = window_sum(seen.astype(np.float32), radius) == area
        for plane in power:
            mean = window_sum(plane, radius)[whole] / area
            square = window_sum(np.square(plane), radius)[whole] / area
            lit = mean > 0
            found.append(square[lit] / np.square(mean[lit]) - 1)
    relative = np.concatenate(found) if found else np.empty(0, np.float32)
    if not relative.size:
        return FEWEST_LOOKS
    even = float(np.quantile(relative, EVEN_SHARE))
    return float(np.clip(1 / max(even, 1 / MOST_LOOKS), FEWEST_LOOKS, MOST_LOOKS))
