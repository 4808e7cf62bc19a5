"""The most this processor does with matrices in one precision, found by trying."""

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from models.bench.clock import Call
from models.forward import DTYPES
from models.network import channels_last

MATRIX_EDGES = (2048, 4096)
"""Edges of the square matrices that are multiplied."""
IMAGE_EDGES_PX = (64, 128)
"""Edges of the images of a dense 3 x 3 convolution."""
CHANNELS, IMAGES = 128, 2
"""Channels in and out of that convolution, and images of one call."""

Trial = tuple[Call, int]
"""What to call, and the floating-point operations of one call."""


def trials(
    precision: str,
    matrix_edges: Sequence[int] = MATRIX_EDGES,
    image_edges_px: Sequence[int] = IMAGE_EDGES_PX,
) -> dict[str, Trial]:
    """Dense products and dense convolutions, by what a report calls them."""
    kind = DTYPES[precision]
    products = {f"matmul_{n}": _product(n, kind) for n in matrix_edges}
    return products | {f"conv3x3_{n}px": _convolution(n, kind) for n in image_edges_px}


def gigaflops(
    found: Mapping[str, Trial], seconds: Mapping[str, Sequence[float]]
) -> dict[str, float]:
    """Rate of each trial's fastest call, in 1e9 operations per second."""
    return {name: size / min(seconds[name]) / 1e9 for name, (_, size) in found.items()}


def _product(edge: int, kind: torch.dtype) -> Trial:
    left, right = torch.randn(2, edge, edge).to(kind)
    return (lambda: left @ right), 2 * edge**3


def _convolution(edge_px: int, kind: torch.dtype) -> Trial:
    net = channels_last(nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False).to(kind))
    images = torch.randn(IMAGES, CHANNELS, edge_px, edge_px).to(kind)
    images = images.to(memory_format=torch.channels_last)
    return (lambda: net(images)), 2 * IMAGES * 9 * CHANNELS**2 * edge_px**2
