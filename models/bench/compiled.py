"""The network compiled by torch.compile, in a process of its own: nothing else compiles it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from statistics import median
from types import MappingProxyType
from typing import Any

import torch

from models.bench.clock import Call, seconds_in_turns
from models.bench.networks import folded_detector, noise

OPTIONS: Mapping[str, str | int | bool] = MappingProxyType({"freezing": True, "cpp.threads": 1})
"""Of TorchInductor: weights are constants, one thread."""
NOT_COMPILED: Mapping[str, Any] = MappingProxyType(
    {"ratio": None, "difference": None, "reason": "not asked for"}
)
"""What is said of a network that was not compiled."""


def compiled(precision: str, tile_px: int, runs: int, limit_s: float) -> Mapping[str, Any]:
    """How many times faster the compiled network is, or null and why there is none."""
    if shutil.which(os.environ.get("CXX", "g++")) is None:
        return {**NOT_COMPILED, "reason": "no C++ compiler here"}
    command = [sys.executable, "-m", __name__, precision, str(tile_px), str(runs)]
    alone = {"OMP_NUM_THREADS": "1", "TORCHINDUCTOR_COMPILE_THREADS": "1"}
    try:
        done = subprocess.run(  # noqa: S603 (this module)
            command, check=True, capture_output=True, text=True, timeout=limit_s,
            env={**os.environ, **alone},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {**NOT_COMPILED, "reason": f"the compiler took over {limit_s:g} s"}
    except subprocess.CalledProcessError as failed:
        said = failed.stderr.strip().splitlines() or [f"exit {failed.returncode}"]
        return {**NOT_COMPILED, "reason": f"the compiler failed: {said[-1]}"}
    measured: Mapping[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


def measure(precision: str, tile_px: int, runs: int) -> dict[str, Any]:
    """Compile for one constant tile size: how much faster, and how far probabilities differ."""
    torch.set_num_threads(1)
    net, dates = folded_detector(precision), noise(tile_px, precision)
    fast = torch.compile(folded_detector(precision), options=dict(OPTIONS))
    with torch.inference_mode():
        eager, other = (torch.sigmoid(n(*dates)[0].float()) for n in (net, fast))
    calls: dict[str, Call] = {"eager": lambda: net(*dates), "fast": lambda: fast(*dates)}
    taken = {name: median(times) for name, times in seconds_in_turns(calls, runs).items()}
    return {
        "ratio": taken["eager"] / taken["fast"],
        "difference": float((eager - other).abs().max()),
        "reason": None,
    }


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))  # noqa: T201 (read by the parent)
