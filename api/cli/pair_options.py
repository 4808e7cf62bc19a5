"""Options that say how a pair of scenes is compared, shared by `detect` and `run`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from api.cli.options import Day, detector_option

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--before-date", type=Day(), help="Of BEFORE, where it states none."),
    click.option("--after-date", type=Day(), help="Of AFTER, where it states none."),
    click.option(
        "--layers",
        multiple=True,
        type=click.Path(path_type=Path),
        help="Vector file or folder to cross with; may be given several times.",
    ),
    detector_option,
    click.option("--threshold", type=click.FloatRange(0, 1, min_open=True), help="Probability."),
    click.option(
        "--tide",
        type=click.Path(path_type=Path, dir_okay=False, resolve_path=True),
        help="Tide table, CSV: station,lon,lat,time,height_m.",
    ),
    click.option(
        "--min-area", "min_area_m2", type=click.FloatRange(0), help="Smallest candidate in m2."
    ),
)


def comparing(command: Command) -> Command:
    """The options, named as the fields of `leads.run.request.Request`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
