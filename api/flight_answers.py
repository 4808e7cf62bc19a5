"""From the store's values of flights to what is sent: to a third party nothing of leads."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from api.accounts.rights import RIGHTS, Right
from api.bodies.base import Words
from api.bodies.flights import (
    CustodyAnswer,
    FindingAnswer,
    FlightAnswer,
    FlightDetail,
    FlightFileAnswer,
    Flights,
)
from api.page_cursor import cursor_after
from leads.custody.chain import verify
from leads.domain.flight import FlightAction
from leads.domain.roles import Actor
from leads.flights.take_back import may_withdraw
from leads.store.flight_events import custody
from leads.store.flight_files import FlightFile, files_of, sizes_of
from leads.store.flights import FlightRow
from leads.store.scenes import scene
from tiles.drone.preview import PREVIEW_FILE

OF_LEADS = frozenset({FlightAction.HANDED_OVER, FlightAction.ANSWERED, FlightAction.SHARED})
"""Entries of the chain that may tell of leads: who sees none is told only that they are there."""
_GRAVEST = ("stop", "warn", "note")


def page_of(
    connection: Connection, found: Sequence[FlightRow], limit: int, actor: Actor
) -> Flights:
    """A page of at most `limit` flights, of which one more was asked for."""
    shown = found[:limit]
    sizes = sizes_of(connection, [row.flight_id for row in shown])
    more = len(found) > limit
    return Flights(
        flights=[FlightAnswer.model_validate(_fields(row, sizes, actor)) for row in shown],
        next_cursor=cursor_after(shown[-1].opened_at, shown[-1].flight_id) if more else None,
    )


def detail_of(connection: Connection, row: FlightRow, actor: Actor) -> FlightDetail:
    """A flight with everything `actor` may know."""
    sizes = sizes_of(connection, [row.flight_id])
    before = None if row.before_scene_id is None else scene(connection, row.before_scene_id)
    own = None if row.scene_id is None else scene(connection, row.scene_id).folder
    sees_leads = actor.role in RIGHTS[Right.LEADS]
    links = custody(connection, row.flight_id)
    chain = [
        CustodyAnswer.model_validate(
            {
                **{name: getattr(link.event, name) for name in _EVENT},
                "data": dict(link.event.data)
                if sees_leads or link.event.action not in OF_LEADS
                else {},
                "hash": link.hash,
            }
        )
        for link in links
    ]
    return FlightDetail.model_validate(
        {
            **_fields(row, sizes, actor),
            "findings": findings_of(row),
            "placing": None if row.placing is None else dict(row.placing),
            "before_date": before.date.isoformat() if before is not None and sees_leads else None,
            "has_preview": own is not None and (Path(own) / PREVIEW_FILE).is_file(),
            "may_withdraw": may_withdraw(connection, actor, row),
            "originals": [_file(file) for file in files_of(connection, row.flight_id)],
            "custody": chain,
            "chain_whole": verify(links) is None,
        }
    )


def findings_of(row: FlightRow) -> list[FindingAnswer]:
    """What the checks found, the gravest first."""
    kept: Sequence[Mapping[str, Any]] = (row.report or {}).get("findings", ())
    told = [_finding(values) for values in kept]
    return sorted(told, key=lambda one: _GRAVEST.index(one.severity))


def map_of(row: FlightRow) -> str:
    """The map of what the checks found, as GeoJSON; without features before them."""
    empty = {"type": "FeatureCollection", "features": []}
    return json.dumps((row.report or {}).get("map", empty), ensure_ascii=False)


_EVENT = ("sequence", "action", "at", "account_id", "role")
_SAME = (
    "flight_id", "mission_id", "name", "state", "reason", "files_announced", "uploaded_by",
    "opened_at", "received_at", "flown_from", "flown_to", "device", "product", "gsd_m",
    "position_error_m", "replaced_by", "job_id",
)  # fmt: skip


def _fields(row: FlightRow, sizes: Mapping[str, tuple[int, int]], actor: Actor) -> dict[str, Any]:
    files, size = sizes.get(row.flight_id, (0, 0))
    reads_runs = actor.role in RIGHTS[Right.IMAGERY]
    return {
        **{name: getattr(row, name) for name in _SAME},
        "files": files,
        "bytes": size,
        "verdict": (row.report or {}).get("verdict"),
        "run_job_id": row.run_job_id if reads_runs else None,
    }


def _finding(values: Mapping[str, Any]) -> FindingAnswer:
    lon, lat = values.get("place") or (None, None)
    return FindingAnswer(
        code=values["code"],
        severity=values["severity"],
        words=Words(**values["words"]),
        photos=list(values["photos"]),
        lon=lon,
        lat=lat,
    )


def _file(file: FlightFile) -> FlightFileAnswer:
    boxed = None if file.boxes is None else len(file.boxes)
    names = set(FlightFileAnswer.model_fields) - {"boxed"}
    return FlightFileAnswer(boxed=boxed, **{name: getattr(file, name) for name in names})
