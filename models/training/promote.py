"""From a trained file to the default of this installation, through the gate."""

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from geo.errors import InputError
from models.registry import (
    PROMOTED,
    WEIGHTS_SUFFIX,
    WEIGHTS_VARIABLE,
    default_weights,
    weights_folder,
)
from models.training.config import Config
from models.training.gate import GateReport, GateSet, judged
from models.training.gate_sets import gate_sets
from models.weights_file import WeightsFile, open_weights

GATE = "gate.json"
"""Beside the weights: what the gate found."""


def prepared(config: Config, data: Path, *, promote: bool) -> tuple[GateSet, ...]:
    """The gate's sets, before hours are spent; none where the configuration has no gate.

    Raises InputError for sets that the gate cannot use, for no weights in use, and, with `promote`,
    for an installation or a configuration that has no way to promote.
    """
    if config.gate is None:
        if promote:
            raise InputError(f"training {config.name!r} has no [gate], so nothing can be promoted")
        return ()
    if promote:
        _folder()
    open_weights(default_weights())
    return gate_sets(config, config.gate, data)


def through_gate(
    config: Config,
    sets: tuple[GateSet, ...],
    trained: WeightsFile,
    report: Callable[[str], None],
) -> GateReport | None:
    """Judge `trained` against the default in use, and write what was found beside it.

    None where the configuration has no gate.
    """
    if config.gate is None:
        return None
    found = judged(config.gate, sets, trained, open_weights(default_weights()), report)
    text = json.dumps({**found.as_json(), "asked": asdict(config.gate)}, indent=1)
    (trained.path.parent / GATE).write_text(text, encoding="utf-8")
    return found


def promote(weights: WeightsFile) -> Path:
    """Make `weights` the default: copied under their checksum, with the gate's report, then linked.

    Earlier ones stay, so that a link back undoes it. Returns the copy.
    """
    folder, name = _folder(), f"siamese-{weights.sha256[:12]}"
    copy = folder / (name + WEIGHTS_SUFFIX)
    _copy(weights.path.parent / GATE, folder / f"{name}.json")
    _copy(weights.path, copy)
    link = folder / f"{PROMOTED}.part"
    link.unlink(missing_ok=True)
    link.symlink_to(copy.name)
    link.replace(folder / PROMOTED)
    return copy


def _folder() -> Path:
    folder = weights_folder()
    if folder is None:
        raise InputError(
            f"nowhere to promote to: set {WEIGHTS_VARIABLE} to a folder of this installation"
        )
    return folder


def _copy(source: Path, target: Path) -> None:
    part = target.with_name(target.name + ".part")
    shutil.copyfile(source, part)
    part.replace(target)
