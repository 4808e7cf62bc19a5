"""Which arithmetic this processor is faster at, found by trying, not by its name."""

from functools import lru_cache
from time import perf_counter

import torch
from torch import nn

from models.network import channels_last

TRIES = 5
"""Timed runs of each; the fastest counts, so that a busy neighbour does not decide."""
WORTH_IT = 1.2
"""bfloat16 loses digits, so it must be this much faster."""


@lru_cache(maxsize=1)
def faster_precision() -> str:
    """`bfloat16` where its convolutions run clearly faster than float32's, else `float32`.

    A tenth of a second: dense 3 x 3 convolutions of the network's middle stage.
    """
    torch.set_num_threads(1)
    seconds = [_seconds(kind) for kind in (torch.float32, torch.bfloat16)]
    return "bfloat16" if seconds[0] > WORTH_IT * seconds[1] else "float32"


@torch.inference_mode()
def _seconds(kind: torch.dtype) -> float:
    net = channels_last(nn.Conv2d(64, 64, 3, padding=1).to(kind))
    image = torch.zeros(1, 64, 128, 128, dtype=kind).to(memory_format=torch.channels_last)
    best = float("inf")
    for _ in range(TRIES + 1):
        started = perf_counter()
        net(image)
        best = min(best, perf_counter() - started)
    return best
