"""Calls timed in turns, so that a busy neighbour slows all of them alike."""

from collections.abc import Callable, Mapping
from time import process_time

import torch

Call = Callable[[], object]


@torch.inference_mode()
def seconds_in_turns(calls: Mapping[str, Call], runs: int) -> dict[str, list[float]]:
    """Processor seconds of `runs` calls of each, after one that is not timed."""
    for call in calls.values():
        call()
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(runs):
        for name, call in calls.items():
            started = process_time()
            call()
            taken[name].append(process_time() - started)
    return taken
