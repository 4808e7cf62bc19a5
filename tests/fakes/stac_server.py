"""A real small STAC API on this machine: stac-fastapi over items in memory, which can misbehave."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import attr
import uvicorn
from pystac.utils import str_to_datetime
from shapely.geometry import box, shape
from stac_fastapi.api.app import StacApi
from stac_fastapi.api.models import create_get_request_model, create_post_request_model
from stac_fastapi.extensions.pagination import TokenPaginationExtension
from stac_fastapi.extensions.query import QueryExtension
from stac_fastapi.types.config import ApiSettings
from stac_fastapi.types.core import BaseCoreClient
from stac_fastapi.types.errors import NotFoundError

Json = dict[str, Any]
Asgi = Callable[..., Any]


@dataclass
class Fault:
    """How one answer goes wrong."""

    status: int = 0
    """Answered instead; 0: none."""
    retry_after: str = ""
    """Header of that answer."""
    slow_s: float = 0.0
    """Before the answer."""
    body: bytes | None = None
    """Sent instead of the answer, with status 200."""
    location: str = ""
    """Header of that answer."""
    cut: int = 0
    """Bytes that are announced beyond those of the body and do not come."""
    drip_s: float = 0.0
    """Before each byte of the body."""


@dataclass
class Sky:
    """What the server has, and how it behaves."""

    items: list[Json] = field(default_factory=list)
    collection: str = "sentinel-2-l2a"
    faults: list[Fault | None] = field(default_factory=list)
    """Of the next searches, one each."""
    asked: list[Json] = field(default_factory=list)
    """Searches, in order."""
    headers: list[dict[str, str]] = field(default_factory=list)
    """Of every request."""
    next_href: str = ""
    """Where `next` links lead instead."""
    empty_first: bool = False
    """The first page of a search holds nothing, and leads on."""
    get_only: bool = False
    """The landing page offers no search by POST."""
    url: str = ""


@attr.s
class _Client(BaseCoreClient):
    """Items in memory, paged by token."""

    sky: Sky = attr.ib(default=None)

    def post_search(self, search_request: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        return self._search(json.loads(search_request.model_dump_json(exclude_none=True)), kwargs)

    def get_search(self, **kwargs: Any) -> Any:  # type: ignore[override]  # noqa: ANN401
        asked = {k: v for k, v in kwargs.items() if v is not None and k != "request"}
        if isinstance(asked.get("datetime"), tuple):
            asked["datetime"] = "/".join(v.isoformat() if v else ".." for v in asked["datetime"])
        return self._search(asked, kwargs)

    def _search(self, asked: Json, more: Json) -> Json:
        method = more["request"].method
        self.sky.asked.append({**asked, "method": method})
        found = [item for item in self.sky.items if _matches(item, asked)]
        start, size = int(asked.get("token") or 0), int(asked.get("limit") or 10)
        size = 0 if self.sky.empty_first and "token" not in asked else size
        page, rest = found[start : start + size], found[start + size :]
        links = []
        if rest:
            base = str(more["request"].base_url).rstrip("/")
            href = self.sky.next_href or f"{base}/search"
            body = {**asked, "token": str(start + size)}
            if method == "POST":
                links = [{"rel": "next", "href": href, "method": "POST", "body": body}]
            else:
                links = [{"rel": "next", "href": f"{href}?{_query(body)}"}]
        return {"type": "FeatureCollection", "features": page, "links": links}

    def get_item(self, item_id: str, collection_id: str, **_: Any) -> Any:  # noqa: ANN401
        for item in self.sky.items:
            if (item.get("id"), collection_id) == (item_id, self.sky.collection):
                return item
        raise NotFoundError(f"no item {item_id}")

    def all_collections(self, **kwargs: Any) -> Any:  # noqa: ANN401
        return {"collections": [self.get_collection(self.sky.collection, **kwargs)], "links": []}

    def get_collection(self, collection_id: str, **_: Any) -> Any:  # noqa: ANN401
        if collection_id != self.sky.collection:
            raise NotFoundError(f"no collection {collection_id}")
        return {
            "type": "Collection",
            "stac_version": "1.0.0",
            "id": collection_id,
            "description": "of this machine",
            "license": "proprietary",
            "extent": {
                "spatial": {"bbox": [[-180, -90, 180, 90]]},
                "temporal": {"interval": [["2015-06-23T00:00:00Z", None]]},
            },
            "links": [],
        }

    def item_collection(self, collection_id: str, **kwargs: Any) -> Any:  # type: ignore[override]  # noqa: ANN401
        return self._search({"collections": [collection_id]}, kwargs)


def _query(asked: Json) -> str:
    """All that was asked for, in an address."""
    lists = {"bbox", "collections", "ids"}
    return urlencode({k: ",".join(map(str, v)) if k in lists else v for k, v in asked.items()})


def _matches(item: Json, asked: Json) -> bool:
    if "collections" in asked and item.get("collection") not in asked["collections"]:
        return False
    if "ids" in asked and item.get("id") not in asked["ids"]:
        return False
    if "bbox" in asked and item.get("geometry"):
        try:
            if not shape(item["geometry"]).intersects(box(*asked["bbox"])):
                return False
        except (ValueError, KeyError, TypeError, AttributeError):
            return True  # a server that keeps what it does not understand
    for name, bounds in (asked.get("query") or {}).items():
        if "lt" in bounds and not item["properties"].get(name, 0) < bounds["lt"]:
            return False
    return _in_interval(item, str(asked.get("datetime", "")))


def _in_interval(item: Json, asked: str) -> bool:
    """Both ends included, as the specification says."""
    said = (item.get("properties") or {}).get("datetime")
    if not asked or not isinstance(said, str):
        return True
    try:
        when = str_to_datetime(said)
    except ValueError:
        return True
    first, _, last = asked.partition("/")
    return _instant(first) <= when <= _instant(last or first)


def _instant(text: str) -> datetime:
    return str_to_datetime(text)


def _app(sky: Sky) -> Asgi:
    extensions = [QueryExtension(), TokenPaginationExtension()]
    api = StacApi(
        settings=ApiSettings(
            stac_fastapi_title="made up",
            stac_fastapi_description="made up",
            stac_fastapi_landing_id="made-up",
            stac_fastapi_version="1",
        ),
        client=_Client(sky=sky, extensions=extensions),
        extensions=extensions,
        search_get_request_model=create_get_request_model(extensions),
        search_post_request_model=create_post_request_model(extensions),
        middlewares=[],
    )
    return _faulty(api.app, sky)


def _faulty(app: Asgi, sky: Sky) -> Asgi:
    """The application, but for searches that are to go wrong."""

    async def answered(scope: Json, receive: Asgi, send: Asgi) -> None:
        if scope["type"] == "http":
            sky.headers.append({k.decode(): v.decode() for k, v in scope["headers"]})
            if scope["path"] == "/search" and sky.faults:
                fault = sky.faults.pop(0)
                if fault is not None and await _wrong(fault, send):
                    return
        await app(scope, receive, _without_post(send) if _is_landing(scope, sky) else send)

    return answered


def _is_landing(scope: Json, sky: Sky) -> bool:
    return sky.get_only and scope["type"] == "http" and scope["path"] in {"", "/"}


def _without_post(send: Asgi) -> Asgi:
    """Sends a landing page without its search by POST."""
    held: list[Json] = []

    async def sent(message: Json) -> None:
        held.append(message)
        if message.get("more_body") or message["type"] == "http.response.start":
            return
        page = json.loads(b"".join(part.get("body", b"") for part in held[1:]))
        page["links"] = [link for link in page["links"] if link.get("method") != "POST"]
        body = json.dumps(page).encode()
        kept = [(name, value) for name, value in held[0]["headers"] if name != b"content-length"]
        length = (b"content-length", str(len(body)).encode())
        await send({**held[0], "headers": [*kept, length]})
        await send({"type": "http.response.body", "body": body})

    return sent


async def _wrong(fault: Fault, send: Asgi) -> bool:
    await asyncio.sleep(fault.slow_s)
    if not fault.status and fault.body is None:
        return False
    said = {"retry-after": fault.retry_after, "location": fault.location}
    headers = [(k.encode(), v.encode()) for k, v in said.items() if v]
    start = {"type": "http.response.start", "status": fault.status or 200, "headers": headers}
    body = fault.body or b""
    if fault.cut:
        headers.append((b"content-length", str(len(body) + fault.cut).encode()))
    await send(start)
    for letter in body if fault.drip_s else b"":
        await send({"type": "http.response.body", "body": bytes([letter]), "more_body": True})
        await asyncio.sleep(fault.drip_s)
    rest = b"" if fault.drip_s else body
    await send({"type": "http.response.body", "body": rest, "more_body": bool(fault.cut)})
    if fault.cut:
        raise ConnectionAbortedError
    return True


@contextmanager
def stac_server() -> Iterator[Sky]:
    """A server of its own; `url` of what is given says where."""
    sky = Sky()
    config = uvicorn.Config(_app(sky), port=0, log_level="critical", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    sky.url = f"http://127.0.0.1:{port}"
    try:
        yield sky
    finally:
        server.should_exit = True
        thread.join()
