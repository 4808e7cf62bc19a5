"""Steps of a lead: decided in the domain, then event and row are written in one transaction."""

import json
from dataclasses import fields
from datetime import datetime
from typing import Any

import shapely
from shapely import MultiPolygon
from sqlalchemy import Connection, select

from geo.area import geodesic_area_m2
from geo.candidate import Candidate
from geo.crossing import cross
from geo.crs import CGCS2000
from leads.domain.event import Decision, Event, LeadState
from leads.domain.facts import Facts
from leads.domain.flight_answer import drone_saw
from leads.domain.roles import Actor
from leads.domain.transition_table import Action
from leads.domain.transitions import Command, decide
from leads.domain.witness import radar_saw
from leads.store.events import append_event
from leads.store.flight_answers import answers_of_each
from leads.store.layers import layers_in_force
from leads.store.lead_filter import Box
from leads.store.lead_row import LeadRow, bits_of_kinds
from leads.store.leads import change_lead, lock_lead
from leads.store.overlaps import replace_overlaps
from leads.store.places import place_columns
from leads.store.reopen import check_reopen
from leads.store.schema import runs, scenes
from leads.store.scoring import rescored, score_columns
from leads.store.seen import later_looks, seen_of
from leads.store.signs import hazard_signs_of_each
from leads.store.witness import witnesses_of_each

UNMEASURED_ERROR_PX = 2.0
"""Position error taken, in pixels of the coarser image, where a run could not measure it."""

_MARGIN_DEG = 0.01
"""Zones this far around an outline are crossed with it: some 1 km, far over any position error."""


def take_step(
    connection: Connection, lead_id: str, command: Command, actor: Actor, now: datetime
) -> Event:
    """Do what `command` asks to a lead that `actor` sees, if it is allowed; returns the event.

    The transaction must be a writing one. Raises NotFoundError, StaleError when the lead is not at
    the command's version, TransitionError, ForbiddenError and InputError as `decide` does, and
    TransitionError where a lead to be reopened has a successor.
    """
    row = lock_lead(connection, actor, lead_id)
    decision = decide(row.state, command, actor, now)
    values = {**state_columns(decision.state), "updated_at": now}
    if command.action is Action.REOPEN:
        check_reopen(connection, row)
    if command.action is Action.REDRAW:
        values |= _redrawn(connection, row, decision)
    elif decision.state.change_class is not row.change_class:
        seen = seen_of(connection, [lead_id])
        values |= rescored(connection, [(row, decision.state)], seen)[lead_id]
    append_event(connection, decision.event)
    change_lead(connection, lead_id, row.version, values)
    return decision.event


def state_columns(state: LeadState) -> dict[str, Any]:
    """The columns of `leads` a step may set."""
    names = (field.name for field in fields(LeadState) if field.name != "lead_id")
    columns = {name: getattr(state, name) for name in names}
    return {**columns, "change_class": state.change_class.label}


def _redrawn(connection: Connection, row: LeadRow, decision: Decision) -> dict[str, Any]:
    """Everything that follows from another outline: place, area, zones, district, score."""
    outline = _outline(decision.event)
    area = geodesic_area_m2(outline, CGCS2000)
    around = Box(*outline.buffer(_MARGIN_DEG).bounds)
    layers = layers_in_force(connection, row.date_before, row.date_after, around)
    drawn = Candidate(outline, CGCS2000, area, pixels=1, score=row.score or 0.0)
    error_m = _error_m(connection, row)
    crossing = cross([drawn], layers, error_m, row.date_before, row.date_after)
    overlaps, ambiguous = crossing.overlaps[0], crossing.edition_ambiguous[0]
    replace_overlaps(connection, row.lead_id, overlaps)
    code, name = crossing.districts[0] or (None, None)
    images, growth = later_looks(seen_of(connection, [row.lead_id])[row.lead_id])
    kinds = frozenset(layer.kind for layer in layers)
    said = witnesses_of_each(connection, [row.lead_id])[row.lead_id]
    flown = answers_of_each(connection, [row.lead_id])[row.lead_id]
    hazard = hazard_signs_of_each(connection, [row.lead_id])[row.lead_id]
    facts = Facts(
        score=row.score or 0.0,
        change_class=row.change_class,
        area_m2=area,
        overlaps=overlaps,
        layers=kinds,
        edition_ambiguous=ambiguous,
        recurrence_count=row.recurrence_count,
        later_images=images,
        growth_per_month=growth,
        coregistration_m=row.coregistration_m,
        sar_seen=radar_saw(said),
        drone_seen=drone_saw(flown),
        confirmed_hazard_signs=hazard,
    )
    return {
        **place_columns(outline),
        **score_columns(connection, [facts])[0],
        "area_m2": area,
        "district_code": code,
        "district_name": name,
        "edition_ambiguous": sorted(ambiguous),
        "zone_kinds": bits_of_kinds(overlap.kind for overlap in overlaps),
        "crossed_kinds": bits_of_kinds(kinds),
    }


def _outline(event: Event) -> MultiPolygon:
    outline: Any = shapely.from_geojson(json.dumps(event.data["outline"]))
    whole: MultiPolygon = outline  # `decide` writes nothing else
    return whole


def _error_m(connection: Connection, row: LeadRow) -> float:
    if row.coregistration_m is not None or row.run_id is None:
        return row.coregistration_m or 0.0
    used = select(scenes.c.gsd_m).join(
        runs,
        (runs.c.before_scene_id == scenes.c.scene_id)
        | (runs.c.after_scene_id == scenes.c.scene_id),
    )
    coarser = connection.scalars(used.where(runs.c.run_id == row.run_id)).all()
    return UNMEASURED_ERROR_PX * max(coarser, default=0.0)
