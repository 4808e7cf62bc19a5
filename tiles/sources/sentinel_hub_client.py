"""The way to Sentinel Hub: `sentinelhub`'s own requests, sent with bounded time, size and patience.

The library's client waits where nothing can stop it, asks for tokens without a time limit, takes a
429's Retry-After apart where nobody sees it, and raises one error for everything. So one step of
it is exchanged: how a request is sent. This module is imported when the first request is made.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

import requests
from requests.auth import AuthBase
from sentinelhub.config import SHConfig
from sentinelhub.decoding import decode_sentinelhub_err_msg
from sentinelhub.download.models import DownloadRequest, DownloadResponse
from sentinelhub.download.sentinelhub_client import SentinelHubDownloadClient

from geo.errors import InputError, QuotaError, SetupError, SourceError
from tiles.sources.answer_words import words_of
from tiles.sources.web_session import by_settings_only

CONNECT_S = 10.0
"""Time for a connection."""
RENEW_S = 60.0
"""A token is renewed so long before its end, or at half its life where that is shorter."""
LOOK_S = 0.5
"""While it waits, it looks this often whether it should stop."""
WHOLE = 5
"""An answer that comes in drops is given up after so many times the time for a part of it."""
TOKEN_BYTES = 1 << 20
"""Largest answer of the identity service."""
_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY}
_BAD_REQUEST = {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}
_AWAY = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited, and how often asked again."""

    tries: int = 4
    """Times that one request is sent while the service is away, slow or broken."""
    first_wait_s: float = 1.0
    """Wait before the second try, in seconds; doubled before each further one."""
    longest_wait_s: float = 120.0
    """Time for all waits of one request: a service that wants longer is asked another day."""
    answer_s: float = 120.0
    """Time for a part of an answer to come, in seconds; the whole may take WHOLE times as long."""


