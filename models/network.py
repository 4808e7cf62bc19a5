"""The network family: one plain siamese net of dense 3 x 3 convolutions, from 10 m to 5 cm.

Both dates go through one encoder. Per level, what differs, |a - b|, and what is there, a + b, are
mixed and summed from coarse to fine, so the probability of change is the same when the dates are
swapped; only the classes look at b - a, the direction. Dense convolutions with 32 to 128 channels
keep a processor's matrix units busy, and nothing heavy runs at full resolution.

Shapes are (image, channel, y, x); edges must be multiples of `STRIDE`.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn

BANDS = ("red", "green", "blue", "nir", "swir16")
"""Channels in their order (STAC common names); a band that is not there is 0, its mean."""
CLASSES = 11
"""Change classes 1 to 11 of `geo.change_class.ChangeClass`; 0, unclassified, is no output."""
STRIDE = 16
"""Input edges are multiples of it: the stem and three stages halve the grid."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How wide the net is."""

    widths: tuple[int, int, int, int] = (32, 48, 96, 128)
    """Channels at 1/2, 1/4, 1/8 and 1/16 of the resolution."""
    decoder: int = 32
    """Channels in which the levels are mixed."""
    signed: int = 32
    """Channels of the signed difference that the classes see."""

    def __post_init__(self) -> None:
        if len(self.widths) != 4 or min(*self.widths, self.decoder, self.signed) < 1:
            raise ValueError(f"a net of widths {self.widths}, {self.decoder}, {self.signed}")


REACH_PX = 96
"""Radius of the receptive field, rounded up to `STRIDE`: further pixels have no influence."""


def convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """3 x 3 convolution, batch normalisation, ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    """Two 3 x 3 convolutions beside a straight line."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = convolution(channels, channels)
        self.second = nn.Sequential(
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, y, x) to the same shape."""
        y: Tensor = self.second(self.first(x))
        return y.add_(x).relu_()


class Mix(nn.Conv2d):
    """A 1 x 1 convolution over what differs, |a - b|, and what is there, a + b, of both dates."""

    def __init__(self, channels: int, outputs: int) -> None:
        super().__init__(2 * channels, outputs, 1)

    def forward(self, both: Tensor) -> Tensor:
        """(2n, c, y, x) to (n, outputs, y, x).

        Each half of the weights runs by itself: laying the two halves of the input side by side
        would cost more than the second call.
        """
        a, b, width = first(both), second(both), len(both[0])
        mixed = nn.functional.conv2d((a - b).abs_(), self.weight[:, :width], self.bias)
        return mixed.add_(nn.functional.conv2d(a + b, self.weight[:, width:]))


class PlainSiamese(nn.Module):
    """Two dates in; logits of change and of classes out."""

    def __init__(self, shape: Shape | None = None, bands: int = len(BANDS)) -> None:
        super().__init__()
        self.shape = shape or Shape()
        widths, width, signed = self.shape.widths, self.shape.decoder, self.shape.signed
        self.stem = convolution(4 * bands, widths[0])
        self.stages = nn.ModuleList(
            [
                nn.Sequential(convolution(narrow, wide, stride=2), Residual(wide))
                for narrow, wide in pairwise(widths)
            ]
        )
        self.mix = nn.ModuleList([Mix(channels, width) for channels in widths])
        self.smooth = convolution(width, width)
        self.change = nn.Conv2d(width, 1, 1)
        self.turn = nn.ModuleList([nn.Conv2d(channels, signed, 1) for channels in widths[1:]])
        self.tell = convolution(width + signed, width)
        self.classes = nn.Conv2d(width, CLASSES, 1)

    def forward(self, before: Tensor, after: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of change (n, 1, y, x), and of classes (n, `CLASSES`, y/4, x/4).

        Classes only choose what a change is: a quarter of the resolution is enough.
        """
        half, classes = self.on_cells(nn.functional.pixel_unshuffle(torch.cat([before, after]), 2))
        change = nn.functional.interpolate(
            half, scale_factor=2.0, mode="bilinear", align_corners=False
        )
        return change, classes

    def on_cells(self, both: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of change (n, 1, y/2, x/2), and of classes (n, `CLASSES`, y/4, x/4).

        `both` dates (2n, 4 x band, y/2, x/2) with 2 x 2 pixels as channels of one: the stem is a
        6 x 6 convolution at the cost of a 3 x 3. What each level gives is taken before the next is
        made, and the level let go: half the memory.
        """
        level = self.stem(both)
        del both
        mixed, turned = [self.mix[0](level)], []
        for stage, mix, turn in zip(self.stages, list(self.mix)[1:], self.turn, strict=True):
            assert isinstance(stage, nn.Sequential)  # noqa: S101 (as they were made)
            for part in stage:
                level = part(level)
            mixed.append(mix(level))
            turned.append(turn(second(level) - first(level)))
        coarse = summed(mixed[1:])
        fine = self.smooth(mixed[0].add_(doubled(coarse)))
        classes: Tensor = self.classes(self.tell(torch.cat([coarse, summed(turned)], 1)))
        return self.change(fine), classes


def first(both: Tensor) -> Tensor:
    """The before image's half of a batch of both dates."""
    return both[: len(both) // 2]


def second(both: Tensor) -> Tensor:
    """The after image's half of a batch of both dates."""
    return both[len(both) // 2 :]


def summed(levels: list[Tensor]) -> Tensor:
    """From coarse to fine: the doubled sum of the coarser levels added to each, in its place."""
    total = levels[-1]
    for level in reversed(levels[:-1]):
        total = level.add_(doubled(total))
    return total


Net = TypeVar("Net", bound=nn.Module)


def channels_last(net: Net) -> Net:
    """The same net, its weights laid out as the processor's convolutions want them."""
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in its stub
    return net


def doubled(x: Tensor) -> Tensor:
    """Each pixel twice along y and x."""
    return nn.functional.interpolate(x, scale_factor=2.0, mode="nearest")
