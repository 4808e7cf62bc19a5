"""Whether an uncertainty puts the errors first."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from geo.raster import Mask


def errors_first(uncertainty: NDArray[np.float64], confirmed: Mask) -> float | None:
    """Chance that a false candidate (n) is less certain than a confirmed one, ties half.

    The area under the ROC curve (J. A. Hanley and B. J. McNeil, 1982): one half says that sorting a
    review by it finds errors no sooner than chance does. None where all are of one kind.
    """
    false, true = int((~confirmed).sum()), int(confirmed.sum())
    if false == 0 or true == 0:
        return None
    ranks = rankdata(uncertainty)[~confirmed].sum()
    return float((ranks - false * (false + 1) / 2) / (false * true))
