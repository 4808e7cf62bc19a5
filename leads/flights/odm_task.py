"""The task of a flight on a NodeODM server, followed from wherever an earlier start left it.

What was sent is kept in the job's record, before and while it is sent: a killed worker, a server
that starts anew or forgets cost what was not yet there. Nobody holds a worker while it computes.
"""

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from geo.errors import SourceError
from leads.flights.nodeodm import CANCELED, COMPLETED, FAILED, NodeOdm

POLL = timedelta(seconds=30)
"""Between looks at a task that is under way."""
AWAY = timedelta(minutes=5)
"""Between tries to reach a server that is away."""
PATIENCE = timedelta(hours=48)
"""A task that is not done so long after it was begun is given up."""
MOST_BEGUN, MOST_FETCHED = 3, 5
"""How often a task is begun, and its results are fetched, before it is given up."""
SENT_AT_ONCE = 20
"""Photos after which the record is kept: what a killed worker sent since is sent again."""
_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")
_TIFF = (b"II", b"MM")


@dataclass(frozen=True, slots=True)
class OdmRecord:
    """What is kept of a task."""

    uuid: str
    """Its id on the server."""
    since: str
    """Instant (UTC) at which the first one was begun, ISO 8601."""
    is_open: bool = False
    """Whether the server said that it takes photos."""
    sent: tuple[str, ...] = ()
    """Names of photos that are there."""
    committed: bool = False
    """Whether the server was told that all are there."""
    begun: int = 1
    """How many tasks there were, this one included."""
    fetched: int = 0
    """How often its results were fetched in vain."""

    def as_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def record_of(values: Mapping[str, Any]) -> OdmRecord:
    """The record of `OdmRecord.as_json`."""
    return OdmRecord(**{**values, "sent": tuple(values["sent"])})


@dataclass(frozen=True, slots=True)
class Done:
    """The orthophoto is here."""

    uuid: str
    """The task; remove it once the orthophoto is safe."""


@dataclass(frozen=True, slots=True)
class Waits:
    """Nothing to do here for a while."""

    until: datetime
    """Look again then."""
    why: str
    """What is waited for, one line."""


@dataclass(frozen=True, slots=True)
class GivenUp:
    """No orthophoto will come of it."""

    why: str
    """Why, one line, in the server's words where it had some."""


