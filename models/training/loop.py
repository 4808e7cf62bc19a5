"""The training loop, top to bottom: crops in, weights out; stopped anywhere, it goes on."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import asdict
from itertools import count
from math import cos, pi
from pathlib import Path
from time import process_time

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from models.network import channels_last
from models.training import checkpoint
from models.training.bank import load_bank
from models.training.config import Config
from models.training.crops import Crop, Crops
from models.training.losses import change_loss, class_loss
from models.training.start import first_net
from tiles.composite import real_heaps

LOG = "log.jsonl"
"""In a training's folder: one line per report."""
REPORT_STEPS = 50
"""Steps between reports; the last step reports too."""

Report = Callable[[dict[str, float]], None]
Batch = tuple[Tensor, Tensor, Tensor, Tensor]


def train(config: Config, data: Path, folder: Path, cache: Path, report: Report) -> nn.Module:
    """Train as `config` says, going on from a checkpoint in `folder` if there is one.

    Every crop follows from the seed and its number, so a training that was stopped sees what it
    would have seen. Returns the running average of the weights.
    """
    torch.manual_seed(config.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    folder.mkdir(parents=True, exist_ok=True)
    net = first_net(config, folder).to(device)
    channels_last(net)
    mean = deepcopy(net).eval()
    optimiser = torch.optim.AdamW(
        net.parameters(), config.learning_rate, weight_decay=config.weight_decay
    )
    kept, text = folder / checkpoint.LAST, json.dumps(asdict(config), sort_keys=True)
    begin = checkpoint.restore(kept, text, net, mean, optimiser) if kept.exists() else 0
    losses: list[tuple[float, float]] = []
    spent = cpu_seconds(folder / LOG) - process_time()
    for step, batch in zip(
        range(begin, config.last), batches(config, data, cache, begin), strict=False
    ):
        rate = learning_rate(config, step)
        for group in optimiser.param_groups:
            group["lr"] = rate
        losses.append(_step(config, net, optimiser, [part.to(device) for part in batch]))
        _average(mean, net, min(config.averaging, (1 + step) / (10 + step)))
        done = step + 1
        if done % REPORT_STEPS == 0 or done == config.last:
            change, classes = np.mean(losses, axis=0)
            losses.clear()
            line = {"step": done, "change": float(change), "classes": float(classes), "rate": rate}
            _log(folder / LOG, line | {"cpu_s": spent + process_time()}, report)
        if done % config.checkpoint_steps == 0 or done == config.last:
            checkpoint.save(kept, done, text, net, mean, optimiser)
    return mean


def batches(config: Config, data: Path, cache: Path, begin: int) -> Iterator[Batch]:
    """Batches of crops from step `begin` on, without end."""
    crops = Crops(
        config.sources,
        tuple(tuple(load_bank(source, data, cache)) for source in config.sources),
        tuple(heap for name in config.real_heaps for heap in real_heaps(data / name)),
        config.seed,
        config.crop_px,
    )
    numbers = ([step * config.batch + n for n in range(config.batch)] for step in count(begin))
    if config.workers == 0:
        return (_stack([crops[n] for n in group]) for group in numbers)
    loader: DataLoader[Batch] = DataLoader(
        crops,  # type: ignore[arg-type]  # it has __getitem__, all that a batch sampler asks for
        batch_sampler=numbers,
        num_workers=config.workers,
        collate_fn=_stack,
        multiprocessing_context="spawn",
    )
    return iter(loader)


def learning_rate(config: Config, step: int) -> float:
    """Rises over the warm-up, then falls along half a cosine to 1 %."""
    if step < config.warmup:
        return config.learning_rate * (step + 1) / config.warmup
    done = (step - config.warmup) / max(1, config.steps - config.warmup)
    return config.learning_rate * (0.01 + 0.99 * (1 + cos(pi * done)) / 2)


def _step(
    config: Config, net: nn.Module, optimiser: torch.optim.Optimizer, batch: list[Tensor]
) -> tuple[float, float]:
    """One optimiser step; the two losses."""
    before, after, changed, classes = batch
    net.train()
    cast = torch.autocast(before.device.type, torch.bfloat16, config.precision == "bfloat16")
    with cast:
        said = net(before, after)
    change, what = said if isinstance(said, tuple) else (said, None)
    loss = change_loss(change, changed)
    told = class_loss(what, classes) if what is not None else torch.zeros(())
    optimiser.zero_grad(set_to_none=True)
    (loss + config.class_weight * told).backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(net.parameters(), 5.0)
    optimiser.step()
    return float(loss.detach()), float(told.detach())


@torch.no_grad()
def _average(mean: nn.Module, net: nn.Module, decay: float) -> None:
    """Move the running average towards the weights; statistics of batches are copied."""
    for ours, theirs in zip(mean.parameters(), net.parameters(), strict=True):
        ours.lerp_(theirs, 1 - decay)
    for kept, new in zip(mean.buffers(), net.buffers(), strict=True):
        kept.copy_(new)


def _stack(crops: list[Crop]) -> Batch:
    dates = [
        torch.from_numpy(np.stack([getattr(crop, name) for crop in crops])).contiguous(
            memory_format=torch.channels_last
        )
        for name in ("before", "after")
    ]
    codes = [
        torch.from_numpy(np.stack([getattr(crop, name) for crop in crops]))
        for name in ("changed", "classes")
    ]
    return dates[0], dates[1], codes[0], codes[1]


def cpu_seconds(log: Path) -> float:
    """Processor seconds of a training so far, by its log."""
    if not log.exists():
        return 0.0
    lines = log.read_text(encoding="utf-8").splitlines()
    return float(json.loads(lines[-1])["cpu_s"]) if lines else 0.0


def _log(path: Path, line: dict[str, float], report: Report) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    report(line)