class _Bearer(AuthBase):
    """The token of a request; given as `auth`, so that no .netrc takes its place."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


class _AgainError(Exception):
    """One try failed and may be followed by another."""

    def __init__(self, why: str, wait_s: float = 0.0, *, renew: bool = False) -> None:
        super().__init__(why)
        self.wait_s = wait_s
        self.renew = renew


class PatientClient(SentinelHubDownloadClient):
    """`sentinelhub`'s client, with another way of sending requests.

    Not for several threads at once.
    """

    def __init__(
        self, name: str, config: SHConfig, secrets: tuple[str, str], patience: Patience
    ) -> None:
        super().__init__(config=config)
        self.name = name
        self.check: Callable[[], None] = go_on
        self.paid: Callable[[Mapping[str, str]], None] = go_on
        self.most_bytes = 16 << 20
        self._secrets = secrets
        self._patience = patience
        self._line = by_settings_only(requests.Session())
        self._token = ""
        self._renew_at = 0.0

    def send(self, request: DownloadRequest) -> DownloadResponse:
        """The answer to a request.

        Calls `check` before each try and while it waits, `paid` with the headers of every answer
        that is charged, which need not come whole; takes at most `most_bytes`. Raises SourceError
        (away, slow, limited for longer than is waited), SetupError (refused), QuotaError and
        InputError (the request can never be answered).
        """
        waits, renewed, left = self._waits(), False, self._patience.longest_wait_s
        while True:
            self.check()
            try:
                return self._try(request)
            except _AgainError as error:
                if error.renew and not renewed:
                    renewed, self._token = True, ""
                    continue
                wait = next(waits, None)
                if wait is None or error.renew or max(wait, error.wait_s) > left:
                    raise SourceError(self._told(error)) from None
                left -= max(wait, error.wait_s)
                self._sleep(max(wait, error.wait_s))

    def _execute_download(self, request: DownloadRequest) -> DownloadResponse:
        return self.send(request)

    def _waits(self) -> Iterator[float]:
        for number in range(self._patience.tries - 1):
            yield self._patience.first_wait_s * 2**number

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.check()
            time.sleep(min(LOOK_S, left))

    def _try(self, request: DownloadRequest) -> DownloadResponse:
        token = self._valid_token()
        method, url = request.request_type.value, str(request.url)
        answer, content = self._exchange(
            method,
            url,
            self.most_bytes,
            json=request.post_values,
            headers=request.headers,
            auth=_Bearer(token),
        )
        if answer.status_code == HTTPStatus.OK:
            return DownloadResponse(request, content, dict(answer.headers), answer.status_code)
        raise self._refused(answer)

    def _valid_token(self) -> str:
        """A token that holds for a while; of the identity service where there is none yet."""
        if self._token and time.monotonic() < self._renew_at:
            return self._token
        identity, secret = self._secrets
        form = {
            "grant_type": "client_credentials",
            "client_id": identity,
            "client_secret": secret,
        }
        url = self.config.sh_token_url
        answer, _ = self._exchange("POST", url, TOKEN_BYTES, data=form)
        if answer.status_code == HTTPStatus.OK:
            with suppress(ValueError, KeyError, TypeError):
                values = answer.json()
                life = float(values.get("expires_in", 0))
                self._token = str(values["access_token"])
                self._renew_at = time.monotonic() + max(life / 2, life - RENEW_S)
                return self._token
            raise _AgainError("the identity service sent no token")
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise _AgainError(f"the identity service answers {answer.status_code}")
        if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            raise _AgainError("the identity service limits its requests", _asked_wait_s(answer))
        raise SetupError(
            self._told(
                f"{url} refuses the client id and secret ({self._words(answer)}); renew them"
            )
        )

    def _exchange(
        self, method: str, url: str, most: int, **what: object
    ) -> tuple[requests.Response, bytes]:
        """One request and its whole answer, in bounded time and size."""
        waiting = CONNECT_S, self._patience.answer_s
        look, end = LOOK_S, WHOLE * self._patience.answer_s
        begun = time.monotonic()
        try:
            with self._line.request(
                method,
                url,
                timeout=waiting,
                stream=True,
                allow_redirects=False,
                **what,  # type: ignore[arg-type]
            ) as answer:
                if answer.status_code == HTTPStatus.OK and url != self.config.sh_token_url:
                    self.paid(answer.headers)
                content = bytearray()
                for chunk in answer.iter_content(1 << 16):
                    content += chunk
                    if len(content) > most:
                        raise _AgainError(f"more than {most >> 20} MB came")
                    passed = time.monotonic() - begun
                    if passed > end:
                        raise _AgainError("the answer came too slowly")
                    if passed > look:
                        self.check()
                        look = passed + LOOK_S
                answer._content = bytes(content)  # noqa: SLF001  (what `json` and `text` read)
                return answer, bytes(content)
        except _AWAY as error:
            raise _AgainError(f"{url} cannot be reached ({_kind(error)})") from None
        except requests.RequestException as error:
            raise InputError(self._told(f"{url} cannot be asked ({_kind(error)})")) from None

    def _refused(self, answer: requests.Response) -> Exception:
        """What an answer that is no success comes to."""
        code, words = answer.status_code, self._words(answer)
        if code == HTTPStatus.TOO_MANY_REQUESTS:
            return _AgainError("the service limits its requests", _asked_wait_s(answer))
        if code == HTTPStatus.UNAUTHORIZED:
            return _AgainError(f"the service refuses its own token ({words})", renew=True)
        if code >= HTTPStatus.INTERNAL_SERVER_ERROR or code in _PASSING:
            return _AgainError(f"the service answers {code} ({words})")
        if code == HTTPStatus.FORBIDDEN:
            spent = "INSUFFICIENT_PROCESSING" in words.upper()
            why = "processing units are spent" if spent else "rights do not reach so far"
            return (QuotaError if spent else SetupError)(
                self._told(f"the account's {why} ({words})")
            )
        if code in _BAD_REQUEST:
            return InputError(self._told(f"the service refuses the request ({code}: {words})"))
        # no service of this kind is there: the settings' fault, not that of what is asked for
        return SetupError(
            self._told(f"the service answers {code} ({words}), not 200: set its address")
        )

    def _words(self, answer: requests.Response) -> str:
        """What the service says, in one line, without secrets it may have sent back."""
        try:
            said = decode_sentinelhub_err_msg(answer)
        except Exception:  # noqa: BLE001  (it guesses at what strangers sent)
            said = answer.text
        return words_of(said, (*self._secrets, self._token)) or "without a word"

    def _told(self, why: object) -> str:
        return f"{self.name}: {why}"


def go_on(*_: object) -> None:
    """Nothing to look at, nothing to note."""


def _kind(error: Exception) -> str:
    return type(error).__name__


def _asked_wait_s(answer: requests.Response) -> float:
    """Seconds of the answer's Retry-After, which this service states in milliseconds.

    A gateway before it that states seconds is asked a few times too early: waits grow anyhow.
    """
    try:
        return max(0.0, float(answer.headers.get("Retry-After", "")) / 1000)
    except ValueError:
        return 0.0
