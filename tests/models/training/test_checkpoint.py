import json
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from torch import nn

from geo.errors import InputError
from models.training import checkpoint
from models.training.config import Config, Gate, Source

CONFIG = Config("n", sources=(Source("g", "ground", 1.0, count=1),))


def text(config: Config, *, without: str = "") -> str:
    return json.dumps({key: value for key, value in asdict(config).items() if key != without})


def trained() -> tuple[nn.Module, nn.Module, torch.optim.Optimizer]:
    """A net after two steps, its average and its optimiser."""
    torch.manual_seed(2)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 1, 1))
    optimiser = torch.optim.AdamW(net.parameters(), 1e-2)
    mean = deepcopy(net)
    for _ in range(2):
        step(net, optimiser)
    return net, mean, optimiser


def step(net: nn.Module, optimiser: torch.optim.Optimizer) -> None:
    optimiser.zero_grad()
    net(torch.ones(2, 3, 8, 8)).pow(2).mean().backward()
    optimiser.step()


def same(one: nn.Module, other: nn.Module) -> bool:
    theirs = other.state_dict()
    return all(torch.equal(value, theirs[key]) for key, value in one.state_dict().items())


def test_what_was_saved_goes_on_as_if_nothing_happened(tmp_path: Path) -> None:
    net, mean, optimiser = trained()
    checkpoint.save(tmp_path / checkpoint.LAST, 2, text(CONFIG), net, mean, optimiser)
    assert [path.name for path in tmp_path.iterdir()] == [checkpoint.LAST]
    other, average, fresh = trained()
    step(other, fresh)  # somewhere else
    again = checkpoint.restore(tmp_path / checkpoint.LAST, text(CONFIG), other, average, fresh)
    assert again == 2 and same(other, net) and same(average, mean)
    step(net, optimiser)
    step(other, fresh)
    assert same(other, net)


def test_another_configuration_is_refused_another_gate_is_not(tmp_path: Path) -> None:
    net, mean, optimiser = trained()
    path = tmp_path / checkpoint.LAST
    checkpoint.save(path, 2, text(CONFIG, without="widths"), net, mean, optimiser)
    gated = Config("n", sources=CONFIG.sources, gate=Gate("made:ground"))
    assert checkpoint.restore(path, text(gated), net, mean, optimiser) == 2
    other = Config("n", sources=CONFIG.sources, seed=9)
    with pytest.raises(InputError, match="another configuration"):
        checkpoint.restore(path, text(other), net, mean, optimiser)
