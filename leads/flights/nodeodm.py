"""NodeODM: asks a NodeODM server for an orthophoto of photos, over its HTTP API.

What it says in errors is told in one line, without its token, wherever that stood.
"""

import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests import Response, Session

from geo.errors import DiskFullError, InputError, SetupError, SourceError
from tiles.sources.web_session import by_settings_only

QUEUED, RUNNING, FAILED, COMPLETED, CANCELED = 10, 20, 30, 40, 50
"""Status codes of a task."""
ORTHOPHOTO = "odm_orthophoto/odm_orthophoto.tif"
"""Of a task's results: its orthophoto."""
TIMEOUT_S = (10.0, 120.0)
"""To connect, and between bytes."""
COMMIT_TIMEOUT_S = (10.0, 1200.0)
"""A commit moves all photos before it answers."""
MOST_BYTES = 400_000_000_000
"""Largest result that is taken, packed or unpacked."""
_CHUNK = 1 << 20
_WORDS = 300
_REFUSED = (401, 403)
_NO_TOKEN = "NodeODM does not take our token: set HONGXIAN_NODEODM_TOKEN"  # noqa: S105


@dataclass(frozen=True, slots=True)
class TaskInfo:
    """How far a task is."""

    code: int
    """QUEUED, RUNNING, FAILED, COMPLETED or CANCELED."""
    progress: float
    """Percent."""
    error: str | None
    """Why it failed, in the server's words."""


