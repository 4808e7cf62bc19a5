"""Witnesses: what radar runs saw, and what each says of each lead."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from shapely import MultiPolygon
from sqlalchemy import Connection, insert, select

from leads.domain.lead import Lead
from leads.domain.witness import Interval, RadarLook, Witness
from leads.store.events import CHUNK
from leads.store.lead_filter import Box
from leads.store.pass_tables import held_candidates, radar_looks, witnesses
from leads.store.places import bounds_columns
from leads.store.schema import run_withdrawals

KIND = "radar"
"""Kind of a witness, and why a candidate is held: radar saw it, and nothing else."""

_ROWS = 1_000  # of one insert
_GONE = select(run_withdrawals.c.run_id)


def keep_look(
    connection: Connection, run_id: str, interval: Interval, ground: MultiPolygon | None, box: Box
) -> None:
    """Keep that a radar run looked: at ground seen on both dates, within a box of EPSG:4490."""
    row = {
        "run_id": run_id,
        "date_before": interval.before,
        "date_after": interval.after,
        "ground": ground,
        **{name: getattr(box, name) for name in ("west", "south", "east", "north")},
    }
    connection.execute(insert(radar_looks), row)


def keep_spots(connection: Connection, spots: Sequence[Lead], now: datetime) -> None:
    """Keep what a radar run saw: held until optical imagery shows the place."""
    rows = [_spot_row(spot, now) for spot in spots]
    for start in range(0, len(rows), _ROWS):
        connection.execute(insert(held_candidates), rows[start : start + _ROWS])


def looks_near(
    connection: Connection, box: Box, interval: Interval, run_id: str | None = None
) -> tuple[RadarLook, ...]:
    """What radar runs that stand saw in a box within an interval; or only `run_id`'s."""
    looks = radar_looks.c
    asked = select(looks.run_id, looks.date_before, looks.date_after, looks.ground).where(
        looks.date_before < interval.after,
        looks.date_after > interval.before,
        *_overlap(radar_looks, box),
        looks.run_id.not_in(_GONE),
    )
    if run_id is not None:
        asked = asked.where(looks.run_id == run_id)
    return tuple(
        RadarLook(
            row.run_id,
            Interval(row.date_before, row.date_after),
            row.ground,
            _spots(connection, row.run_id, box),
        )
        for row in connection.execute(asked.order_by(looks.date_after, looks.run_id)).all()
    )


def keep_witnesses(
    connection: Connection, said: Iterable[tuple[str, Witness]], now: datetime
) -> None:
    """Keep what radar runs say of leads (lead, witness), none of which is kept already."""
    rows = [
        {
            "lead_id": lead_id,
            "run_id": one.run_id,
            "kind": KIND,
            "seen": one.seen,
            "share": one.share,
            "date_before": one.interval.before,
            "date_after": one.interval.after,
            "filed_at": now,
        }
        for lead_id, one in said
    ]
    for start in range(0, len(rows), _ROWS):
        connection.execute(insert(witnesses), rows[start : start + _ROWS])


def witnesses_of_each(
    connection: Connection, lead_ids: Sequence[str]
) -> dict[str, tuple[Witness, ...]]:
    """What radar runs that stand say of each lead, in the order of their dates."""
    found: dict[str, list[Witness]] = {lead_id: [] for lead_id in lead_ids}
    w = witnesses.c
    for some in _chunks(lead_ids):
        asked = select(w.lead_id, w.run_id, w.seen, w.share, w.date_before, w.date_after).where(
            w.lead_id.in_(some), w.run_id.not_in(_GONE)
        )
        for row in connection.execute(asked.order_by(w.date_after, w.date_before, w.run_id)):
            interval = Interval(row.date_before, row.date_after)
            found[row.lead_id].append(Witness(row.run_id, interval, bool(row.seen), row.share))
    return {lead_id: tuple(said) for lead_id, said in found.items()}


def _chunks(lead_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(lead_ids), CHUNK):
        yield lead_ids[start : start + CHUNK]


def _spots(connection: Connection, run_id: str, box: Box) -> tuple[MultiPolygon, ...]:
    held = held_candidates.c
    asked = select(held.geometry).where(
        held.run_id == run_id, held.reason == KIND, *_overlap(held_candidates, box)
    )
    return tuple(connection.scalars(asked.order_by(held.held_id)))


def _overlap(table: Any, box: Box) -> tuple[Any, ...]:  # noqa: ANN401  (a table with bounds)
    at = table.c
    return at.west <= box.east, at.east >= box.west, at.south <= box.north, at.north >= box.south


def _spot_row(spot: Lead, now: datetime) -> dict[str, Any]:
    return {
        "held_id": spot.lead_id,
        "run_id": spot.run_id,
        "reason": KIND,
        "change_class": spot.change_class.label,
        "score": spot.score,
        "area_m2": spot.area_m2,
        "date_before": spot.date_before,
        "date_after": spot.date_after,
        "facts": None,
        "crossed": None,
        "filed_at": now,
        "geometry": spot.geometry,
        **bounds_columns(spot.geometry),
    }
