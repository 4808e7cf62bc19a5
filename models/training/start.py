"""What a training begins with: fresh weights of a given width, or weights that exist already."""

import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from geo.errors import InputError
from models.forward import PLAIN, shape_of
from models.network import PlainSiamese, Shape
from models.registry import default_weights
from models.training.checkpoint import LAST
from models.training.config import Config
from models.training.peers import NETWORKS
from models.weights_file import WeightsFile, open_weights

START = "start.safetensors"
"""In a training's folder: a copy of the weights it began with, so that going on begins alike."""
DEFAULT = "siamese"
"""Stands for the default's weights that are in use when the training begins."""


def begun_with(config: Config, folder: Path) -> WeightsFile | None:
    """The weights a training in `folder` began with, copied there when first asked for.

    Raises InputError when they are none, or of another network.
    """
    if not config.start:
        return None
    kept = folder / START
    if not kept.exists() or not (folder / LAST).exists():  # a copy nothing has grown from yet
        source = default_weights() if config.start == DEFAULT else Path(config.start)
        open_weights(source)
        part = kept.with_suffix(".part")
        shutil.copyfile(source, part)
        part.replace(kept)
    found = open_weights(kept)
    if found.card.network != config.network:
        raise InputError(
            f"{config.start}: weights of {found.card.network}, the training is of "
            f"{config.network}; begin with others"
        )
    return found


def first_net(config: Config, folder: Path) -> nn.Module:
    """The network before its first step; fresh weights follow from torch's seed."""
    if config.network not in NETWORKS:
        raise InputError(
            f"no network is called {config.network!r}; there are {', '.join(NETWORKS)}"
        )
    began = begun_with(config, folder)
    tensors = {} if began is None else load_file(began.path)
    net = _made(config, tensors)
    if tensors:
        net.load_state_dict(tensors)
    return net


def _made(config: Config, tensors: dict[str, torch.Tensor]) -> nn.Module:
    if config.network != PLAIN:
        return NETWORKS[config.network]()
    shape = shape_of(tensors) if tensors else Shape()
    if config.widths:
        asked = Shape(config.widths)  # type: ignore[arg-type]  # four of them, by the configuration
        if tensors and asked.widths != shape.widths:
            raise InputError(
                f"{config.start}: widths {shape.widths}, the training asks for {asked.widths}; "
                "leave widths out"
            )
        shape = shape if tensors else asked
    return PlainSiamese(shape)
