"""A program's way in: log in, candidates as a GeoDataFrame, pictures, steps with `If-Match`.

    with log_in("http://127.0.0.1:8000", "fenxi-1", password) as desk:
        found = desk.candidates(district="310151")
        desk.write([Step(row.lead_id, row.version, "claim") for row in found.itertuples()])

Answers are those of `docs/api.md`; a refusal is raised as the same error the server met.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http.client import HTTPException
from typing import Any, Self
from urllib.error import HTTPError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

import geopandas as gpd

from api.problems import KINDS
from geo.crs import CGCS2000
from geo.errors import (
    ConflictError,
    ForbiddenError,
    HongxianError,
    InputError,
    LoginError,
    NotFoundError,
    StaleError,
    StoreError,
)

SHANGHAI = (120.8, 30.6, 122.4, 31.95)
"""west, south, east, north in degrees: where candidates are looked for unless told."""
PATIENCE_S = 60.0
"""How long one answer is waited for."""

_ERRORS = {kind.code: error for error, kind in KINDS.items()}


class UnreachableError(HongxianError):
    """The server did not answer: whether it took a step is not known."""


class Outcome(StrEnum):
    """What became of one step of a batch."""

    DONE = "done"
    """The lead is as the step wanted it."""
    OVERTAKEN = "overtaken"
    """Somebody else was faster: the lead changed since it was read."""
    NOT_ALLOWED = "not_allowed"
    """Its status, its holder or the role does not allow the step, or the lead is out of sight."""
    UNUSABLE = "unusable"
    """A field of the step is missing or wrong."""
    UNSURE = "unsure"
    """The server or its store failed: read the lead before the step is sent again."""
    NOT_SENT = "not_sent"
    """An earlier step of the lead was refused, or the log-in or the server was lost before."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of one lead, on the version that was seen."""

    lead_id: str
    """The lead."""
    version: int
    """Its version when it was read; a later step of the same lead goes on from the one before."""
    action: str
    """A step of `GET /api/vocabulary`."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """What the step carries."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a step."""

    step: Step
    """The step as it was given."""
    outcome: Outcome
    """Whether it was done."""
    version: int
    """The lead's version afterwards, as far as is known."""
    detail: str
    """The server's words when it was not done, else empty."""


class _NoRedirect(HTTPRedirectHandler):
    """The API sends nobody elsewhere; a token must not follow who does."""

    def redirect_request(self, *_: object) -> None:
        """No other request."""
        return


