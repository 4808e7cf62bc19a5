"""`hongxian train`: from a configuration to weights."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from api.cli.options import json_option, print_json
from geo.errors import HongxianError, InputError


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Folder that the configuration's paths begin in; here by default.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for checkpoints, curves and weights; out/train/NAME by default.",
)
@click.option(
    "--promote",
    is_flag=True,
    help="Make the weights this installation's default when they win at the gate.",
)
@json_option
def train(
    config: Path,
    data: Path,
    out: Path | None,
    promote: bool,  # noqa: FBT001 (click's way)
    as_json: bool,  # noqa: FBT001
) -> None:
    """Train as CONFIG.toml says; stopped anywhere, the same command goes on.

    With a [gate], the result is then compared with the weights in use.
    """
    settings = import_module("models.training.config").read_config(config)
    folder = out or CACHE / settings.name
    run, gate = _training("run"), _training("promote")
    sets = gate.prepared(settings, data, promote=promote)
    done = run.run_training(settings, data, folder, CACHE, _tell)
    report = {
        "name": settings.name,
        "weights": str(done.weights.path),
        "weights_sha256": done.weights.sha256,
        "visits": done.weights.card.visits,
        "cpu_seconds": done.weights.card.cpu_seconds,
        "tuning_tiles": done.tuning_tiles,
    }
    found = gate.through_gate(settings, sets, done.weights, _say)
    if found is not None:
        report |= {"gate": found.as_json()}
        if promote and found.wins:
            report |= {"promoted": str(gate.promote(done.weights))}
    if as_json:
        print_json(report)
    else:
        click.echo("\n".join(_lines(report)))
    if promote and found is not None and not found.wins:
        raise HongxianError(f"not promoted: {'; '.join(found.reasons)}")


CACHE = Path("out/train")
"""Where trainings and the ground they share are kept."""


def _training(module: str) -> ModuleType:
    try:
        return import_module(f"models.training.{module}")
    except ModuleNotFoundError as error:
        raise InputError(
            f"training needs {error.name}: pip install -c constraints.txt -e '.[train]'"
        ) from None


def _lines(report: dict[str, Any]) -> Iterator[str]:
    """The report for people: one line per figure, then the gate set by set."""
    for key, value in report.items():
        if key != "gate":
            yield f"{key:>15}  {value}"
    if "gate" not in report:
        return
    for row in report["gate"]["rows"]:
        low, high = row["interval"]
        yield (
            f"{row['name']}: F1 {row['f1']:.3f}, in use {row['f1_incumbent']:.3f}, difference "
            f"{row['difference']:+.3f}, 95 % [{low:+.3f}, {high:+.3f}], {row['groups']} drawn"
        )
        for kind in row["by_class"]:
            yield (
                f"  {kind['kind']}: found {kind['found']} of {kind['count']}, in use "
                f"{kind['found_by_incumbent']}{_ground(row['name'])}"
            )
    yield "wins" if report["gate"]["wins"] else "does not win"
    yield from (f"  {reason}" for reason in report["gate"]["reasons"])


def _tell(line: dict[str, float]) -> None:
    """Progress on standard error: step, losses, processor time."""
    _say(
        f"step {line['step']:>7.0f}  change {line['change']:.4f}  class {line['classes']:.4f}  "
        f"rate {line['rate']:.2e}  {line['cpu_s']:.0f} CPU-s"
    )


def _say(line: str) -> None:
    click.echo(line, err=True)


def _ground(name: str) -> str:
    """What classes of a made-up set are told of."""
    return ", on synthetic ground" if name.startswith("made:") else ""