@dataclass(frozen=True, slots=True)
class NodeOdm:
    """One NodeODM server."""

    address: str
    """`http(s)://host:port`."""
    token: str = field(default="", repr=False)
    """Its token, where it asks for one."""
    timeout_s: tuple[float, float] = TIMEOUT_S
    """To connect, and between bytes."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.address)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
            raise InputError(
                "HONGXIAN_NODEODM is no address of a server: give http://HOST:PORT, and its token "
                "as HONGXIAN_NODEODM_TOKEN"
            )
        if parts.username or parts.password:
            raise InputError("HONGXIAN_NODEODM: no log-ins in the address: give a token")

    def most_images(self) -> int | None:
        """How many photos a task may have; None: any number. Raises SourceError."""
        said = self._json("GET", "info").get("maxImages")
        return said if isinstance(said, int) and said > 0 else None

    def begin(self, uuid: str, name: str, options: Mapping[str, object]) -> None:
        """Open a task with an id of ours, to send photos to. Raises SourceError."""
        listed = [{"name": key, "value": value} for key, value in options.items()]
        body = {
            "name": name,
            "options": json.dumps(listed),
            "outputs": json.dumps([ORTHOPHOTO]),
            "skipPostProcessing": "true",
        }
        fields = {key: (None, value) for key, value in body.items()}  # it parses multipart alone
        self._json("POST", "task/new/init", files=fields, headers={"set-uuid": uuid})

    def send(self, uuid: str, name: str, path: Path) -> bool:
        """Send one photo to an open task; False where the server knows none. Raises SourceError."""
        with path.open("rb") as file:
            files = {"images": (name, file)}
            return self._known("POST", f"task/new/upload/{uuid}", files=files) is not None

    def commit(self, uuid: str) -> bool:
        """All photos are there: the server may begin. False where it knows no such open task.

        Raises SourceError.
        """
        timeout = COMMIT_TIMEOUT_S
        return self._known("POST", f"task/new/commit/{uuid}", timeout=timeout) is not None

    def info(self, uuid: str) -> TaskInfo | None:
        """How far a task is; None where the server knows none. Raises SourceError."""
        said = self._known("GET", f"task/{uuid}/info")
        if said is None:
            return None
        status = said.get("status")
        code = status.get("code") if isinstance(status, dict) else status  # servers of before 1.2
        if code not in (QUEUED, RUNNING, FAILED, COMPLETED, CANCELED):
            raise SourceError(f"NodeODM: a task in no known state ({code!r:.40})")
        error = status.get("errorMessage") if isinstance(status, dict) else None
        told = said.get("progress")
        progress = float(told) if isinstance(told, int | float) else 0.0
        return TaskInfo(int(code), progress, self._told(str(error)) if error else None)

    def last_words(self, uuid: str, lines: int = 5) -> str:
        """The end of what a task printed; empty where that is not to be had."""
        try:
            said = self._ask("GET", f"task/{uuid}/output", params={"line": f"-{lines}"}).json()
        except (SourceError, ValueError):
            return ""
        if not isinstance(said, list):
            return ""
        return self._told(" / ".join(str(line) for line in said[-lines:] if str(line).strip()))

    def fetch(
        self, uuid: str, target: Path, check: Callable[[], None], ask: Callable[[float], None]
    ) -> None:
        """Bring a task's orthophoto here as `target`, whole or not at all.

        `check` is called between chunks, `ask` with the GB that are still to come. Raises
        SourceError: broken off, no ZIP, or none in it; DiskFullError.
        """
        packed = target.with_suffix(".zip.part")
        try:
            self._download(uuid, packed, check, ask)
            self._unpack(packed, target, check, ask)
        except OSError as error:
            raise DiskFullError(
                f"{target}: cannot be written ({error.strerror}); make room"
            ) from None
        finally:
            packed.unlink(missing_ok=True)

    def drop(self, uuid: str) -> None:
        """Cancel and remove a task, as far as the server lets us; one that is gone is no error."""
        for what in ("cancel", "remove"):
            try:
                self._json("POST", f"task/{what}", data={"uuid": uuid})
            except SourceError:
                continue

    def _download(
        self, uuid: str, packed: Path, check: Callable[[], None], ask: Callable[[float], None]
    ) -> None:
        answer = self._ask("GET", f"task/{uuid}/download/all.zip", stream=True)
        with answer:
            if "json" in answer.headers.get("Content-Type", ""):
                self._said(answer)
                raise SourceError("NodeODM: words where its results were asked for")
            size = int(answer.headers.get("Content-Length", 0) or 0)
            if size > MOST_BYTES:
                raise SourceError(
                    f"NodeODM: results of {size / 1e9:.0f} GB: no orthophoto is so large"
                )
            ask(size / 1e9)
            came = 0
            with packed.open("wb") as file:
                for chunk in self._chunks(answer):
                    check()
                    came += file.write(chunk)
                    if came > MOST_BYTES:
                        raise SourceError("NodeODM: sends without end; its results were left")
        if size and came != size:
            raise SourceError(f"NodeODM: {came} of {size} bytes of its results came")

    def _chunks(self, answer: Response) -> Iterator[bytes]:
        try:
            yield from answer.iter_content(_CHUNK)
        except requests.RequestException as error:
            raise SourceError(f"NodeODM: broke off ({type(error).__name__})") from None

    def _unpack(
        self, packed: Path, target: Path, check: Callable[[], None], ask: Callable[[float], None]
    ) -> None:
        part = target.with_suffix(".part")
        try:
            with zipfile.ZipFile(packed) as archive:
                member = archive.getinfo(ORTHOPHOTO)
                if member.file_size > MOST_BYTES:
                    raise SourceError("NodeODM: an orthophoto larger than any")
                ask(member.file_size / 1e9)
                with archive.open(member) as source, part.open("wb") as file:
                    left = member.file_size
                    while left > 0 and (chunk := source.read(min(_CHUNK, left))):
                        check()
                        left -= file.write(chunk)
                    if source.read(1) or left:
                        raise SourceError("NodeODM: an orthophoto of another size than said")
            part.replace(target)
        except KeyError:
            raise SourceError("NodeODM: its results hold no orthophoto") from None
        except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError) as error:
            raise SourceError(f"NodeODM: its results are a broken ZIP ({error})") from None
        finally:
            part.unlink(missing_ok=True)

    def _json(self, method: str, path: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
        return self._said(self._ask(method, path, **more))

    def _known(self, method: str, path: str, **more: Any) -> dict[str, Any] | None:  # noqa: ANN401
        """What the server says of a task; None where it knows no such one."""
        answer = self._ask(method, path, **more)
        said = self._parsed(answer)
        if "not found" in str(said.get("error", "")).lower():
            return None
        return self._said(answer)

    def _parsed(self, answer: Response) -> dict[str, Any]:
        try:
            said = answer.json()
        except (ValueError, requests.RequestException):
            raise SourceError("NodeODM: answers with no JSON: is it one?") from None
        if not isinstance(said, dict):
            raise SourceError("NodeODM: answers with other JSON than its interface has")
        return said

    def _said(self, answer: Response) -> dict[str, Any]:
        said = self._parsed(answer)
        error = said.get("error")
        if error:
            told = self._told(str(error))
            if "token" in told.lower():
                raise SetupError(_NO_TOKEN)
            raise SourceError(f"NodeODM: {told}")
        return said

    def _ask(self, method: str, path: str, **more: Any) -> Response:  # noqa: ANN401
        params = {**more.pop("params", {}), **({"token": self.token} if self.token else {})}
        timeout = more.pop("timeout", self.timeout_s)
        try:
            with by_settings_only(Session()) as session:
                answer = session.request(
                    method,
                    f"{self.address.rstrip('/')}/{path}",
                    params=params,
                    timeout=timeout,
                    allow_redirects=False,
                    **more,
                )
        except requests.RequestException as error:  # its words hold the address, with the token
            raise SourceError(f"NodeODM: cannot be reached ({type(error).__name__})") from None
        if answer.status_code in _REFUSED:
            raise SetupError(_NO_TOKEN)
        if answer.status_code != requests.codes.ok:
            raise SourceError(f"NodeODM: answers {answer.status_code}")
        return answer

    def _told(self, text: str) -> str:
        """What the server says, on one line, without our token."""
        line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return (line.replace(self.token, "...") if self.token else line)[:_WORDS]
