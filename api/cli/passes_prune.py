"""`hongxian passes prune` and `pin`: which pixels go, and which stay by a person's word."""

import click
from sqlalchemy import Connection

from api.cli.options import json_option, print_json
from api.cli.store import SYSTEM, echo_table, now, open_store
from api.cli.workplace import imagery_folder
from geo.errors import InputError, NotFoundError
from leads.intake.retention import Pruned, planned
from leads.intake.retention import prune as remove
from leads.store.engine import reading, write
from leads.store.scene_pins import Pin, pins, unpin
from leads.store.scene_pins import pin as put_pin
from leads.store.scenes import SceneRow, scenes_near

GB = 1e9
"""Bytes of a GB."""


@click.command()
@click.option("--plan", is_flag=True, help="Tell what would go, and what stays and why.")
@click.option("--most-gb", type=click.FloatRange(0), help="The oldest go, too, until this is kept.")
@json_option
def prune(plan: bool, most_gb: float | None, as_json: bool) -> None:  # noqa: FBT001
    """Remove pixels of scenes whose days are over (`keep_days` of their watch).

    Rows, items and what was seen stay. Evidence of leads, pinned scenes, images of waiting runs and
    those that later passes may be compared with are never removed.
    """
    most = None if most_gb is None else int(most_gb * GB)
    with open_store() as store:
        if plan:
            with reading(store) as connection:
                found = planned(connection, imagery_folder(), now(), most)
        else:
            found = remove(store, imagery_folder(), now(), most)
    if as_json:
        print_json(_report(found))
        return
    gone = [(one.scene.scene_id[:12], one.scene.date, one.reason) for one in found.removals]
    stay = [(scene_id[:12], None, why) for scene_id, why in sorted(found.needed.items())]
    echo_table([*(("remove", *row) for row in gone), *(("keep", *row) for row in stay if plan)])
    would = "would free" if plan else "freed"
    click.echo(f"{len(gone)} scenes, {found.bytes / GB:.3f} GB {would}")


@click.command()
@click.argument("scene", metavar="[SCENE]", required=False)
@click.option("--reason", help="Why its pixels are to stay.")
@click.option("--remove", "take_away", is_flag=True, help="Take the pin away.")
@json_option
def pin(scene: str | None, reason: str | None, take_away: bool, as_json: bool) -> None:  # noqa: FBT001
    """Pin a SCENE (its id, or the beginning): its pixels are never removed. Without: list pins."""
    if scene is not None and (reason is None) != take_away:
        raise InputError("give --reason to pin a scene, or --remove")
    with open_store() as store:
        if scene is not None:
            write(store, lambda c: _change(c, scene, reason))
        with reading(store) as connection:
            found = pins(connection)
    if as_json:
        print_json({"pins": [_of_pin(one) for one in found]})
    else:
        echo_table([tuple(_of_pin(one).values()) for one in found])


def _change(connection: Connection, start: str, reason: str | None) -> None:
    row = _scene(connection, start)
    if reason is None:
        unpin(connection, row.scene_id)
    else:
        put_pin(connection, row.scene_id, reason, SYSTEM.account_id, now())


def _scene(connection: Connection, start: str) -> SceneRow:
    """The one scene whose id starts so. Raises NotFoundError, InputError."""
    found = scenes_near(connection, None, start)
    if not found:
        raise NotFoundError(f"no scene {start!a:.70}: `hongxian passes show` names those of passes")
    if len(found) > 1:
        raise InputError(f"{len(found)} scenes begin with {start!a:.70}: give more of the id")
    return found[0]


def _report(found: Pruned) -> dict[str, object]:
    gone = [
        {
            "scene_id": one.scene.scene_id,
            "watch": one.watch,
            "date": one.scene.date.isoformat(),
            "bytes": one.scene.bytes,
            "reason": one.reason,
        }
        for one in found.removals
    ]
    return {"removed": gone, "bytes": found.bytes, "needed": dict(sorted(found.needed.items()))}


def _of_pin(one: Pin) -> dict[str, str]:
    return {
        "scene_id": one.scene_id,
        "reason": one.reason,
        "pinned_by": one.pinned_by,
        "pinned_at": one.pinned_at.isoformat(),
    }
