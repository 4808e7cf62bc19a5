"""Copies of flights that leave the case: coarse, boxed and labelled; each is written down."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import FileResponse
from shapely import MultiPolygon
from sqlalchemy import Connection
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException

from api.accounts.rights import Right
from api.accounts.signed_in import may
from api.bodies.flight_copies import Boxed, Boxes, CopyOfPhoto, FileName, ImageCopy
from api.bodies.flights import FlightId
from api.context import Ctx
from api.openapi import ACCOUNT, problems
from geo.errors import DiskFullError, NotFoundError
from leads.domain.flight import FlightAction
from leads.domain.roles import Actor
from leads.flights.share import Copy, Sharer
from leads.run.jobs.disk_guard import DiskGuard
from leads.store.engine import reading
from leads.store.flight_boxes import photo_seen, set_boxes
from leads.store.flight_events import note
from leads.store.flights import FlightRow, flight_seen
from leads.store.leads import read_outlines
from leads.store.missions import mission
from leads.store.scenes import SceneRow, scene

router = APIRouter(prefix="/api/flights", tags=["flights"])

Sender = Annotated[Actor, Depends(may(Right.MISSIONS))]

_ONE_AT_A_TIME = Lock()
"""A copy of a large image takes a core for a minute: the others wait a moment, or ask again."""
_PATIENCE_S = 10.0
_RETRY_S = 60


def _file(kind: str, words: str) -> dict[int | str, dict[str, Any]]:
    content = {kind: {"schema": {"type": "string", "format": "binary"}}}
    return {200: {"description": words, "content": content}}


@router.get("/{flight_id}/boxes", operation_id="read_boxes", responses=problems(*ACCOUNT, 404, 409))
def read(
    flight_id: FlightId,
    name: Annotated[FileName, Query(description="Path of the photo within the flight.")],
    sender: Sender,
    ctx: Ctx,
) -> Boxed:
    """What is hidden in copies of a photo."""
    with reading(ctx.engine) as connection:
        return Boxed.model_validate(photo_seen(connection, sender, flight_id, name))


@router.put(
    "/{flight_id}/boxes",
    operation_id="set_boxes",
    responses=problems(*ACCOUNT, 404, 409, 412, body=True),
)
def put(flight_id: FlightId, body: Boxes, sender: Sender, ctx: Ctx) -> Boxed:
    """Say what must be hidden in copies of a photo: faces, plates, names. None is an answer too."""
    now = ctx.clock()
    boxed = ctx.write(lambda c: set_boxes(c, sender, flight_id, body.name, body.boxes, now))
    return Boxed.model_validate(boxed)


@router.post(
    "/{flight_id}/copies/image",
    operation_id="copy_image",
    response_class=FileResponse,
    responses={
        **problems(*ACCOUNT, 404, 409, 412, 507, body=True),
        **_file("image/tiff", "A COG, no finer than 5 cm outside the lead's outline."),
    },
)
def copy_image(flight_id: FlightId, body: ImageCopy, sender: Sender, ctx: Ctx) -> FileResponse:
    """A copy of the flight's image that may leave the case; the chain of custody says to whom.

    409 without an image, or where it shows more than 25 km2 in one piece.
    """
    now = ctx.clock()

    def wanted(connection: Connection) -> tuple[FlightRow, SceneRow | None, MultiPolygon | None]:
        flight = flight_seen(connection, sender, flight_id)
        shown = None if flight.scene_id is None else scene(connection, flight.scene_id)
        lead_id = body.lead_id
        if lead_id is None and flight.mission_id is not None:
            lead_id = mission(connection, flight.mission_id).lead_id
        if lead_id is None:
            return flight, shown, None
        found = read_outlines(connection, sender, [lead_id], "flight copy", now)
        if body.lead_id is not None and not found:
            raise NotFoundError(f"no lead {lead_id} for {sender.account_id}")
        return flight, shown, found.get(lead_id)

    flight, shown, fine = ctx.write(wanted)
    with _in_turn():
        copy = _sharer(ctx).image(flight, shown, fine, now)
    return _sent(ctx, sender, flight_id, copy, body.to, body.why)


@router.post(
    "/{flight_id}/copies/photo",
    operation_id="copy_photo",
    response_class=FileResponse,
    responses={
        **problems(*ACCOUNT, 404, 409, 412, 507, body=True),
        **_file("image/jpeg", "The photo, boxed, without metadata."),
    },
)
def copy_photo(flight_id: FlightId, body: CopyOfPhoto, sender: Sender, ctx: Ctx) -> FileResponse:
    """A copy of a photo that may leave the case: boxes filled, pixels only.

    409 for a ground photo until a person said what must be hidden. Frames from the air are made no
    finer than 5 cm.
    """
    with reading(ctx.engine) as connection:
        photo = photo_seen(connection, sender, flight_id, body.name)
    with _in_turn():
        copy = _sharer(ctx).photo(ctx.depot, photo)
    return _sent(ctx, sender, flight_id, copy, body.to, body.why)


@contextmanager
def _in_turn() -> Iterator[None]:
    """Hold the place for one copy; 503 where another takes long, 507 where there is no room."""
    if not _ONE_AT_A_TIME.acquire(timeout=_PATIENCE_S):
        detail = "another copy is being made: ask again in a minute"
        raise HTTPException(503, detail, headers={"Retry-After": str(_RETRY_S)})
    try:
        yield
    except DiskFullError:  # which folder it is concerns the server's operator
        detail = "no room for a copy on the server's disk: tell its operator, and ask again"
        raise HTTPException(507, detail) from None
    finally:
        _ONE_AT_A_TIME.release()


def _sharer(ctx: Ctx) -> Sharer:
    folder = ctx.settings.make_data_folder() / "copies"
    return Sharer(folder, DiskGuard([folder], ctx.settings.keep_free_gb))


def _sent(ctx: Ctx, sender: Actor, flight_id: str, copy: Copy, to: str, why: str) -> FileResponse:
    """Write down who gets it; only then it leaves."""
    told = {"to": to, "why": why, **copy.told}
    now = ctx.clock()
    try:
        ctx.write(lambda c: note(c, flight_id, FlightAction.SHARED, now, sender, told))
    except BaseException:
        _forget(copy.path)
        raise
    return FileResponse(
        copy.path,
        media_type=copy.media_type,
        filename=copy.name,
        headers={"ETag": f'"{copy.sha256}"'},
        background=BackgroundTask(_forget, copy.path),
    )


def _forget(path: Path) -> None:
    shutil.rmtree(path.parent, ignore_errors=True)
