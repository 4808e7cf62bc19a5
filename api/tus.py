"""The tus protocol's headers (tus 1.0.0, https://tus.io): read, checked and written."""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Annotated

from fastapi import Header, Request
from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from api.accounts.signed_in import Me
from leads.domain.upload import UploadState
from leads.store.uploads import UploadRow
from leads.uploads.names import text_of
from leads.uploads.receipt import Checksum

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,checksum,termination"
MEDIA_TYPE = "application/offset+octet-stream"
ALGORITHMS = {"sha256": 32, "sha1": 20, "md5": 16}
"""Bytes of each checksum that may be sent with a request."""
SHA256_HEADER = "X-Hongxian-SHA256"
"""Tells back the SHA-256 of a whole upload, 64 hex digits."""
MOST_METADATA = 8192
"""Characters of Upload-Metadata."""
MOST_LENGTH = 1 << 53
"""Larger numbers are not exact in a browser."""


class TusRoute(APIRoute):
    """Every answer, also a failure, says which version of tus is spoken here."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_with_version(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Tus-Resumable"] = VERSION
            await send(message)

        await super().handle(scope, receive, send_with_version)


def speaks_tus(
    _: Me,  # who is nobody is told that first
    tus_resumable: Annotated[
        str | None, Header(description="Version of tus; it must be `1.0.0`.")
    ] = None,
) -> None:
    """A dependency: refuse another version, or none, with 412."""
    if tus_resumable != VERSION:
        got = "no version" if tus_resumable is None else f"version {tus_resumable!a:.20}"
        raise HTTPException(
            412,
            f"{got} of tus: send the header Tus-Resumable: {VERSION}",
            headers={"Tus-Version": VERSION},
        )


def number(request: Request, header: str) -> int:
    """A header that is a count of bytes. Raises HTTPException 400."""
    sent = request.headers.get(header, "")
    if not (sent.isascii() and sent.isdigit()) or len(sent) > 16 or int(sent) > MOST_LENGTH:
        more = "; its length must be known" if header == "Upload-Length" else ""
        raise HTTPException(400, f"header {header} {sent!a:.40}: send a count of bytes{more}")
    return int(sent)


def check_media_type(request: Request) -> None:
    """Refuse bytes of an upload under another type. Raises HTTPException 415."""
    sent = request.headers.get("Content-Type", "")
    if sent.split(";")[0].strip().lower() != MEDIA_TYPE:
        raise HTTPException(415, f"Content-Type {sent!a:.60}: send bytes as {MEDIA_TYPE}")


def checksum(request: Request) -> Checksum | None:
    """What Upload-Checksum says. Raises HTTPException 400."""
    sent = request.headers.get("Upload-Checksum")
    if sent is None:
        return None
    algorithm, _, encoded = sent.partition(" ")
    try:
        digest = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != ALGORITHMS.get(algorithm, -1):
        raise HTTPException(
            400,
            f"Upload-Checksum {sent!a:.40}: send one of {', '.join(ALGORITHMS)}, a space, and the "
            "digest in base64",
        )
    return Checksum(algorithm, digest)


def metadata(request: Request) -> dict[str, str]:
    """Upload-Metadata as text. Raises HTTPException 400."""
    sent = request.headers.get("Upload-Metadata", "")
    if len(sent) > MOST_METADATA:
        raise HTTPException(400, f"Upload-Metadata of over {MOST_METADATA} characters: send less")
    told: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in sent.split(","))):
        key, _, encoded = pair.partition(" ")
        try:
            value = text_of(base64.b64decode(encoded.strip(), validate=True))
        except (binascii.Error, ValueError):
            raise HTTPException(
                400, f"Upload-Metadata {key!a:.40}: its value is no base64"
            ) from None
        told[key[:64]] = "".join(sign for sign in value if sign.isprintable())[:2048]
    return told


def metadata_text(told: Mapping[str, str]) -> str:
    """Upload-Metadata of what was told."""
    return ",".join(
        f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in told.items()
    )


def answer_headers(row: UploadRow) -> Mapping[str, str]:
    """What every answer says of an upload."""
    told = {"Upload-Offset": str(row.received), "Cache-Control": "no-store"}
    if row.expires_at is not None:
        told["Upload-Expires"] = http_date(row.expires_at)
    if row.sha256 is not None and row.state is not UploadState.OPEN:
        told[SHA256_HEADER] = row.sha256
    return told


def http_date(moment: datetime) -> str:
    """An instant in UTC as HTTP writes it."""
    return format_datetime(moment, usegmt=True)
