"""Networks that run as the trained ones do, before there are weights: speed knows no values."""

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from models.forward import DTYPES, fold_norms, fold_scale
from models.network import BANDS, PlainSiamese, channels_last

SEEN = BANDS[:3]
"""Bands of the measured tiles: red, green and blue."""
SETTLING_PX = 64
"""Edge of the noise whose statistics the normalisations take over."""


def settled(net: nn.Module, bands: int) -> nn.Module:
    """The same net, its batch statistics those of noise: no value fades into denormals."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        net.train()(*noise(SETTLING_PX, "float32", bands))
    return net.eval()


def folded_detector(precision: str) -> nn.Module:
    """The detector's network with random weights, folded as `models.forward.ready` does."""
    torch.manual_seed(0)
    net = PlainSiamese()
    settled(net, len(BANDS))
    fold_norms(net)
    fold_scale(net, SEEN, (1.0,) * len(SEEN))
    return channels_last(net.to(DTYPES[precision]))


def noise(edge_px: int, precision: str, bands: int = len(SEEN)) -> tuple[Tensor, Tensor]:
    """Two dates (1, band, y, x) of standard normal noise, channels last."""
    generator = torch.Generator().manual_seed(0)
    before, after = (
        torch.randn(1, bands, edge_px, edge_px, generator=generator).to(
            DTYPES[precision], memory_format=torch.channels_last
        )
        for _ in range(2)
    )
    return before, after


@torch.inference_mode()
def operations(net: nn.Module, dates: tuple[Tensor, Tensor]) -> int:
    """Floating-point operations of one call: two per multiplication and addition of matrices."""
    with FlopCounterMode(display=False) as counter:
        net(*dates)
    return int(counter.get_total_flops())
