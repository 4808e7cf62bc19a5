"""A producer's classification joined with probability, pixels and earlier images.

Classifications take bright roofs, bare sand and foam for cloud, which is what is looked for here,
and miss thin cloud and the edges of thick.
"""

import cv2
import numpy as np
from scipy import ndimage

from geo.raster import Codes, Float, Mask
from tiles.clear.cells import Cells
from tiles.clear.cloud import CLOUD, HAZE, sky_of
from tiles.clear.codes import SaidCells

DENIED_BELOW = 25.0
"""Mean probability of cloud, in percent, under which a small cloud is none."""
LARGEST_DENIED_M2 = 160_000.0
"""No roof or yard is larger; a cloud this large stays one, whatever its probability."""
SUPPORTED_FROM = 25.0
"""Probability, in percent, from which what looks like cloud is cloud."""


def joined(
    said: SaidCells, cells: Cells, probability: Float | None, earlier: Cells | None
) -> tuple[Codes, Mask]:
    """(sky, denied): codes of `cloud.sky_of` per cell, and where cloud was said for nothing.

    `probability` is in percent (y, x), NaN where unknown. What the pixels show adds cloud only
    where probability, or without it an `earlier` clear image, supports it.
    """
    cloud = said.cloud.copy()
    denied: Mask = np.zeros_like(cloud)
    if probability is not None:
        denied = _denied(cloud, probability, cells.size_m)
        cloud &= ~denied
    if probability is not None or earlier is not None:
        own = sky_of(cells, earlier) != 0
        if probability is not None:
            own &= np.nan_to_num(probability, nan=100.0) >= SUPPORTED_FROM
        cloud |= own & ~denied
    sky: Codes = np.zeros(cloud.shape, np.uint8)
    sky[said.cirrus] = HAZE
    sky[cloud] = CLOUD
    return sky, denied


def _denied(cloud: Mask, probability: Float, size_m: float) -> Mask:
    """Small connected clouds of low probability."""
    count, labels = cv2.connectedComponents(cloud.astype(np.uint8), connectivity=8)
    index = np.arange(count)
    known = np.isfinite(probability)
    area = np.bincount(labels.ravel(), minlength=count) * size_m**2
    likely = np.where(known, probability, np.float32(100))
    mean = np.asarray(ndimage.mean(likely, labels, index))
    low = (area <= LARGEST_DENIED_M2) & (mean < DENIED_BELOW)
    low[0] = False
    return np.asarray(low[labels], dtype=np.bool_)
