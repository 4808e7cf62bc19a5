"""Flights: opened, completed, taken back; what the checks found, and what became of each."""

from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import FileResponse, StreamingResponse
from sqlalchemy import Connection

from api.accounts.rights import Right
from api.accounts.signed_in import may
from api.bodies.flights import (
    FlightDetail,
    FlightId,
    FlightQuery,
    Flights,
    NewFlight,
    Replace,
    TakeBack,
)
from api.context import Context, Ctx
from api.flight_answers import detail_of, map_of, page_of
from api.openapi import ACCOUNT, problems
from api.page_cursor import place_of
from geo.errors import ForbiddenError, NotFoundError
from leads.domain.flight import FlightAction
from leads.domain.roles import Actor
from leads.flights.take_back import DESK, remove_originals, replace_flight, withdraw_flight
from leads.store.engine import reading
from leads.store.flight_events import note
from leads.store.flight_files import FlightFile, files_of
from leads.store.flights import FlightRow, complete, flight_seen, list_flights, open_flight
from leads.store.scenes import scene
from tiles.drone.preview import PREVIEW_FILE

router = APIRouter(prefix="/api/flights", tags=["flights"])

Pilot = Annotated[Actor, Depends(may(Right.FLIGHTS))]
FileName = Annotated[str, Path(description="Path of the file within the flight.", max_length=1000)]
_BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_STEP = problems(*ACCOUNT, 404, 409, body=True)


@router.get("", operation_id="list_flights", responses=problems(*ACCOUNT))
def flights(query: Annotated[FlightQuery, Query()], pilot: Pilot, ctx: Ctx) -> Flights:
    """Flights you may see, the latest opened first."""
    after = None if query.cursor is None else place_of(query.cursor)
    with reading(ctx.engine) as connection:
        found = list_flights(connection, pilot, query.state, query.mission, query.limit + 1, after)
        return page_of(connection, found, query.limit, pilot)


@router.post("", operation_id="open_flight", status_code=201, responses=_STEP)
def new(body: NewFlight, pilot: Pilot, ctx: Ctx) -> FlightDetail:
    """Open a flight, to upload its files to."""

    def opened(connection: Connection) -> FlightDetail:
        row = open_flight(
            connection, pilot, body.name, ctx.clock(), body.mission_id, body.files_announced
        )
        return detail_of(connection, row, pilot)

    return ctx.write(opened)


@router.get("/{flight_id}", operation_id="read_flight", responses=problems(*ACCOUNT, 404))
def one(flight_id: FlightId, pilot: Pilot, ctx: Ctx) -> FlightDetail:
    """One flight with its findings, files and chain of custody."""
    with reading(ctx.engine) as connection:
        return detail_of(connection, flight_seen(connection, pilot, flight_id), pilot)


@router.post("/{flight_id}/complete", operation_id="complete_flight", responses=_STEP)
def completed(flight_id: FlightId, pilot: Pilot, ctx: Ctx) -> FlightDetail:
    """All files are here: they are checked, made an image, and compared."""

    def settle(connection: Connection) -> FlightDetail:
        flight_seen(connection, pilot, flight_id)
        complete(connection, flight_id, ctx.clock(), pilot)
        return detail_of(connection, flight_seen(connection, pilot, flight_id), pilot)

    return ctx.write(settle)


@router.post("/{flight_id}/withdrawal", operation_id="withdraw_flight", responses=_STEP)
def withdrawn(flight_id: FlightId, body: TakeBack, pilot: Pilot, ctx: Ctx) -> FlightDetail:
    """Take a flight back, with what was found on it. Its rows, hashes and custody stay."""

    def settle(connection: Connection) -> FlightDetail:
        row = withdraw_flight(connection, flight_id, body.reason, pilot, ctx.clock())
        return detail_of(connection, row, pilot)

    return _and_bytes(ctx, flight_id, ctx.write(settle))


@router.post("/{flight_id}/replacement", operation_id="replace_flight", responses=_STEP)
def replaced(flight_id: FlightId, body: Replace, pilot: Pilot, ctx: Ctx) -> FlightDetail:
    """Let another flight of yours stand in the place of this one."""

    def settle(connection: Connection) -> FlightDetail:
        row = replace_flight(connection, flight_id, body.by, body.reason, pilot, ctx.clock())
        return detail_of(connection, row, pilot)

    return _and_bytes(ctx, flight_id, ctx.write(settle))


@router.get(
    "/{flight_id}/report.geojson",
    operation_id="read_flight_report",
    responses={
        **problems(*ACCOUNT, 404),
        200: {"content": {"application/geo+json": {"schema": {"type": "object"}}}},
    },
)
def report(flight_id: FlightId, pilot: Pilot, ctx: Ctx) -> Response:
    """What the checks found, as a map: frames, ground, findings with their reasons."""
    with reading(ctx.engine) as connection:
        row = flight_seen(connection, pilot, flight_id)
    return Response(map_of(row), media_type="application/geo+json")


@router.get(
    "/{flight_id}/preview.webp",
    operation_id="read_flight_preview",
    response_class=Response,
    responses={**problems(*ACCOUNT, 404), 200: {"content": {"image/webp": _BINARY}}},
)
def preview(flight_id: FlightId, pilot: Pilot, ctx: Ctx) -> Response:
    """A small picture of the flight's image of the ground."""
    with reading(ctx.engine) as connection:
        row = flight_seen(connection, pilot, flight_id)
        folder = None if row.scene_id is None else scene(connection, row.scene_id).folder
    path = None if folder is None else FilePath(folder) / PREVIEW_FILE
    if path is None or not path.is_file():
        raise NotFoundError(f"flight {flight_id} has no image of the ground (any more)")
    return FileResponse(path, media_type="image/webp")


@router.get(
    "/{flight_id}/originals/{name:path}",
    operation_id="read_original",
    response_class=Response,
    responses={
        **problems(*ACCOUNT, 404, 409),
        200: {"content": {"application/octet-stream": _BINARY}},
    },
)
def original(flight_id: FlightId, name: FileName, pilot: Pilot, ctx: Ctx) -> Response:
    """One original, byte for byte; the chain of custody says who read it."""

    def read(connection: Connection) -> FlightFile:
        row = flight_seen(connection, pilot, flight_id)
        if row.uploaded_by != pilot.account_id and pilot.role not in DESK:
            raise ForbiddenError("originals are for who uploaded them, and for the city's desk")
        file = _named(connection, row, name)
        if not ctx.depot.has(file.sha256):
            raise NotFoundError(f"{name}: its bytes were removed with its flight")
        told = {"name": file.name, "sha256": file.sha256}
        note(connection, flight_id, FlightAction.READ, ctx.clock(), pilot, dict(told))
        return file

    file = ctx.write(read)
    headers = {
        "Content-Disposition": "attachment",
        "Content-Length": str(file.bytes),
        "ETag": f'"{file.sha256}"',
    }
    return StreamingResponse(
        ctx.depot.read(file.sha256), media_type="application/octet-stream", headers=headers
    )


def _named(connection: Connection, row: FlightRow, name: str) -> FlightFile:
    for file in files_of(connection, row.flight_id):
        if file.name == name:
            return file
    raise NotFoundError(f"flight {row.flight_id} has no file {name!a:.80}")


def _and_bytes(ctx: Context, flight_id: str, answer: FlightDetail) -> FlightDetail:
    """Remove originals that are no longer wanted, once that is written down."""
    remove_originals(ctx.engine, ctx.depot, flight_id, ctx.clock())
    return answer
