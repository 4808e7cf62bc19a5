"""A whole training: from a configuration to a calibrated weights file with its curves."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from geo.errors import InputError
from models.evaluation.case import Case
from models.evaluation.folder import FolderCase, labelled_files
from models.forward import write_weights
from models.siamese import Siamese
from models.training.bank import in_split
from models.training.calibrate import Calibration, calibrate
from models.training.config import Config
from models.training.curves import draw_curves
from models.training.loop import LOG, cpu_seconds, train
from models.training.start import begun_with
from models.weights_file import Card, WeightsFile, open_weights

WEIGHTS = "weights.safetensors"
"""In a training's folder, once it is done."""
CURVES = "curves.png"
"""Likewise."""

Report = Callable[[dict[str, float]], None]


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of a training."""

    weights: WeightsFile
    """The file and its card."""
    tuning_tiles: int
    """Tiles that it was calibrated on."""


def run_training(config: Config, data: Path, folder: Path, cache: Path, report: Report) -> Trained:
    """Train, draw the curves, calibrate on the tiles kept for it, write the weights.

    Stopped anywhere and run again, it goes on from the last checkpoint. Without tiles for tuning
    the weights keep the calibration of those they began with; from scratch they have none:
    threshold at a logit of 0, scores as they are.
    """
    cases = tuning_cases(config, data)  # first: what is missing should not cost a training
    net = train(config, data, folder, cache, report)
    draw_curves(folder / LOG, folder / CURVES)
    path, card = folder / WEIGHTS, _card(config, folder)
    write_weights(path, net, card if cases else _as_before(card, config, folder))
    if cases:
        plain = Siamese(WeightsFile(path, open_weights(path).sha256, card), precision="float32")
        found = calibrate(plain, cases, cases)
        write_weights(path, net, found.on(card))
    return Trained(open_weights(path), len(cases))


def tuning_cases(config: Config, data: Path) -> list[Case]:
    """The labelled tiles of the columns in `tuning_columns`."""
    cases = []
    for source in config.sources:
        if source.kind == "pairs" and source.labels and not source.dumps + source.land:
            kept = partial(in_split, columns_only=config.tuning_columns)
            files = [f for f in labelled_files(data / source.path) if kept(f.before.stem)]
            if config.tuning_columns and not files:
                raise InputError(f"{data / source.path}: no tile in the columns kept for tuning")
            if config.tuning_columns:
                cases += [FolderCase(one, source.gsd_m)() for one in files]
    return cases


def _card(config: Config, folder: Path) -> Card:
    began = begun_with(config, folder)
    return Card(
        name=config.name,
        network=config.network,
        trained_on=_sources(config, began),
        visits=config.last * config.batch + (0 if began is None else began.card.visits),
        cpu_seconds=cpu_seconds(folder / LOG) + (0 if began is None else began.card.cpu_seconds),
        parents=() if began is None else (began.sha256,),
    )


def _sources(config: Config, began: WeightsFile | None) -> tuple[str, ...]:
    """Names of all sources, those of earlier stages first, each once."""
    before = () if began is None else began.card.trained_on
    return tuple(dict.fromkeys((*before, *(source.name for source in config.sources))))


def _as_before(card: Card, config: Config, folder: Path) -> Card:
    """The card with the calibration of the weights that the training began with."""
    began = begun_with(config, folder)
    if began is None:
        return card
    theirs = began.card
    return Calibration(theirs.vector_weight, theirs.slope, theirs.intercept, theirs.knots).on(card)
