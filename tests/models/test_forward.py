"""The network ready to run is the trained network: folded, out of reach, either way round."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from models.forward import DTYPES, fold_norms, fold_scale, run
from models.network import BANDS, REACH_PX, STRIDE, Mix, PlainSiamese, Shape, channels_last

SEEDS = st.integers(0, 2**16)
NARROW = Shape((4, 4, 8, 8), 4, 4)
"""Reach and symmetry do not depend on widths."""


def trained(seed: int, shape: Shape = NARROW) -> PlainSiamese:
    """A network with random weights whose normalisations saw random ground."""
    torch.manual_seed(seed)
    net = PlainSiamese(shape)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, 0, 0.3)
            nn.init.uniform_(module.running_var, 0.2, 2)
            nn.init.uniform_(module.weight, 0.5, 2)
            nn.init.normal_(module.bias, 0, 0.3)
    return net.eval()


def dates(seed: int, bands: int, edge: int = 64) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    before, after = rng.normal(size=(2, bands, edge, edge)).astype(np.float32)
    return before, after


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, count=st.sampled_from([3, 4, 5]))
def test_a_folded_network_is_the_trained_one(seed: int, count: int) -> None:
    net, before, after = trained(seed), *dates(seed, count)
    spread = np.random.default_rng(seed).uniform(0.1, 100, count)
    rest = np.zeros((1, len(BANDS) - count, *before.shape[1:]), np.float32)
    full = [torch.from_numpy(np.concatenate([x[None], rest], 1)) for x in (before, after)]
    with torch.inference_mode():
        change, classes = net(*full)
    folded = deepcopy(net)
    fold_norms(folded)
    fold_scale(folded, BANDS[:count], tuple(spread.tolist()))
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    raw = [x * spread.astype(np.float32)[:, None, None] for x in (before, after)]
    logit, codes, unsure = run(channels_last(folded), *raw)
    np.testing.assert_allclose(logit, change[0, 0].numpy(), rtol=1e-4, atol=1e-4)
    share = torch.softmax(classes[0], 0)
    entropy = torch.special.entr(share).sum(0) / np.log(len(share))
    np.testing.assert_allclose(unsure, entropy.numpy(), atol=1e-4)
    chosen = share.gather(0, torch.from_numpy(codes)[None].long() - 1)[0]
    np.testing.assert_allclose(chosen.numpy(), share.max(0).values.numpy(), atol=1e-4)


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_the_mix_is_one_convolution_of_both_halves(seed: int) -> None:
    torch.manual_seed(seed)
    mix, both = Mix(6, 5).double(), torch.randn(4, 6, 8, 8, dtype=torch.float64)
    a, b = both[:2], both[2:]
    side_by_side = torch.cat([(a - b).abs(), a + b], 1)
    wanted = nn.functional.conv2d(side_by_side, mix.weight, mix.bias)
    torch.testing.assert_close(mix(both), wanted, rtol=1e-12, atol=1e-12)


EDGE = 17 * STRIDE
"""Wide enough that every pixel has others out of reach."""


def said(net: nn.Module, before: Tensor, after: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Logits of change, and of classes at the grid of pixels (class, y, x)."""
    with torch.inference_mode():
        change, classes = net(before, after)
    return change[0, 0].numpy(), np.kron(classes[0].numpy(), np.ones((1, 4, 4)))


@settings(max_examples=3, deadline=None)
@given(seed=SEEDS, row=st.integers(0, EDGE - 1), col=st.integers(0, EDGE - 1))
def test_pixels_out_of_reach_have_no_influence(seed: int, row: int, col: int) -> None:
    net = trained(seed).double()
    before, after = torch.randn(2, 1, len(BANDS), EDGE, EDGE, dtype=torch.float64)
    other = after.clone()
    other[..., row, col] += 1e3
    change, classes = said(net, before, after)
    moved, reclassed = said(net, before, other)
    y, x = np.ogrid[:EDGE, :EDGE]
    out = np.maximum(abs(y - row), abs(x - col)) > REACH_PX
    assert out.any()
    np.testing.assert_allclose(moved[out], change[out], rtol=0, atol=1e-12)
    np.testing.assert_allclose(reclassed[:, out], classes[:, out], rtol=0, atol=1e-12)
    assert abs(moved - change)[~out].max() > 1e-6


@settings(max_examples=3, deadline=None)
@given(seed=SEEDS, down=st.integers(0, 4), right=st.integers(0, 4))
def test_a_window_with_its_halo_says_what_the_whole_says(seed: int, down: int, right: int) -> None:
    net = trained(seed).double()
    before, after = torch.randn(2, 1, len(BANDS), EDGE, EDGE, dtype=torch.float64)
    size = 2 * REACH_PX + STRIDE
    rows, cols = (slice(STRIDE * n, STRIDE * n + size) for n in (down, right))
    whole, kinds = said(net, before, after)
    part, part_kinds = said(net, before[..., rows, cols], after[..., rows, cols])
    core = slice(REACH_PX, -REACH_PX)
    np.testing.assert_allclose(part[core, core], whole[rows, cols][core, core], atol=1e-12)
    np.testing.assert_allclose(
        part_kinds[:, core, core], kinds[:, rows, cols][:, core, core], atol=1e-12
    )


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_swapped_dates_are_as_likely_changed(seed: int) -> None:
    net, (before, after) = trained(seed), dates(seed, len(BANDS))
    fold_norms(net)
    there, back = run(net, before, after)[0], run(net, after, before)[0]
    np.testing.assert_allclose(there, back, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("mean", [0.0, 8000.0])
def test_half_the_digits_say_nearly_the_same(mean: float) -> None:
    """Centred before they lose digits, values far from 0 lose no more than others."""
    before, after = (mean + 300 * x for x in dates(1, 3))
    logits = {}
    for precision, kind in DTYPES.items():
        net = trained(1, Shape())
        fold_norms(net)
        fold_scale(net, BANDS[:3], (300.0,) * 3)
        ready = channels_last(net.to(kind))
        logits[precision] = run(ready, before - np.float32(mean), after - np.float32(mean))[0]
    off = logits["bfloat16"] - logits["float32"]
    assert np.sqrt(np.mean(off**2)) < 0.05 * logits["float32"].std()
