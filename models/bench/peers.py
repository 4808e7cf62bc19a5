"""Peers made ready to be timed, each as published and with its normalisation folded."""

from dataclasses import dataclass
from importlib.util import find_spec

import torch
from torch import nn

from models.bench.networks import SEEN, settled
from models.forward import DTYPES, fold_norms
from models.network import channels_last
from models.training.peers import NETWORKS

PEERS = ("fc_siam_diff", "stacked_unet", "siamese_resnet18")
"""Networks of `models.training.peers` that others would use."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to run a peer."""

    peer: str
    """Its name in `NETWORKS`."""
    layout: str
    """`channels_last` or `contiguous`, of weights and tiles."""
    folded: bool
    """Normalisation folded into the convolutions, as in our own network."""

    def __post_init__(self) -> None:
        if self.peer not in PEERS or self.layout not in {"channels_last", "contiguous"}:
            raise ValueError(f"{self.peer} in layout {self.layout}")

    @property
    def name(self) -> str:
        """What times and reports call it."""
        return f"{self.peer}/{self.layout}/{'folded' if self.folded else 'published'}"

    @property
    def format(self) -> torch.memory_format:
        """Layout of its tiles."""
        last = self.layout == "channels_last"
        return torch.channels_last if last else torch.contiguous_format

    def network(self, precision: str) -> nn.Module:
        """The peer with random weights."""
        torch.manual_seed(0)
        net = settled(NETWORKS[self.peer](bands=len(SEEN)), len(SEEN))
        if self.folded:
            fold_norms(net)
        net = net.to(DTYPES[precision])
        return channels_last(net) if self.layout == "channels_last" else net


def installed(peer: str) -> bool:
    """Whether all that the peer is built of is there: torchvision comes with `[train]` only."""
    return peer != "siamese_resnet18" or find_spec("torchvision") is not None


def ways() -> list[Way]:
    """Every peer that is installed in both layouts, folded and as published."""
    return [
        Way(peer, layout, folded)
        for peer in filter(installed, PEERS)
        for layout in ("channels_last", "contiguous")
        for folded in (True, False)
    ]
