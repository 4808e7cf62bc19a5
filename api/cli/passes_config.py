"""What commands on passes share: the configuration, and watches with their sources opened."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from sqlalchemy import Engine

from api.cli.store import now
from api.settings import Settings
from geo.errors import InputError
from leads.intake.config import Config, read_config
from leads.intake.open_sources import open_source
from leads.intake.watch_spec import WatchSpec
from leads.store.engine import reading
from leads.store.spot_codes import CHINA
from tiles.sources.source import Source

Command = TypeVar("Command", bound=Callable[..., Any])


def config_option(command: Command) -> Command:
    """The option that names the configuration; read it with `configured`."""
    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        help="Sources and watches; else HONGXIAN_PASSES, else passes.toml in the data folder.",
    )(command)


def configured(config: Path | None) -> Config:
    """The configuration of an option, else of the settings. Raises InputError."""
    return read_config(config or Settings().passes_file)


def watches_of(
    engine: Engine, config: Config, names: tuple[str, ...]
) -> list[tuple[WatchSpec, Source]]:
    """Watches by name, all of them if none is named, with sources opened. Raises InputError.

    Watches of one source share it.
    """
    asked = [config.watch(name) for name in dict.fromkeys(names)] or list(config.watches.values())
    if not asked:
        raise InputError(f"{config.path}: no watch in it; write a table [watch.NAME]")
    today = now().astimezone(CHINA).date()
    with reading(engine) as connection:
        placed = [one.placed(connection, today) for one in asked]
    sources = {spec.source.name: open_source(spec.source) for spec in placed}
    return [(spec, sources[spec.source.name]) for spec in placed]
