"""Pages of a STAC API's search by pystac-client, which is kept from wandering.

pystac-client opens whatever a `next` link names, files of this machine included, follows redirects,
ends quietly at an empty page and at pages that are none, and waits for ever on a server that
drips. Here every address is held against the hosts of the settings, redirects are errors, answers
have a size and a deadline, what passes by itself is tried again a few times, and a page that is
none ends the search with an error. Imported only when something is asked: it is heavy.
"""

import json
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin

import pystac
import requests
import urllib3
from pystac_client import Client
from pystac_client.exceptions import APIError
from pystac_client.stac_api_io import StacApiIO
from pystac_client.warnings import PystacClientWarning

from geo.errors import InputError, SetupError, SourceError
from tiles.files.raster_file import one_line
from tiles.sources.answer_words import without_secrets, words_of
from tiles.sources.stac_api_spec import StacApiSpec, check_url
from tiles.sources.web_session import by_settings_only

MAX_ANSWER_BYTES = 64 << 20
"""An answer of the search is a few megabytes; more is not one."""
MAX_PAGES = 10_000
"""A search of more pages does not end."""
TRIES = 4
"""Of one request, where the fault may pass: time-outs, cut answers, 429 and 5xx."""
FIRST_WAIT_S = 0.5
"""Before the second try; each later wait is twice as long."""
MOST_WAIT_S = 60.0
"""A server that asks for a longer wait is left alone: the search is made again later."""

_CHUNK = 1 << 16
_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
_REFUSED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED}
_MALFORMED = (pystac.STACError, APIError, KeyError, TypeError, ValueError, AttributeError)


class _PassingError(Exception):
    """Something that may be gone at the next try."""

    def __init__(self, told: str, wait_s: float = 0.0) -> None:
        super().__init__(told)
        self.wait_s = wait_s


def pages(
    spec: StacApiSpec, bbox: Sequence[float], interval: tuple[datetime, datetime]
) -> Iterator[dict[str, Any]]:
    """Pages of items (`features`) of the collection, in the server's order.

    `bbox` is west, south, east, north in degrees, `interval` two instants (UTC), both included.
    Raises SourceError (away, slow, not a STAC API, a link to elsewhere), SetupError (no key, or one
    that is refused) and InputError (no such collection, or the server does not take the question).
    """
    secrets = spec.secret_headers()
    try:
        yield from _pages(spec, secrets, bbox, interval)
    except (SourceError, InputError) as error:  # may quote what the server made of the key
        raise type(error)(without_secrets(str(error), secrets.values())) from None


def _pages(
    spec: StacApiSpec,
    secrets: Mapping[str, str],
    bbox: Sequence[float],
    interval: tuple[datetime, datetime],
) -> Iterator[dict[str, Any]]:
    try:
        api = _GuardedIO(spec, secrets)
        with warnings.catch_warnings():
            # what a server says of its conformance is no matter, only what it answers
            warnings.simplefilter("ignore", PystacClientWarning)
            client = Client.open(spec.url, stac_io=api)
            _check_collection(api, spec)
            search = client.search(
                collections=[spec.collection],
                bbox=list(bbox),
                datetime=interval,
                limit=spec.page_size,
                query=dict(spec.query) or None,
                method="POST" if _takes_post(client) else "GET",
            )
        yield from api.get_pages(str(search.url), search.method, search.get_parameters())
    except NotImplementedError as error:
        raise InputError(f"{spec.url}: not a STAC API with a search ({one_line(error)})") from None
    except _MALFORMED as error:
        raise SourceError(f"{spec.url}: the answer makes no sense ({one_line(error)})") from None


def _takes_post(client: Client) -> bool:
    """Whether the landing page offers a search by POST; by GET it is the specification's least."""
    methods = [link.extra_fields.get("method") for link in client.get_links("search")]
    return "POST" in methods


def _check_collection(api: "_GuardedIO", spec: StacApiSpec) -> None:
    """Refuse a collection that is not there: a search of it would find nothing, for ever."""
    found = api.read_json(f"{spec.url.rstrip('/')}/collections/{spec.collection}")
    if found.get("id") != spec.collection:
        raise SourceError(f"{spec.url}: what it gives as {spec.collection} is no collection of it")


