"""Checkpoints: all that a training needs to go on as if it had not been stopped."""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from geo.errors import InputError
from models.training.config import config_of

LAST = "checkpoint.safetensors"
"""In a training's folder."""


def save(
    path: Path,
    step: int,
    config: str,
    net: nn.Module,
    mean: nn.Module,
    optimiser: torch.optim.Optimizer,
) -> None:
    """Write weights, their running average and the optimiser's moments; whole or not at all."""
    tensors: dict[str, Tensor] = {}
    for prefix, module in (("net", net), ("mean", mean)):
        tensors |= {f"{prefix}/{name}": t.contiguous() for name, t in module.state_dict().items()}
    for number, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser/{number}/{key}": value.contiguous() for key, value in state.items()}
    tensors["random"] = torch.get_rng_state()
    part = path.with_suffix(".part")
    save_file(tensors, part, {"step": str(step), "config": config})
    part.replace(path)


def restore(
    path: Path, config: str, net: nn.Module, mean: nn.Module, optimiser: torch.optim.Optimizer
) -> int:
    """Load a checkpoint into net, average and optimiser; the step to go on with.

    Raises InputError when it belongs to another configuration.
    """
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        about = json.loads(file.read(size))["__metadata__"]
    held_by, asked = (config_of(json.loads(text), path) for text in (about["config"], config))
    if held_by != asked:
        raise InputError(
            f"{path}: belongs to another configuration; name another --out, or remove it"
        )
    held = load_file(path)
    for prefix, module in (("net", net), ("mean", mean)):
        module.load_state_dict(_below(held, prefix))
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in _below(held, "optimiser").items():
        number, key = name.split("/")
        state.setdefault(int(number), {})[key] = tensor
    optimiser.load_state_dict(
        {"state": state, "param_groups": optimiser.state_dict()["param_groups"]}
    )
    torch.set_rng_state(held["random"])  # dropout goes on where it was
    return int(about["step"])


def _below(held: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    start = f"{prefix}/"
    return {name.removeprefix(start): t for name, t in held.items() if name.startswith(start)}
