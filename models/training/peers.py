"""Peers: what others would train, on the same data, for the same number of visits.

Each takes two dates (n, band, y, x) and returns logits of change (n, 1, y, x).
"""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

import torch
from torch import Tensor, nn

from models.network import BANDS, PlainSiamese, convolution, doubled

Numbers = tuple[float, ...]

_FC_WIDTHS = (16, 32, 64, 128)
_FC_DEPTHS = (2, 2, 3, 3)


def _block(inputs: int, outputs: int, depth: int, drop: float = 0.0) -> nn.Sequential:
    """`depth` convolutions, each followed by channel dropout."""
    layers: list[nn.Module] = []
    for n in range(depth):
        layers.append(convolution(inputs if n == 0 else outputs, outputs))
        if drop:
            layers.append(nn.Dropout2d(drop))
    return nn.Sequential(*layers)


class FcSiamDiff(nn.Module):
    """Fully convolutional siamese difference: R. C. Daudt, B. Le Saux, A. Boulch, ICIP 2018.

    Widths, depths and dropout of the paper's figure 1 c; max pooling, transposed convolutions.
    """

    def __init__(self, bands: int = len(BANDS)) -> None:
        super().__init__()
        widths = (bands, *_FC_WIDTHS)
        self.down = nn.ModuleList(
            [_block(widths[n], widths[n + 1], depth, 0.2) for n, depth in enumerate(_FC_DEPTHS)]
        )
        self.rise = nn.ModuleList(
            [nn.ConvTranspose2d(w, w, 3, 2, 1, output_padding=1) for w in reversed(_FC_WIDTHS)]
        )
        up = zip(reversed(_FC_WIDTHS), (64, 32, 16, 16), reversed(_FC_DEPTHS), strict=True)
        self.up = nn.ModuleList(
            [
                nn.Sequential(_block(2 * wide, wide, depth - 1, 0.2), _block(wide, out, 1, 0.2))
                for wide, out, depth in up
            ]
        )
        self.change = nn.Conv2d(16, 1, 1)

    def forward(self, before: Tensor, after: Tensor) -> Tensor:
        """Logits of change."""
        x, skips = torch.cat([before, after]), []
        for stage in self.down:
            x = stage(x)
            a, b = x.chunk(2)
            skips.append((a - b).abs())
            x = nn.functional.max_pool2d(x, 2)
        y = x.chunk(2)[1]
        for rise, stage, skip in zip(self.rise, self.up, reversed(skips), strict=True):
            y = stage(torch.cat([rise(y), skip], 1))
        logits: Tensor = self.change(y)
        return logits


class StackedUNet(nn.Module):
    """U-Net (O. Ronneberger et al., 2015) on the two dates stacked, as wide as Daudt's FC-EF."""

    WIDTHS = (16, 32, 64, 128)

    def __init__(self, bands: int = len(BANDS)) -> None:
        super().__init__()
        widths = (2 * bands, *self.WIDTHS)
        self.down = nn.ModuleList(
            [_block(widths[n], widths[n + 1], 2) for n in range(len(self.WIDTHS))]
        )
        pairs = list(zip(self.WIDTHS, self.WIDTHS[1:], strict=False))
        self.up = nn.ModuleList([_block(wide + thin, thin, 2) for thin, wide in reversed(pairs)])
        self.change = nn.Conv2d(self.WIDTHS[0], 1, 1)

    def forward(self, before: Tensor, after: Tensor) -> Tensor:
        """Logits of change."""
        x, skips = torch.cat([before, after], 1), []
        for n, stage in enumerate(self.down):
            x = stage(nn.functional.max_pool2d(x, 2) if n else x)
            skips.append(x)
        for stage, skip in zip(self.up, reversed(skips[:-1]), strict=True):
            x = stage(torch.cat([doubled(x), skip], 1))
        logits: Tensor = self.change(x)
        return logits


class SiameseResNet18(nn.Module):
    """torchvision's ResNet-18 on both dates, a U-Net's way back over |a - b|; from scratch."""

    WIDTHS = (64, 64, 128, 256)
    BACK = (128, 64, 64, 32)

    def __init__(self, bands: int = len(BANDS)) -> None:
        super().__init__()
        resnet18 = import_module("models.training.torchvision_ops").resnet18
        body = resnet18(weights=None)
        body.conv1 = nn.Conv2d(bands, 64, 7, 2, 3, bias=False)
        self.stem = nn.Sequential(body.conv1, body.bn1, body.relu)
        self.stages = nn.ModuleList(
            [nn.Sequential(body.maxpool, body.layer1), body.layer2, body.layer3, body.layer4]
        )
        wide = (512, *self.BACK)
        skips = (*reversed(self.WIDTHS),)
        self.up = nn.ModuleList(
            [_block(wide[n] + skips[n], self.BACK[n], 2) for n in range(len(self.BACK))]
        )
        self.change = nn.Conv2d(self.BACK[-1], 1, 1)

    def forward(self, before: Tensor, after: Tensor) -> Tensor:
        """Logits of change."""
        x = self.stem(torch.cat([before, after]))
        levels = [x]
        for stage in self.stages:
            x = stage(x)
            levels.append(x)
        apart = [(a - b).abs() for a, b in (level.chunk(2) for level in levels)]
        y = apart[-1]
        for stage, skip in zip(self.up, reversed(apart[:-1]), strict=True):
            y = stage(torch.cat([doubled(y), skip], 1))
        logits: Tensor = nn.functional.interpolate(
            self.change(y), scale_factor=2.0, mode="bilinear", align_corners=False
        )
        return logits


NETWORKS: Mapping[str, type[nn.Module]] = MappingProxyType(
    {
        "plain_siamese": PlainSiamese,
        "fc_siam_diff": FcSiamDiff,
        "stacked_unet": StackedUNet,
        "siamese_resnet18": SiameseResNet18,
    }
)
"""What a configuration may name."""


class Scaled(nn.Module):
    """A peer that takes centred values of the bands that are there."""

    def __init__(self, net: nn.Module, bands: tuple[str, ...], spread: Numbers) -> None:
        super().__init__()
        self.net = net
        self.places = [BANDS.index(band) for band in bands]
        self.spread = nn.Buffer(torch.tensor(spread)[:, None, None])

    def forward(self, before: Tensor, after: Tensor) -> Tensor:
        """Logits of change."""
        logits: Tensor = self.net(self._placed(before), self._placed(after))
        return logits

    def _placed(self, date: Tensor) -> Tensor:
        full = date.new_zeros(len(date), len(BANDS), *date.shape[2:])
        full[:, self.places] = date / self.spread
        return full


def ready(
    network: str,
    tensors: Mapping[str, Tensor],
    bands: tuple[str, ...],
    spread: Numbers,
) -> nn.Module:
    """A trained peer that takes centred values (image, band, y, x) of `bands`."""
    net = NETWORKS[network]()
    net.load_state_dict(tensors)
    return Scaled(net, bands, spread).eval()
