"""The network ready to run: normalisation and batch statistics folded into its convolutions.

Equal to the trained network up to rounding; the forward pass of one tile is a pure function of its
pixels, on one thread.
"""

import hashlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib import import_module
from itertools import pairwise
from math import log
from pathlib import Path
from time import thread_time
from typing import Any, TypeVar

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load, save_file
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from geo.errors import InputError
from geo.raster import Codes, Float, Mask
from models.network import BANDS, CLASSES, PlainSiamese, Shape, channels_last
from models.weights_file import Card, card_json, open_weights

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
CHANNELS_LAST = torch.channels_last
STRIP_PX = 65_536
"""Pixels of a band that are laid out together: few enough for the processor's cache."""
PLAIN = "plain_siamese"
"""The network whose normalisation is folded."""
Numbers = tuple[float, ...]
Said = TypeVar("Said")

_spent = [0.0]


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
    path: Path,
    sha256: str,
    bands: tuple[str, ...],
    spread: Numbers,
    precision: str,
    device: str = "cpu",
) -> nn.Module:
    """The network of a weights file for these bands, centred, each with its spread, on a device.

    Raises InputError when the file is no longer the one of that checksum.
    """
    torch.set_num_threads(1)
    if device == "cuda":
        _same_every_time()
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
    return channels_last(net.to(DTYPES[precision])).to(device)


def _same_every_time() -> None:
    """Let a GPU's convolutions give the same numbers in every process, and float32 all its digits.

    cuDNN would else choose by timing, and round float32 to 10 bits.
    """
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.allow_tf32 = False


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
    and a digital number far from 0 would spend them on its mean; and the convolution pads with 0,
    which must be the mean. Taking them off costs nothing to speak of, since each pixel is
    converted anyway (`cells`).
    """
    stem = net.stem[0]
    assert isinstance(stem, nn.Conv2d)  # noqa: S101 (norms are folded)
    channels = [4 * BANDS.index(band) + n for band in bands for n in range(4)]
    by = torch.tensor(np.repeat(spread, 4), dtype=stem.weight.dtype)
    stem.weight = nn.Parameter(stem.weight[:, channels] / by[:, None, None])
    stem.in_channels = len(channels)


@torch.inference_mode()
def run(
    net: nn.Module,
    before: Float,
    after: Float,
    centre: Sequence[float] | None = None,
    seen: Mask | None = None,
) -> tuple[Float, Codes, Float]:
    """Logit of change (y, x), best class code and its entropy in [0, 1] (y/4, x/4).

    Both dates are (band, y, x); `centre` is taken off each band here, unless it is None, and pixels
    that were not `seen` (y, x) are 0 then: their band's mean.
    """
    like, dates = next(net.parameters()), (before, after)
    if isinstance(net, PlainSiamese):
        both = cells(dates, like, centre, seen)
        said = _timed(lambda: net.on_cells(both.to(like.device, non_blocking=True)))
        if like.device.type == "cuda":
            _wait()
    else:
        given = [_whole(date, centre, seen).to(like, memory_format=CHANNELS_LAST) for date in dates]
        said = _timed(lambda: net(*given))
    change, classes = said if isinstance(said, tuple) else (said, _no_classes(said))
    logit = change[0, 0].cpu().float().numpy()
    if logit.shape != before.shape[1:]:
        size = before.shape[2], before.shape[1]
        logit = np.asarray(cv2.resize(logit, size, interpolation=cv2.INTER_LINEAR), np.float32)
    return logit, *_best(classes[0])


def spent() -> float:
    """Processor seconds of this process inside the network itself, since it began.

    With a GPU they are those of giving it work; it works in its own time.
    """
    return sum(_spent)


def cells(
    dates: Sequence[Float], like: Tensor, centre: Sequence[float] | None, seen: Mask | None
) -> Tensor:
    """Both dates as the stem takes them: (2, 4 x band, y/2, x/2), channels last, in `like`'s type.

    Centred, converted and laid out strip by strip within the processor's cache: laid out by torch
    (`pixel_unshuffle`), the same takes eight times as long. Two neighbours along x stay neighbours,
    so both are moved as one word.
    """
    bands, height, width = dates[0].shape
    word = np.dtype(np.int32 if like.element_size() == 2 else np.float64)
    shape = (2, height // 2, width // 2, 4 * bands)
    out = torch.empty(shape, dtype=like.dtype, pin_memory=like.device.type == "cuda")
    rows = max(2, STRIP_PX // width // 2 * 2)
    for date, filled in zip(dates, out, strict=True):
        for top in range(0, height, rows):
            strip = _centred(date, slice(top, top + rows), centre, seen)
            planes = _words(torch.from_numpy(strip).to(like.dtype), word)
            target = _words(filled[top // 2 : (top + rows) // 2], word)
            # (band, y, x/2) to (y/2, x/2, band and row of its pair)
            cv2.merge([plane[row::2] for plane in planes for row in (0, 1)], target)
    return out.permute(0, 3, 1, 2)


def _words(values: Tensor, word: np.dtype[Any]) -> NDArray[Any]:
    """The same memory, two values along the last axis as one word."""
    return values.view(torch.int32 if word.itemsize == 4 else torch.float64).numpy()


def _centred(date: Float, rows: slice, centre: Sequence[float] | None, seen: Mask | None) -> Float:
    """Some rows less their bands' means, 0 where not seen; a copy."""
    strip: Float = date[:, rows] - np.array(centre or 0, np.float32).reshape(-1, 1, 1)
    if seen is not None and not (shown := seen[rows]).all():
        np.copyto(strip, 0, where=~shown)
    return strip


def _whole(date: Float, centre: Sequence[float] | None, seen: Mask | None) -> Tensor:
    return torch.from_numpy(_centred(date, slice(None), centre, seen))[None]


def _timed(call: Callable[[], Said]) -> Said:
    """What a call gives; its processor time is added to what was spent."""
    started = thread_time()
    said = call()
    _spent[0] += thread_time() - started
    return said


def _wait() -> None:
    """Sleep until the GPU is through, for other processes want the processor meanwhile."""
    done = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]  # missing in its stub
    done.record()
    done.synchronize()


def _best(classes: Tensor) -> tuple[Codes, Float]:
    """The best class's code and the entropy of all (y, x) in [0, 1], from logits (class, y, x).

    One plane per class, or the processor's vectors run empty: three times as fast as `softmax`.
    """
    count, height, width = classes.shape
    planes = classes.permute(1, 2, 0).reshape(-1, count).t().float().contiguous()
    top, code = planes.max(0)
    planes -= top
    weight = planes.exp()
    total = weight.sum(0)
    unsure = (total.log() - weight.mul_(planes).sum(0) / total) / log(count)
    told = (code + 1).to(torch.uint8).reshape(height, width)
    return told.cpu().numpy(), unsure.clamp_(0, 1).reshape(height, width).cpu().numpy()


def _no_classes(change: Tensor) -> Tensor:
    """Class logits of a network that has none: all alike, at a quarter of the resolution."""
    count, _, height, width = change.shape
    return torch.zeros(count, CLASSES, height // 4, width // 4, device=change.device)
