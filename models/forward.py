"""The network ready to run: normalisation and batch statistics folded into its convolutions.

Equal to the trained network up to rounding; the forward pass of one tile is a pure function of its
pixels, on one thread.
"""

import hashlib
from functools import lru_cache
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load, save_file
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from geo.errors import InputError
from geo.raster import Codes, Float
from models.network import BANDS, CLASSES, PlainSiamese, Shape, channels_last
from models.weights_file import Card, card_json, open_weights

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
PLAIN = "plain_siamese"
"""The network whose normalisation is folded."""
Numbers = tuple[float, ...]


def write_weights(path: Path, net: nn.Module, card: Card) -> None:
    """Write a network's weights with their card; whole or not at all."""
    part = path.with_suffix(".part")
    tensors = {name: tensor.contiguous() for name, tensor in net.state_dict().items()}
    save_file(tensors, part, {"card": card_json(card)})
    part.chmod(0o644)  # safetensors writes for its owner alone
    part.replace(path)


def shape_of(tensors: dict[str, Tensor]) -> Shape:
    """How wide the plain siamese net with these weights is."""
    widths = [len(tensors["stem.0.weight"])]
    widths += [len(tensors[f"stages.{n}.0.0.weight"]) for n in range(3)]
    return Shape(tuple(widths), len(tensors["change.weight"][0]), len(tensors["turn.0.weight"]))  # type: ignore[arg-type]


@lru_cache(maxsize=4)
def ready(
    path: Path, sha256: str, bands: tuple[str, ...], spread: Numbers, precision: str
) -> nn.Module:
    """The network of a weights file for these bands, centred, each with its spread.

    Raises InputError when the file is no longer the one of that checksum.
    """
    torch.set_num_threads(1)
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise InputError(f"{path}: changed since the run was planned; start it again")
    network, tensors = open_weights(path).card.network, load(data)
    if network == PLAIN:
        plain = PlainSiamese(shape_of(tensors)).eval()
        plain.load_state_dict(tensors)
        fold_norms(plain)
        fold_scale(plain, bands, spread)
        net: nn.Module = plain
    else:  # a peer, for comparison: torchvision comes with it
        net = import_module("models.training.peers").ready(network, tensors, bands, spread)
    return channels_last(net.to(DTYPES[precision]))


def fold_norms(net: nn.Module) -> None:
    """Fold each batch normalisation into the convolution before it, in place."""
    for module in net.modules():
        for (_, conv), (name, norm) in pairwise(list(module.named_children())):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                fused = fuse_conv_bn_eval(conv, norm)
                conv.weight, conv.bias = fused.weight, fused.bias
                setattr(module, name, nn.Identity())


def fold_scale(net: PlainSiamese, bands: tuple[str, ...], spread: Numbers) -> None:
    """Let the stem take centred values of `bands` alone: value / spread, in place.

    Bands that are not there would be 0, so their weights are left out. The stem sees 2 x 2 pixels
    of a band as four channels, in that order. Centres are not folded: bfloat16 has three digits,
    and a digital number far from 0 would spend them on its mean.
    """
    stem = net.stem[0]
    assert isinstance(stem, nn.Conv2d)  # noqa: S101 (norms are folded)
    channels = [4 * BANDS.index(band) + n for band in bands for n in range(4)]
    by = torch.tensor(np.repeat(spread, 4), dtype=stem.weight.dtype)
    stem.weight = nn.Parameter(stem.weight[:, channels] / by[:, None, None])
    stem.in_channels = len(channels)


@torch.inference_mode()
def run(net: nn.Module, before: Float, after: Float) -> tuple[Float, Codes, Float]:
    """Logit of change (y, x), best class code and its entropy in [0, 1] (y/4, x/4).

    Both dates are (band, y, x), each band less its centre.
    """
    kind = next(net.parameters()).dtype
    dates = [
        torch.from_numpy(x)[None].to(kind, memory_format=torch.channels_last)
        for x in (before, after)
    ]
    said = net(*dates)
    change, classes = said if isinstance(said, tuple) else (said, _no_classes(said))
    share = torch.softmax(classes[0].float(), 0)
    unsure = torch.special.entr(share).sum(0) / float(np.log(len(share)))
    return (
        change[0, 0].float().numpy(),
        (share.argmax(0) + 1).to(torch.uint8).numpy(),
        unsure.numpy(),
    )


def _no_classes(change: Tensor) -> Tensor:
    """Class logits of a network that has none: all alike, at a quarter of the resolution."""
    count, _, height, width = change.shape
    return torch.zeros(count, CLASSES, height // 4, width // 4)
