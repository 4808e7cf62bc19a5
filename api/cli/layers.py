"""`hongxian layers`: editions of zones, from files into the store."""

from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from api.cli.options import json_option, print_json
from api.cli.store import SYSTEM, echo_table, now, open_store
from geo.zone import ZoneKind
from leads.layers.load import load_layers
from leads.store.engine import reading, write
from leads.store.layer_diff import diff_layers
from leads.store.layers import LayerEdition, add_layer, layer_edition, list_layers, load_layer

KIND = click.Choice([kind.value for kind in ZoneKind])


@click.group()
def layers() -> None:
    """Add layers, and see what changed between their editions."""


@layers.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
def add(files: tuple[Path, ...], as_json: bool) -> None:  # noqa: FBT001 (click's way)
    """Store every layer of FILES; adding the same again changes nothing."""
    with open_store() as store:
        loaded = load_layers(files)
        source = ", ".join(file.name for file in files)
        moment = now()

        def work(connection: Connection) -> list[LayerEdition]:
            return [
                add_layer(connection, layer, source, SYSTEM.account_id, moment)
                for layer in loaded.layers
            ]

        added = write(store, work, repeatable=True)
    for note in loaded.notes:
        click.echo(f"note: {note}", err=True)
    _show(added, as_json=as_json)


@layers.command("list")
@click.option("--kind", type=KIND, help="Only this kind.")
@json_option
def list_them(kind: str | None, as_json: bool) -> None:  # noqa: FBT001 (click's way)
    """Every edition."""
    with open_store() as store, reading(store) as connection:
        found = list_layers(connection, None if kind is None else ZoneKind(kind))
    _show(found, as_json=as_json)


@layers.command()
@click.argument("kind", type=KIND)
@click.argument("edition")
@json_option
def show(kind: str, edition: str, as_json: bool) -> None:  # noqa: FBT001 (click's way)
    """One edition of KIND, with its zones."""
    with open_store() as store, reading(store) as connection:
        found = layer_edition(connection, ZoneKind(kind), edition)
        zones = load_layer(connection, found).zones.drop(columns="geometry").to_dict("records")
    if as_json:
        print_json({**_told(found), "zones": zones})
        return
    _show([found], as_json=False)
    echo_table([(zone["zone_id"], zone["code"], zone["level"], zone["name"]) for zone in zones])


@layers.command()
@click.argument("kind", type=KIND)
@click.argument("older")
@click.argument("newer")
@json_option
def diff(kind: str, older: str, newer: str, as_json: bool) -> None:  # noqa: FBT001 (click's way)
    """What changed from edition OLDER to NEWER of KIND."""
    with open_store() as store, reading(store) as connection:
        both = [
            load_layer(connection, layer_edition(connection, ZoneKind(kind), name))
            for name in (older, newer)
        ]
    found = diff_layers(*both)
    if as_json:
        print_json(asdict(found))
        return
    rows: list[tuple[object, ...]] = [
        ("+", z.zone_id, f"{z.area_m2:.0f} m2", z.name) for z in found.added
    ]
    rows += [("-", z.zone_id, f"{z.area_m2:.0f} m2", z.name) for z in found.removed]
    rows += [
        ("~", z.zone_id, f"+{z.gained_m2:.0f} -{z.lost_m2:.0f} m2", z.name) for z in found.changed
    ]
    echo_table(rows)
    click.echo(f"{found.unchanged} zones are alike")


def _show(editions: Any, *, as_json: bool) -> None:  # noqa: ANN401
    if as_json:
        print_json({"layers": [_told(edition) for edition in editions]})
        return
    echo_table([(e.kind, e.name, e.valid_from, e.valid_to, f"{e.zones} zones") for e in editions])


def _told(edition: LayerEdition) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, date | datetime) else value
        for name, value in asdict(edition).items()
    }