@dataclass(frozen=True, slots=True)
class Client:
    """A log-in at one server; leaving it as a context logs out."""

    url: str
    """Address of the server, without a slash at the end."""
    token: str = field(repr=False)
    """What is sent as `Authorization: Bearer`."""

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        self.log_out()

    def log_out(self) -> None:
        """End the log-in: the token opens nothing from now on."""
        self._ask("DELETE", "/api/session")

    def read(self, path: str, **query: Any) -> Any:  # noqa: ANN401  (JSON)
        """The answer of `GET path`, as JSON; a query that is None is left out.

        Raises the error the server met, or UnreachableError.
        """
        return json.loads(self._ask("GET", path + _query(query)))

    def lead(self, lead_id: str) -> dict[str, Any]:
        """One lead with everything; the reading is logged."""
        found: dict[str, Any] = self.read(f"/api/leads/{quote(lead_id, safe='')}")
        return found

    def picture(self, lead_id: str, when: str, suffix: str = "png") -> bytes:
        """The lead's surroundings `before` or `after`, as PNG or WebP; the reading is logged."""
        parts = (quote(part, safe="") for part in (lead_id, when, suffix))
        return self._ask("GET", "/api/leads/{}/pictures/{}.{}".format(*parts))

    def candidates(
        self,
        box: tuple[float, float, float, float] = SHANGHAI,
        most: int = 500,
        **filters: Any,  # noqa: ANN401  (what `GET /api/map/leads` takes)
    ) -> gpd.GeoDataFrame:
        """At most `most` leads in `box`, the most urgent first; candidates unless told a `status`.

        Outlines in EPSG:4490, the columns those of `GET /api/map/leads`; the reading is logged.
        """
        query = {"status": "candidate", **filters, "bbox": ",".join(map(_number, box))}
        features: list[dict[str, Any]] = []
        cursor = None
        while len(features) < most:
            limit = min(500, most - len(features))
            page = self.read("/api/map/leads", **query, limit=limit, cursor=cursor)
            features += page["features"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        if not features:
            return gpd.GeoDataFrame({"lead_id": [], "version": []}, geometry=[], crs=CGCS2000)
        return gpd.GeoDataFrame.from_features(features, crs=CGCS2000)

    def take(self, step: Step) -> dict[str, Any]:
        """Take one step: the lead after it, and what may be done with it now.

        Raises StaleError when somebody else was faster, or what else the server met.
        """
        path = f"/api/leads/{quote(step.lead_id, safe='')}/actions"
        body = {"action": step.action, **step.fields}
        answer = self._ask("POST", path, body, {"If-Match": f'"{step.version}"'})
        taken: dict[str, Any] = json.loads(answer)
        return taken

    def write(self, steps: Iterable[Step]) -> list[Result]:
        """Take many steps in their order: one result each, whatever becomes of the others.

        Where a step is refused, later ones of the same lead are not sent; where the log-in or the
        server is lost, none is. What was not sent can be given again as it is.
        """
        return list(self._written(steps))

    def _written(self, steps: Iterable[Step]) -> Iterator[Result]:
        versions: dict[str, int] = {}
        refused: set[str] = set()
        lost = ""
        for step in steps:
            seen = versions.get(step.lead_id, step.version)
            if lost or step.lead_id in refused:
                why = lost or "an earlier step of this lead was not done"
                yield Result(step, Outcome.NOT_SENT, seen, why)
                continue
            try:
                lead = self.take(Step(step.lead_id, seen, step.action, step.fields))["lead"]
            except (LoginError, UnreachableError) as error:
                lost = str(error)
                yield Result(step, outcome_of(error), seen, lost)
            except HongxianError as error:
                refused.add(step.lead_id)
                yield Result(step, outcome_of(error), seen, str(error))
            else:
                versions[step.lead_id] = lead["version"]
                yield Result(step, Outcome.DONE, lead["version"], "")

    def _ask(
        self,
        method: str,
        path: str,
        body: object | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        signed = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        return _ask(self.url, method, path, body, signed)


def log_in(url: str, account_id: str, password: str) -> Client:
    """Log in at the server at `url`.

    Raises InputError for an address that is none, LoginError for a wrong account or password,
    UnreachableError where nobody answers.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise InputError(
            f"{url!r} is no address of a server: give http://HOST:PORT or https://HOST"
        )
    home = url.rstrip("/")
    started = json.loads(
        _ask(home, "POST", "/api/session", {"account_id": account_id, "password": password}, {})
    )
    return Client(home, started["token"])


def outcome_of(error: HongxianError) -> Outcome:
    """How a batch tells of a step that was not done."""
    match error:
        case StaleError():
            return Outcome.OVERTAKEN
        case LoginError():
            return Outcome.NOT_SENT
        case ConflictError() | ForbiddenError() | NotFoundError():
            return Outcome.NOT_ALLOWED
        case InputError():
            return Outcome.UNUSABLE
        case _:
            return Outcome.UNSURE


def _ask(
    url: str, method: str, path: str, body: object | None, headers: Mapping[str, str]
) -> bytes:
    data = None if body is None else json.dumps(body).encode()
    sent = {"Accept": "application/json, image/*", **headers}
    if data is not None:
        sent["Content-Type"] = "application/json"
    # `log_in` lets http and https through only
    request = Request(url + path, data, sent, method=method)  # noqa: S310
    try:
        with _opener().open(request, timeout=PATIENCE_S) as answer:
            told: bytes = answer.read()
            return told
    except HTTPError as error:
        with error:
            raise _told(error) from None
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise UnreachableError(f"{url} does not answer: {reason}") from None


def _opener() -> OpenerDirector:
    return build_opener(_NoRedirect)


def _told(error: HTTPError) -> HongxianError:
    """The error the server met, from its answer."""
    try:
        problem = json.loads(error.read(1_000_000))
        kind = _ERRORS.get(problem["code"], StoreError if error.code == 503 else HongxianError)
        wrong = "; ".join(f"{one['field']}: {one['detail']}" for one in problem.get("errors", ()))
        return kind(f"{problem['detail']} ({wrong})" if wrong else problem["detail"])
    except (ValueError, KeyError, TypeError, OSError, HTTPException):
        # a proxy in between answers in its own words
        lost = UnreachableError if error.code >= 500 else HongxianError
        return lost(f"{error.url} answered {error.code} and not as the API does: check the address")


def _query(query: Mapping[str, Any]) -> str:
    given = {name: value for name, value in query.items() if value is not None}
    return f"?{urlencode(given, doseq=True)}" if given else ""


def _number(degrees: float) -> str:
    return f"{degrees:.7f}"
