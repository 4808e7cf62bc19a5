"""Which device and arithmetic run a network fastest here, found by trying, not by its name."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from time import perf_counter, thread_time

import torch
from torch import nn

from geo.errors import InputError
from models.forward import ready
from models.network import BANDS

TRIES = 3
"""Timed runs of each; the fastest counts, so that a busy neighbour does not decide."""
WORTH_IT = 1.2
"""bfloat16 loses digits, so it must be this much faster than float32 on the same device."""
EDGES_PX = {"cpu": 512, "cuda": 2048}
"""Edge of the tile that is tried: on a processor about a second for all, on a GPU enough work."""


@dataclass(frozen=True, slots=True)
class Speed:
    """One way to run a network, and how fast it was."""

    device: str
    """`cpu`, one thread of it, or `cuda`, the first GPU that this process may use."""
    precision: str
    """`float32` or `bfloat16`."""
    megapixels_per_second: float
    """Of the network alone in one process; a pixel counts once. Seconds are of the clock on a
    GPU, of the processor on a processor: a busy neighbour must not choose the arithmetic."""


def chosen(path: Path, sha256: str, device: str, precision: str) -> tuple[str, str]:
    """Device and precision for a weights file here; `auto` for either leaves it to `self_test`.

    A GPU is taken where it beats all processors together. Raises InputError when `device` is not
    here.
    """
    devices = ["cuda", "cpu"] if gpu_works() else ["cpu"]
    if device not in ("auto", *devices):
        raise InputError(
            f"device {device!r} is not on this machine, which has {', '.join(devices)}: go on "
            "where there is one, or start the run anew"
        )
    ways = [
        (place, kind)
        for place in (devices if device == "auto" else [device])
        for kind in (kinds_on(place) if precision == "auto" else [precision])
    ]
    if len(ways) == 1:
        return ways[0]
    best = max(self_test(path, sha256, tuple(ways)), key=_worth)
    return best.device, best.precision


def gpu_works() -> bool:
    """Whether torch can use a GPU in this process."""
    return torch.cuda.is_available()


def kinds_on(device: str) -> list[str]:
    """The arithmetic a device is tried with."""
    if device == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
        return ["float32"]
    return ["float32", "bfloat16"]


@lru_cache(maxsize=8)
def self_test(path: Path, sha256: str, ways: tuple[tuple[str, str], ...]) -> tuple[Speed, ...]:
    """The speed of a weights file's network in each of these ways (device, precision)."""
    return tuple(_speed(path, sha256, device, precision) for device, precision in ways)


def _worth(speed: Speed) -> float:
    """Rate, less what half the digits cost; a processor has as many threads as we may use."""
    rate = speed.megapixels_per_second / (WORTH_IT if speed.precision != "float32" else 1)
    return rate * len(os.sched_getaffinity(0)) if speed.device == "cpu" else rate


@torch.inference_mode()
def _speed(path: Path, sha256: str, device: str, precision: str) -> Speed:
    bands = BANDS[:3]
    net, edge = ready(path, sha256, bands, (1.0,) * len(bands), precision, device), EDGES_PX[device]
    like = next(net.parameters())
    dates = [
        torch.zeros(1, len(bands), edge, edge).to(like, memory_format=torch.channels_last)
        for _ in range(2)
    ]
    best = min(_seconds(lambda: net(*dates)[0], like) for _ in range(TRIES + 1))
    return Speed(device, precision, edge * edge / 1e6 / best)


def _seconds(call: Callable[[], torch.Tensor], like: nn.Parameter) -> float:
    if like.device.type != "cuda":
        started = thread_time()
        call()
        return thread_time() - started
    started = perf_counter()
    call()
    torch.cuda.synchronize(like.device)
    return perf_counter() - started
