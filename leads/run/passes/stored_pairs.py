"""Pairs of scenes the store knows: of one pass, or the latest of a district."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, Engine

from geo.errors import InputError, NotFoundError
from geo.zone import ZoneKind
from leads.run.passes.pairs import Look, Pairs, covering_pairs
from leads.run.scope import scope_of
from leads.store.engine import reading
from leads.store.layers import editions_in_force, load_layer
from leads.store.lead_filter import Box
from leads.store.scenes import SceneRow, scenes_near

LEAST_ID = 4
"""Characters of a scene's id that must be given at least."""


def pairs_in_store(engine: Engine, pass_id: str | None, district: str | None, today: date) -> Pairs:
    """One pass, or a district's latest scenes, each with the earlier ones that show its ground.

    A pass is named by its scene's id or the start of it. Raises NotFoundError, InputError.
    """
    with reading(engine) as connection:
        if pass_id is not None:
            afters: Sequence[SceneRow] = [_named(connection, pass_id)]
            ground = afters[0].footprint
        else:
            layers = [
                load_layer(connection, edition)
                for edition in editions_in_force(connection, today, today, ZoneKind.DISTRICT)
            ]
            ground = scope_of(district or "", layers).outline
            afters = []
        near = [
            row
            for row in scenes_near(connection, Box(*map(float, ground.bounds)))
            if shapely.intersects(row.footprint, ground)
        ]
    if not afters:
        afters = _latest(near, ground)
    if not afters:
        raise NotFoundError("the store has no scene there: give PATHS, or fetch a pass")
    looks = [_look(row) for row in near]
    chosen = [replace(_look(row), outline=row.footprint & ground) for row in afters]
    return covering_pairs(looks, chosen)


def _named(connection: Connection, start: str) -> SceneRow:
    if len(start) < LEAST_ID:
        raise InputError(f"--pass {start!a}: give at least {LEAST_ID} characters of the scene's id")
    found = scenes_near(connection, None, start)
    if len(found) != 1:
        raise NotFoundError(f"{len(found)} scenes of the store have an id that starts {start!a}")
    return found[0]


def _latest(rows: Sequence[SceneRow], ground: BaseGeometry) -> list[SceneRow]:
    """The newest scenes that together show the ground; an older one only where none is newer."""
    left, taken = ground, list[SceneRow]()
    for row in sorted(rows, key=lambda one: (one.date, one.scene_id), reverse=True):
        if shapely.area(row.footprint & left) > 0:
            taken.append(row)
            left = left - row.footprint
    return taken


def _look(row: SceneRow) -> Look:
    return Look(row.source, row.date, row.footprint)
