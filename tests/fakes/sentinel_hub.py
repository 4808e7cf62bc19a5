"""A Sentinel Hub on this machine: tokens, Catalog and Process API, with the real one's moods.

Answers have the shapes of the real service (docs.sentinel-hub.com): errors as JSON, tokens that
expire, pages with `context.next`, closed windows of time, images of at most 2,500 px, processing
units in a header, Retry-After in milliseconds.
"""

import json
import re
import secrets
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from shapely.geometry import box, mapping, shape

from tests.fakes.process_api import AnswerError, image_of
from tests.fakes.sky import Pass, Sky
from tiles.sources.sentinel_hub_spec import SentinelHubSpec

CLIENT = ("hongxian-test", "correct horse")
CATALOG = "/api/v1/catalog/1.0.0/search"
PROCESS = "/api/v1/process"
TOKEN = "/auth/token"  # noqa: S105
REFUSED = ("COMMON_UNAUTHORIZED", "You are not authorized! Please provide a valid token.")
SPENT = (
    "ACCESS_INSUFFICIENT_PROCESSING_UNITS",
    "Insufficient processing units or requests available in your account.",
)
_DAMAGES = {"small", "truncated", "moved"}


@dataclass(slots=True)
class FakeSentinelHub:
    """The service. What is scripted is set by its fields, also while it runs."""

    sky: Sky
    now: datetime = datetime(2100, 1, 1, tzinfo=UTC)
    """Passes that are published later are not there yet."""
    token_life_s: float = 3600.0
    away: bool = False
    """Every connection is cut."""
    retry_after_ms: int = 20
    slow_s: float = 0.3
    page: int = 100
    """Largest page of the catalogue."""
    faults: dict[str, deque[str]] = field(
        default_factory=lambda: {path: deque() for path in (TOKEN, CATALOG, PROCESS)}
    )
    """By path, what happens to the next requests: `429`, `500`, `403`, `401`, `400`, `quota`,
    `slow`, `cut`, `half`, `html`, `truncated`, `small`, `moved`, `redirect`, or `` for nothing."""
    counts: Counter[str] = field(default_factory=Counter)
    """Requests by path, and whole images by pass."""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    """Bodies of all requests to the Process API."""
    units: float = 0.0
    """Processing units that were charged."""
    images: int = 0
    """Images that were charged."""
    on_image: Callable[[Pass], None] = lambda _: None
    """Called when a whole image of a pass is counted, before it is sent."""
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)
    _tokens: dict[str, float] = field(default_factory=dict)
    _broken: Counter[str] = field(default_factory=Counter)

    def spec(self, **more: object) -> SentinelHubSpec:
        """Settings to reach it with; it is asked again at once."""
        return SentinelHubSpec(
            **{  # type: ignore[arg-type]
                "service_url": self.url,
                "token_url": self.url + TOKEN,
                "first_wait_s": 0.01,
                "longest_wait_s": 2.0,
                "answer_s": 30.0,
                **more,
            }
        )

    @property
    def published(self) -> list[Pass]:
        """Passes that are there, the newest first."""
        there = [one for one in self.sky.passes if one.published <= self.now]
        return sorted(there, key=lambda one: (one.acquired, one.identifier), reverse=True)

    def fault(self, path: str, one: Pass | None = None) -> str:
        """What happens to this request."""
        with self.lock:
            if self.faults[path]:
                return self.faults[path].popleft()
            if one is not None:
                number = self._broken[one.identifier]
                self._broken[one.identifier] += 1
                scripted = one.faults
                if scripted[-1:] == ("...",):  # for ever
                    return scripted[min(number, len(scripted) - 2)]
                return scripted[number] if number < len(scripted) else ""
        return ""

    def new_token(self) -> dict[str, Any]:
        token = secrets.token_urlsafe(24)
        with self.lock:
            self._tokens[token] = time.monotonic() + self.token_life_s
        return {"access_token": token, "expires_in": self.token_life_s, "token_type": "Bearer"}

    def holds(self, header: str) -> bool:
        """Whether an Authorization header bears a token that is in force."""
        with self.lock:
            return self._tokens.get(header.removeprefix("Bearer "), 0.0) > time.monotonic()

    def expire(self) -> None:
        """All tokens run out now."""
        with self.lock:
            self._tokens.clear()

    def search(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The Catalog's answer."""
        limit = body.get("limit", 10)
        if not 1 <= limit <= 100:
            raise AnswerError(400, "CATALOG_BAD_REQUEST", "limit must be between 1 and 100")
        if "bbox" in body and "intersects" in body:
            raise AnswerError(400, "CATALOG_BAD_REQUEST", "bbox and intersects exclude each other")
        if body.get("filter-lang", "cql2-text") != "cql2-text":
            raise AnswerError(400, "CATALOG_BAD_REQUEST", "only cql2-text is read here")
        wanted = _conditions(body.get("filter") or "")
        begin, _, end = body["datetime"].partition("/")
        where = shape(body["intersects"]) if "intersects" in body else box(*body["bbox"])
        found = [
            one
            for one in self.published
            if one.collection in body["collections"]
            and (begin == ".." or datetime.fromisoformat(begin) <= one.acquired)
            and (end == ".." or one.acquired <= datetime.fromisoformat(end))
            and where.intersects(self.sky.footprint(one))
            and all(holds(self.item(one)["properties"]) for holds in wanted)
        ]
        first, size = body.get("next", 0), min(limit, self.page)
        items = [self.item(one) for one in found[first : first + size]]
        context: dict[str, Any] = {"limit": size, "returned": len(items)}
        if first + size < len(found):
            context["next"] = first + size
        return {"type": "FeatureCollection", "features": items, "links": [], "context": context}

    def item(self, one: Pass) -> dict[str, Any]:
        """An item as the Catalog has them."""
        outline = self.sky.footprint(one)
        said: dict[str, Any] = {
            "datetime": f"{one.acquired:%Y-%m-%dT%H:%M:%SZ}",
            "platform": one.platform,
            "constellation": one.platform[:10],
        }
        if one.radar:
            said |= {"sar:instrument_mode": "IW", "sat:orbit_state": "ascending"}
            said |= {"s1:polarization": "DV", "s1:resolution": "HIGH", "s1:timeliness": "NRT3h"}
        else:
            said |= {"instruments": ["msi"], "gsd": 10, "proj:epsg": 32651}
            said |= {"eo:cloud_cover": round(100 * one.cloud, 2)}
        return {
            "type": "Feature",
            "stac_version": "1.0.0",
            "id": one.identifier,
            "bbox": list(outline.bounds),
            "geometry": mapping(outline),
            "properties": said | dict(one.said),
            "collection": one.collection,
            "links": [],
        }


def _conditions(text: str) -> list[Callable[[Mapping[str, Any]], bool]]:
    """What a filter in CQL2 text asks of properties: `a = 'x' AND b < 3` and no more is read."""
    return [_condition(part) for part in re.split(r"\sAND\s", text) if part.strip()]


def _condition(text: str) -> Callable[[Mapping[str, Any]], bool]:
    found = re.fullmatch(r"\s*([\w:]+)\s*(<|=)\s*(?:'([^']*)'|(\d+(?:\.\d+)?))\s*", text)
    if found is None:
        raise AnswerError(400, "CATALOG_BAD_REQUEST", f"no such filter: {text}")
    name, sign, word, number = found.groups()
    value = float(number) if word is None else word

    def holds(said: Mapping[str, Any]) -> bool:
        stated = said.get(name)
        return stated == value if sign == "=" else stated is not None and stated < value

    return holds


@contextmanager
def fake_sentinel_hub(sky: Sky, **more: object) -> Iterator[FakeSentinelHub]:
    """The service on a free port of the loopback, for as long as the block lasts."""
    hub = FakeSentinelHub(sky, **more)  # type: ignore[arg-type]

    class Handler(_Handler):
        service = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    service: FakeSentinelHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def handle(self) -> None:
        with suppress(ConnectionResetError):  # whoever asked was killed
            super().handle()

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.service.lock:
            self.service.counts[self.path] += 1
        if self.service.away:
            self.close_connection = True
            return
        try:
            self._answer(content)
        except AnswerError as error:
            said = {"status": error.code, "reason": error.word, "message": str(error)}
            self._send_json({"error": {**said, "code": error.word}}, error.code, error.headers)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _answer(self, content: bytes) -> None:
        if self.path == TOKEN:
            self._token(content)
            return
        if not self.service.holds(self.headers.get("Authorization", "")):
            raise AnswerError(401, *REFUSED)
        if self.path == PROCESS:
            self._process(json.loads(content))
        elif self.path != CATALOG:
            raise AnswerError(404, "COMMON_NOT_FOUND", "Not found.")
        elif self._happens(self.service.fault(CATALOG)):
            self._send_json(self.service.search(json.loads(content)))

    def _token(self, content: bytes) -> None:
        form = {name: values[0] for name, values in parse_qs(content.decode()).items()}
        if not self._happens(self.service.fault(TOKEN)):
            return
        known = (form.get("client_id"), form.get("client_secret")) == CLIENT
        if form.get("grant_type") != "client_credentials" or not known:
            said = {"error": "invalid_client", "error_description": "Invalid client or credentials"}
            self._send_json(said | {"echo": form.get("client_secret", "")}, 401)
            return
        self._send_json(self.service.new_token())

    def _process(self, body: dict[str, Any]) -> None:
        with self.service.lock:
            self.service.bodies.append(body)
        image = image_of(self.service.sky, self.service.published, body)
        fault = self.service.fault(PROCESS, image.shown)
        if fault == "small":
            body["output"]["width"] -= 1
            image = image_of(self.service.sky, self.service.published, body)
        if fault == "moved":
            bounds = body["input"]["bounds"]
            bounds["bbox"] = [edge + 60.0 for edge in bounds["bbox"]]
            image = image_of(self.service.sky, self.service.published, body)
        content = image.content[: len(image.content) // 2 if fault == "truncated" else None]
        if not self._happens("" if fault in _DAMAGES else fault, content):
            return
        with self.service.lock:
            self.service.units += image.units
            self.service.images += 1
            if image.shown and fault not in _DAMAGES:
                self.service.counts[image.shown.identifier] += 1
                self.service.on_image(image.shown)
        self._send(content, "image/tiff", {"X-ProcessingUnits-Spent": f"{image.units:.6f}"})

    def _happens(self, fault: str, content: bytes = b"{}") -> bool:
        """Let a fault happen; whether the request is answered after all."""
        if fault == "slow":
            time.sleep(self.service.slow_s)
        elif fault == "cut":
            self.close_connection = True
            return False
        elif fault == "half":
            self._send(content, "image/tiff", {}, promised=len(content) + 1000)
            self.close_connection = True
            return False
        elif fault == "html":
            self._send(b"<html><body>Please log in</body></html>", "text/html", {})
            return False
        elif fault == "429":
            wait = {"Retry-After": str(self.service.retry_after_ms)}
            raise AnswerError(429, "RATE_LIMIT_EXCEEDED", "Too many requests", wait)
        elif fault == "quota":
            raise AnswerError(403, *SPENT)
        elif fault == "redirect":
            raise AnswerError(302, "FOUND", "elsewhere", {"Location": self.service.url + "/x"})
        elif fault:
            raise AnswerError(int(fault), "SCRIPTED", f"scripted {fault}")
        return True

    def _send_json(
        self, values: object, code: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        self._send(json.dumps(values).encode(), "application/json", headers or {}, code=code)

    def _send(
        self,
        content: bytes,
        kind: str,
        headers: Mapping[str, str],
        code: int = 200,
        promised: int | None = None,
    ) -> None:
        self.send_response(code)
        for name, value in {**headers, "Content-Type": kind}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) if promised is None else promised))
        self.end_headers()
        self.wfile.write(content)
