"""Gains: how much brighter each frame is made, so that neighbours look alike."""

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

from tiles.drone.quick_look.links import Link

USUAL = 0.25
"""Logarithm by which frames of one flight differ: what is not seen together is left as it is."""
SEEN = 0.03
"""Error of the difference that one pair shows."""
MOST = 0.7
"""Logarithm of the largest gain: a factor of two."""


def gains(count: int, links: Sequence[Link]) -> NDArray[np.float64]:
    """(count, 3) factors of red, green and blue; links count among these frames."""
    rows = np.arange(len(links))
    first, second = (
        np.array([getattr(link, side) for link in links], int) for side in ("first", "second")
    )
    # a frame that sees its neighbour brighter by g is made brighter by half of it, and so on
    ones = np.ones(len(links)) / SEEN
    places = np.concatenate([rows, rows]), np.concatenate([first, second])
    pairs = sp.csr_matrix((np.concatenate([ones, -ones]), places), shape=(len(links), count))
    seen = np.array([link.gain for link in links]).reshape(-1, 3) / SEEN
    normal = sp.csc_matrix(pairs.T @ pairs + sp.identity(count) / USUAL**2)
    found: NDArray[np.float64] = np.exp(splu(normal).solve(pairs.T @ seen).clip(-MOST, MOST))
    return found
