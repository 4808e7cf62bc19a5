"""Uploads: files of flights by the tus protocol (https://tus.io), and what became of each."""

from collections.abc import Mapping
from secrets import token_hex
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api import tus
from api.accounts.rights import Right
from api.accounts.signed_in import may
from api.bodies.base import path_part
from api.bodies.uploads import SameFile, UploadAnswer, UploadQuery, Uploads
from api.context import Context, Ctx
from api.openapi import ACCOUNT, problems
from api.upload_admission import let_in
from geo.errors import DiskFullError, ForbiddenError
from leads.domain.roles import Actor
from leads.store.engine import reading
from leads.store.upload_steps import end_upload
from leads.store.uploads import UploadRow, check_open, list_uploads, load, upload_row, upload_seen
from leads.uploads.forget import forget_original
from leads.uploads.receipt import Receipt

router = APIRouter(prefix="/api/uploads", tags=["uploads"], route_class=tus.TusRoute)

Sender = Annotated[Actor, Depends(may(Right.FLIGHTS))]
Tus = Depends(tus.speaks_tus)
UploadId = Annotated[
    str, path_part("The upload: 32 hex digits after `u-`.", r"^u-[0-9a-f]{32}$", "u-" + "0a" * 16)
]
NO_BODY: dict[str, Any] = {"response_class": Response}
BYTES = {
    "requestBody": {
        "description": "Bytes of the file from `Upload-Offset` on.",
        "content": {tus.MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    }
}
IN_A_FLOW = (400, 409, 410, 412, 413, 415, 423, 460, 507)


@router.options("", include_in_schema=False, status_code=204)
def options(_: Sender, ctx: Ctx) -> Response:
    """What is spoken here."""
    return Response(
        status_code=204,
        headers={
            "Tus-Version": tus.VERSION,
            "Tus-Extension": tus.EXTENSIONS,
            "Tus-Max-Size": str(ctx.limits.upload_bytes),
            "Tus-Checksum-Algorithm": ",".join(tus.ALGORITHMS),
        },
    )


@router.get("", operation_id="list_uploads", responses=problems(*ACCOUNT))
def uploads(query: Annotated[UploadQuery, Query()], sender: Sender, ctx: Ctx) -> Uploads:
    """Attempts to send files, of one flight if given, the latest first; the desk sees all."""
    with reading(ctx.engine) as connection:
        rows = list_uploads(connection, sender, query.flight, query.limit)
        used = load(connection, sender.account_id, None).of_account
    return Uploads(
        uploads=[_answer(row) for row in rows],
        quota_bytes=ctx.limits.quota_bytes,
        used_bytes=used,
    )


@router.post(
    "",
    operation_id="create_upload",
    status_code=201,
    responses=problems(*ACCOUNT, 404, *IN_A_FLOW, body=True),
    openapi_extra=BYTES,
    dependencies=[Tus],
    **NO_BODY,
)
async def create(request: Request, sender: Sender, ctx: Ctx) -> Response:
    """Begin an upload to a flight (`Upload-Length`, `Upload-Metadata`); the answer has its address.

    Bytes may come with it. Refused before a byte is sent where quota or room will not hold it.
    """
    has_bytes = request.headers.get("Content-Type") is not None and _has_body(request)
    if has_bytes:
        tus.check_media_type(request)
    size, told = tus.number(request, "Upload-Length"), tus.metadata(request)
    client = request.headers.get("User-Agent")
    row = await ctx.uploads.run(lambda: let_in(ctx, sender, size, told, client))
    where = {"Location": f"/api/uploads/{row.upload_id}"}
    if has_bytes or size == 0:
        row = await _receive(request, sender, ctx, row, 0)
    return Response(status_code=201, headers={**where, **tus.answer_headers(row)})


@router.head("/{upload_id}", include_in_schema=False, dependencies=[Tus], **NO_BODY)
async def how_far(upload_id: UploadId, sender: Sender, ctx: Ctx) -> Response:
    """How many bytes are safe here."""
    row = await ctx.uploads.run(lambda: _seen(ctx, sender, upload_id))
    await ctx.uploads.settle(upload_id)
    row = await ctx.uploads.run(lambda: _seen(ctx, sender, upload_id))
    check_open(row)
    told = {"Upload-Length": str(row.bytes), "Upload-Metadata": tus.metadata_text(row.metadata)}
    return Response(headers={**told, **tus.answer_headers(row)})


@router.get("/{upload_id}", operation_id="read_upload", responses=problems(*ACCOUNT, 404))
def one_upload(upload_id: UploadId, sender: Sender, ctx: Ctx) -> UploadAnswer:
    """One attempt to send a file."""
    return _answer(_seen(ctx, sender, upload_id))


@router.patch(
    "/{upload_id}",
    operation_id="continue_upload",
    status_code=204,
    responses=problems(*ACCOUNT, 404, *IN_A_FLOW, body=True),
    openapi_extra=BYTES,
    dependencies=[Tus],
    **NO_BODY,
)
async def go_on(upload_id: UploadId, request: Request, sender: Sender, ctx: Ctx) -> Response:
    """Send bytes from `Upload-Offset` on; the last answer tells the SHA-256 of the whole file."""
    row = await ctx.uploads.run(lambda: _own(ctx, sender, upload_id))
    tus.check_media_type(request)
    check_open(row)
    row = await _receive(request, sender, ctx, row, tus.number(request, "Upload-Offset"))
    return Response(status_code=204, headers=tus.answer_headers(row))


@router.delete(
    "/{upload_id}",
    operation_id="withdraw_upload",
    status_code=204,
    responses=problems(*ACCOUNT, 404, 409, 410),
    **NO_BODY,
)
async def withdraw(upload_id: UploadId, sender: Sender, ctx: Ctx) -> Response:
    """Take a file back: under way, or whole while its flight still receives; the sender only."""
    await ctx.uploads.run(lambda: _own(ctx, sender, upload_id))
    await ctx.uploads.stop(upload_id)
    await ctx.uploads.run(lambda: _end(ctx, sender, upload_id))
    return Response(status_code=204)


@router.post("/{upload_id}", include_in_schema=False, dependencies=[Tus], **NO_BODY)
async def instead(upload_id: UploadId, request: Request, sender: Sender, ctx: Ctx) -> Response:
    """A PATCH or DELETE of senders whose network lets only POST through."""
    meant = request.headers.get("X-HTTP-Method-Override", "").upper()
    if meant == "PATCH":
        return await go_on(upload_id, request, sender, ctx)
    if meant == "DELETE":
        return await withdraw(upload_id, sender, ctx)
    raise HTTPException(405, "POST to an upload: send PATCH, or name it in X-HTTP-Method-Override")


async def _receive(
    request: Request, sender: Actor, ctx: Context, row: UploadRow, offset: int
) -> UploadRow:
    length = request.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > row.bytes - offset:
        raise HTTPException(
            413, f"{int(length)} bytes from {offset} on: the upload has {row.bytes}, send no more"
        )
    receipt = Receipt(
        engine=ctx.engine,
        depot=ctx.depot,
        hashes=ctx.uploads.hashes,
        clock=ctx.clock,
        actor=sender,
        upload_id=row.upload_id,
        writer=token_hex(8),
        checksum=tus.checksum(request),
    )
    try:
        return await ctx.uploads.receive(request, receipt, offset)
    except ClientDisconnect:
        return await ctx.uploads.run(lambda: _row(ctx, row.upload_id))  # nobody hears it
    except DiskFullError as error:
        raise HTTPException(507, str(error)) from None


def _end(ctx: Context, sender: Actor, upload_id: str) -> None:
    before = _row(ctx, upload_id)
    ctx.write(lambda c: end_upload(c, upload_id, sender, ctx.clock()))
    ctx.depot.drop(upload_id)
    if before.sha256 is not None:
        forget_original(ctx.engine, ctx.depot, before.sha256)


def _row(ctx: Context, upload_id: str) -> UploadRow:
    with reading(ctx.engine) as connection:
        return upload_row(connection, upload_id)


def _seen(ctx: Context, sender: Actor, upload_id: str) -> UploadRow:
    with reading(ctx.engine) as connection:
        return upload_seen(connection, sender, upload_id)


def _own(ctx: Context, sender: Actor, upload_id: str) -> UploadRow:
    row = _seen(ctx, sender, upload_id)
    if row.account_id != sender.account_id:
        raise ForbiddenError(
            f"upload {upload_id} is another account's: they alone change it; the desk withdraws "
            "its flight"
        )
    return row


def _has_body(request: Request) -> bool:
    length = request.headers.get("Content-Length")
    return length != "0" if length is not None else "Transfer-Encoding" in request.headers


def _answer(row: UploadRow) -> UploadAnswer:
    names = UploadAnswer.model_fields.keys() - {"same_as"}
    values: Mapping[str, object] = {name: getattr(row, name) for name in names}
    flight_id, _, name = (row.same_as or "").partition("/")
    same = SameFile(flight_id=flight_id, name=name) if name else None
    return UploadAnswer.model_validate({**values, "same_as": same})