class _GuardedIO(StacApiIO):
    """How pystac-client asks: only the hosts of the settings, never without a bound."""

    def __init__(self, spec: StacApiSpec, secrets: Mapping[str, str]) -> None:
        super().__init__(max_retries=None)
        self._spec = spec
        self._own = check_url(spec.url)
        self._hosts = {self._own, *(host.lower() for host in spec.hosts)}
        self._secret = secrets
        by_settings_only(self.session)

    def read_text(self, source: Any, *_: Any, **more: Any) -> str:  # noqa: ANN401 (pystac's)
        """Text at an address or behind a link; never a file, which pystac would open too."""
        if isinstance(source, pystac.Link):
            return super().read_text(source, **more)
        return self.request(str(source), **more)

    def get_pages(
        self,
        url: str,
        method: str | None = None,
        parameters: dict[str, Any] | None = None,
    ) -> Iterator[dict[str, Any]]:
        """All pages that have items; a page without any may have a next one."""
        page = self._page(url, method=method, parameters=parameters)
        seen: set[str] = set()
        for _ in range(MAX_PAGES):
            if page["features"]:
                yield page
            following = _next_of(page)
            if following is None:
                return
            following["href"] = urljoin(url, str(following["href"]))
            mark = json.dumps(following, sort_keys=True)
            if mark in seen:
                raise SourceError(f"{self._spec.url}: its pages lead in a circle; try again later")
            seen.add(mark)
            page = self._page(pystac.Link.from_dict(following), parameters=parameters)
        raise SourceError(f"{self._spec.url}: over {MAX_PAGES} pages; ask for a shorter time")

    def _page(self, source: Any, **more: Any) -> dict[str, Any]:  # noqa: ANN401 (address or link)
        page = self.read_json(source, **more)
        if not isinstance(page, dict) or not isinstance(page.get("features"), list):
            raise SourceError(f"{self._spec.url}: a page of its search is none; try again later")
        return page

    def request(
        self,
        href: str,
        method: str | None = None,
        headers: dict[str, str] | None = None,
        parameters: dict[str, Any] | None = None,
    ) -> str:
        """The text of an answer; headers of links are ignored. Raises SourceError, InputError."""
        del headers
        host = self._allowed(href)
        asked: dict[str, Any] = {"method": (method or "GET").upper(), "url": href}
        if parameters:
            asked["json" if asked["method"] == "POST" else "params"] = parameters
        if asked["method"] not in {"GET", "POST"}:
            raise SourceError(f"{self._spec.url}: a link wants {asked['method']:.20}; not followed")
        wait = FIRST_WAIT_S
        for left in reversed(range(TRIES)):
            try:
                return self._once(asked, self._secret if host == self._own else {})
            except _PassingError as error:
                pause = max(wait, error.wait_s)
                if not left or pause > MOST_WAIT_S:
                    raise SourceError(
                        f"{self._spec.url}: {error} ({TRIES - left} tries); try again later"
                    ) from None
                time.sleep(pause)
                wait *= 2
        raise SourceError(f"{self._spec.url}: no try is allowed")

    def _allowed(self, href: str) -> str:
        try:
            host = check_url(href)
        except InputError as error:
            raise SourceError(f"{self._spec.url}: a link that is not followed: {error}") from None
        if host not in self._hosts:
            raise SourceError(
                f"{self._spec.url}: a link leads to {host}; list it under `hosts` if that is right"
            )
        return host

    def _once(self, asked: Mapping[str, Any], secret: Mapping[str, str]) -> str:
        ends = time.monotonic() + self._spec.timeout_s
        try:
            with self.session.request(
                **asked,
                headers=dict(secret),
                timeout=self._spec.timeout_s,
                allow_redirects=False,
                stream=True,
            ) as answer:
                body = _body(answer, ends)
        except requests.Timeout:
            raise _PassingError(f"no answer in {self._spec.timeout_s:g} s") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            # its text may hold an address with what the server put there
            raise _PassingError(f"no connection ({type(error).__name__})") from None
        if answer.status_code == HTTPStatus.OK:
            return body.decode("utf-8")
        raise self._no(answer, body)

    def _no(self, answer: requests.Response, body: bytes) -> Exception:
        """The error for an answer that is not 200."""
        words = words_of(body.decode("utf-8", "replace"), self._secret.values())
        status = answer.status_code
        told = f"status {status}" + (f", {words}" if words else "")
        if status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return _PassingError(f"status {status}", _retry_after(answer))
        if status in _REFUSED:
            return SetupError(f"{self._spec.url}: it needs a valid key ({told}); see `headers`")
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            return SourceError(f"{self._spec.url}: it points elsewhere; name the place itself")
        if status < HTTPStatus.MULTIPLE_CHOICES:
            return SourceError(f"{self._spec.url}: an answer without content ({told})")
        return InputError(
            f"{self._spec.url}: the server says no ({told}): collection, bands, query?"
        )


def _next_of(page: Mapping[str, Any]) -> dict[str, Any] | None:
    links = [link for link in page.get("links") or [] if link.get("rel") == "next"]
    return dict(links[0]) if links else None


def _body(answer: requests.Response, ends: float) -> bytes:
    """All of an answer, by its deadline. Raises _PassingError: cut, or not here by then."""
    parts, size = [], 0
    while part := answer.raw.read1(_CHUNK, decode_content=True):
        parts.append(part)
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            raise SourceError(f"an answer of over {MAX_ANSWER_BYTES >> 20} MB; ask for less a page")
        if time.monotonic() > ends:
            raise _PassingError("the answer does not end")
    said = answer.headers.get("Content-Length", "")
    if said.isdecimal() and "Content-Encoding" not in answer.headers and size < int(said):
        raise _PassingError(f"the answer is cut off after {size} bytes")
    return b"".join(parts)


def _retry_after(answer: requests.Response) -> float:
    """Seconds the server asks to wait, 0 where it does not say."""
    said = answer.headers.get("Retry-After", "").strip()
    if said.isdecimal():
        return float(said[:9])
    try:
        return max(0.0, (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 0.0
