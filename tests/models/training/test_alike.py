"""What only looks like a change: every kind is shown, and weighs more."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.training.bank import ALIKE, UNKNOWN, tile_of
from models.training.losses import ALIKE_WEIGHT, change_loss

CODES = arrays(np.uint8, (24, 24), elements=st.sampled_from([0, 0, 0, 1, 4]))


@given(CODES)
def test_every_kind_has_as_many_places(codes: np.ndarray) -> None:
    image = np.random.default_rng(0).integers(0, 255, (3, 24, 24), dtype=np.uint8)
    nothing = np.zeros_like(codes)
    tile = tile_of(("red", "green", "blue"), 2.0, image, image, nothing, nothing, lookalikes=codes)
    rows, cols = tile.lookalikes.T
    shown = codes[rows, cols]
    assert (shown > 0).all() and not len(tile.changes)
    there = set(np.unique(codes[::4, ::4])) - {0}
    counts = {int(kind): int((shown == kind).sum()) for kind in there}
    assert set(np.unique(shown)) == there and len(set(counts.values())) <= 1


def test_taking_it_for_a_change_costs_more() -> None:
    sure = torch.full((1, 1, 16, 16), 2.0)
    plain, alike = (torch.full((1, 16, 16), code, dtype=torch.uint8) for code in (0, ALIKE))
    extra = change_loss(sure, alike) - change_loss(sure, plain)
    assert torch.isclose(extra, (ALIKE_WEIGHT - 1) * torch.nn.functional.softplus(sure).mean())
    unknown = torch.full((1, 16, 16), UNKNOWN, dtype=torch.uint8)
    assert change_loss(sure, unknown) == 0