@dataclass(frozen=True, slots=True)
class OdmTask:
    """Follows one flight's task; `keep` outlives this process."""

    server: NodeOdm
    """Where it is computed."""
    keep: Callable[[OdmRecord], None]
    """Writes the record down, under the job's lease."""
    check: Callable[[], None]
    """Raises when the work must end."""
    ask: Callable[[float], None]
    """Raises DiskFullError where so many GB more find no room."""
    clock: Callable[[], datetime]
    """Tells the present instant, UTC."""

    def advance(
        self,
        record: OdmRecord | None,
        photos: Callable[[], Sequence[Path]],
        name: str,
        gsd_m: float | None,
        target: Path,
    ) -> Done | Waits | GivenUp:
        """Do what can be done now; `target` is the orthophoto when it is Done.

        `photos` are fetched when they have to be sent. Raises what `check` and `ask` raise.
        """
        now = self.clock()
        if record is None:
            record = _begun(now.isoformat(), 1)
            self.keep(record)
        try:
            came = self._carried(record, photos, name, gsd_m, target)
        except SourceError as error:
            came = Waits(self.clock() + AWAY, str(error))
        late = now - datetime.fromisoformat(record.since) > PATIENCE
        if isinstance(came, Waits) and late:
            self.server.drop(record.uuid)
            hours = PATIENCE.total_seconds() / 3600
            return GivenUp(f"NodeODM: not done after {hours:.0f} h, last: {came.why}")
        return came

    def _carried(
        self,
        record: OdmRecord,
        photos: Callable[[], Sequence[Path]],
        name: str,
        gsd_m: float | None,
        target: Path,
    ) -> Done | Waits | GivenUp:
        while True:
            sent = record if record.committed else self._sent(record, photos, name, gsd_m)
            if isinstance(sent, GivenUp):
                return sent
            came = None if sent is None else self._looked(sent, target)
            if came is not None:
                return came
            if record.begun >= MOST_BEGUN:
                return GivenUp(f"NodeODM: lost its task {record.begun} times")
            record = _begun(record.since, record.begun + 1)
            self.keep(record)

    def _sent(
        self,
        record: OdmRecord,
        photos: Callable[[], Sequence[Path]],
        name: str,
        gsd_m: float | None,
    ) -> OdmRecord | GivenUp | None:
        """The record once all photos are there and committed; None where the task is lost."""
        paths = photos()
        if not record.is_open:
            most = self.server.most_images()
            if most is not None and len(paths) > most:
                return GivenUp(f"NodeODM: takes at most {most} photos, {len(paths)} were flown")
            self.server.begin(record.uuid, name, _options(gsd_m))
            record = replace(record, is_open=True)
            self.keep(record)
        if not self._sent_all(record, paths) or not self.server.commit(record.uuid):
            return self._if_known(record)
        record = replace(record, committed=True)
        self.keep(record)
        return record

    def _sent_all(self, record: OdmRecord, paths: Sequence[Path]) -> bool:
        """Send what is not there yet; False where the server knows no such open task."""
        there = dict.fromkeys(record.sent)
        kept = len(there)
        try:
            for path, told in zip(paths, _names(paths), strict=True):
                self.check()
                if told in there:
                    continue
                if not self.server.send(record.uuid, told, path):
                    return False
                there[told] = None
                if len(there) - kept >= SENT_AT_ONCE:
                    self.keep(replace(record, sent=tuple(there)))
                    kept = len(there)
        except SourceError:
            self.keep(replace(record, sent=tuple(there)))
            raise
        if len(there) > kept:
            self.keep(replace(record, sent=tuple(there)))
        return True

    def _if_known(self, record: OdmRecord) -> OdmRecord | None:
        """The record where the task was committed although nobody could say so."""
        if self.server.info(record.uuid) is None:
            return None
        record = replace(record, committed=True)
        self.keep(record)
        return record

    def _looked(self, record: OdmRecord, target: Path) -> Done | Waits | GivenUp | None:
        """What a committed task is now; None where the server lost it."""
        info = self.server.info(record.uuid)
        if info is None:
            return None
        if info.code in (FAILED, CANCELED):
            words = info.error or ("cancelled on the server" if info.code == CANCELED else "")
            ending = self.server.last_words(record.uuid) if info.code == FAILED else ""
            self.server.drop(record.uuid)
            told = "; ".join(part for part in (words, ending) if part)
            return GivenUp(f"NodeODM failed: {told or 'it does not say why'}")
        if info.code != COMPLETED:
            return Waits(
                self.clock() + POLL,
                f"NodeODM 已完成 {info.progress:.0f} % / {info.progress:.0f} % done",
            )
        try:
            self.server.fetch(record.uuid, target, self.check, self.ask)
        except SourceError as error:
            again = replace(record, fetched=record.fetched + 1)
            self.keep(again)
            if again.fetched < MOST_FETCHED:
                return Waits(self.clock() + POLL, str(error))
            self.server.drop(record.uuid)
            return GivenUp(str(error))
        return Done(record.uuid)


def _begun(since: str, number: int) -> OdmRecord:
    return OdmRecord(str(uuid.uuid4()), since, begun=number)


def _options(gsd_m: float | None) -> dict[str, object]:
    """What is computed: the orthophoto as fine as the photos, and no model in 3D."""
    fine = {} if gsd_m is None else {"orthophoto-resolution": round(100 * gsd_m, 2)}
    return {**fine, "skip-3dmodel": True}


def _names(paths: Sequence[Path]) -> list[str]:
    """Names no two of which are one: cameras number anew in each folder."""
    return [
        f"{n:05d}_{_PLAIN.sub('_', path.stem)[-60:]}{_suffix(path)}" for n, path in enumerate(paths)
    ]


def _suffix(path: Path) -> str:
    """By what the file is, not by its name: the depot knows none, and the server goes by it."""
    with path.open("rb") as file:
        return ".tif" if file.read(2) in _TIFF else ".jpg"
