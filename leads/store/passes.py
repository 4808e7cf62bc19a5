"""Passes: the ledger of every acquisition a watch came to know of, and what became of it."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, insert, or_, select, update

from geo.errors import NotFoundError
from leads.custody.canonical import canonical_json
from leads.domain.job import FETCH, USUAL_PRIORITY, Job
from leads.domain.passes import MOST_FETCHES, PassRole, PassState, rest
from leads.domain.told import names_only
from leads.store.jobs import enqueue, jobs_named
from leads.store.pass_tables import pass_jobs, passes
from leads.store.watches import lock_watch
from tiles.sources.acquisition import Acquisition, acquisition_of

_LONGEST_REASON = 1000  # characters


@dataclass(frozen=True, slots=True)
class PassRow:
    """One acquisition of one watch."""

    pass_id: str
    """Twenty hex digits, the same whenever it is found."""
    watch: str
    """The watch it belongs to."""
    source: str
    """Name of its source."""
    collection: str
    """The source's collection."""
    identifier: str
    """The source's id of it."""
    kind: str
    """`optical` or `sar`."""
    role: PassRole
    """Why it is in the ledger."""
    acquired: datetime
    """Instant (UTC) of the sensing."""
    published: datetime | None
    """Instant (UTC) the source put it up or changed it; None: not said."""
    same_as: str
    """The same for all versions and copies of one sensing; never empty."""
    version: str
    """Orders those versions."""
    state: PassState
    """What became of it."""
    reason: str | None
    """Why it is in that state, for people."""
    twin_of: str | None
    """The pass that stands for it, where it is `doubled`."""
    attempts: int
    """Jobs that were spent on fetching it since it was found, or published anew."""
    not_before: datetime | None
    """Instant (UTC) from which a `held` or `broken` pass is taken up again; None: when a look
    finds that it may, and a broken one never."""
    cloud_stated: float | None
    """Cloud over all of it as the source states it, 0 to 1."""
    clear_share: float | None
    """What was seen clear of what it shows of the area, 0 to 1; None: not fetched."""
    units: float
    """Processing units that were spent on it."""
    scene_id: str | None
    """Its scene, once fetched."""
    acquisition: Mapping[str, Any]
    """As `Acquisition.as_json`."""
    found_at: datetime
    """Instant (UTC) at which a look first found it."""
    updated_at: datetime
    """Instant (UTC) of the last change."""

    @property
    def offered(self) -> Acquisition:
        """The acquisition as its source offers it."""
        return acquisition_of(self.acquisition)


_COLUMNS = tuple(passes.c[field.name] for field in fields(PassRow))


def pass_id_of(watch: str, acquisition: Acquisition) -> str:
    """Id of the row of an acquisition in the ledger of a watch."""
    named = [watch, acquisition.source, acquisition.collection, acquisition.identifier]
    return hashlib.sha256(canonical_json(named)).hexdigest()[:20]


def sensing_of(acquisition: Acquisition) -> str:
    """What all versions and copies of one sensing share.

    Where the source does not say, the platform, the second, the orbit and the bounds to a hundredth
    of a degree: neighbouring tiles and other orbits of a day differ.
    """
    if acquisition.same_as:
        return f"{acquisition.kind}:{acquisition.same_as}"
    bounds = ",".join(f"{edge:.2f}" for edge in acquisition.footprint.bounds)
    second = acquisition.acquired.strftime("%Y%m%dT%H%M%SZ")
    return f"{acquisition.kind}:{acquisition.platform}/{second}/{acquisition.orbit}/{bounds}"


def note_found(
    connection: Connection,
    watch: str,
    acquisition: Acquisition,
    role: PassRole,
    now: datetime,
    *,
    state: PassState = PassState.FOUND,
    reason: str | None = None,
    twin_of: str | None = None,
) -> PassRow:
    """The row of an acquisition, added in this state where there is none; a known one stays."""
    pass_id = pass_id_of(watch, acquisition)
    lock_watch(connection, watch)  # two that find it at the same moment come one after the other
    known = connection.execute(_one(pass_id)).one_or_none()
    if known is not None:
        return _row(known)
    row = {
        "pass_id": pass_id,
        "watch": watch,
        "role": role,
        "state": state,
        "reason": reason,
        "twin_of": twin_of,
        "attempts": 0,
        "units": 0.0,
        "found_at": now,
        "updated_at": now,
        **_offered(acquisition),
    }
    return _row(connection.execute(insert(passes).values(row).returning(*_COLUMNS)).one())


def note_offered(connection: Connection, pass_id: str, acquisition: Acquisition) -> PassRow:
    """Keep what the source says of a known pass by now; its state is left as it is."""
    changed = update(passes).where(passes.c.pass_id == pass_id).values(_offered(acquisition))
    return _row(connection.execute(changed.returning(*_COLUMNS)).one())


def _offered(acquisition: Acquisition) -> dict[str, Any]:
    return {
        "source": acquisition.source,
        "collection": acquisition.collection,
        "identifier": acquisition.identifier,
        "kind": acquisition.kind,
        "acquired": acquisition.acquired,
        "published": acquisition.published,
        "same_as": sensing_of(acquisition),
        "version": acquisition.version,
        "cloud_stated": acquisition.cloud_share,
        "acquisition": acquisition.as_json,
    }


def set_state(
    connection: Connection,
    pass_id: str,
    state: PassState,
    now: datetime,
    *,
    reason: str | None = None,
    **values: Any,  # noqa: ANN401 (columns of different types)
) -> PassRow:
    """Put a pass into a state, with its reason; `values` are further columns, by name.

    Of files of this machine the reason keeps the names, not where they lie.

    What a state says nothing of is cleared: twin and instant to be taken up again. Raises
    NotFoundError.
    """
    short = None if reason is None else names_only(" ".join(reason.split()))[:_LONGEST_REASON]
    cleared = {"twin_of": None, "not_before": None}
    told = {"state": state, "reason": short, "updated_at": now, **cleared, **values}
    changed = update(passes).where(passes.c.pass_id == pass_id).values(told)
    row = connection.execute(changed.returning(*_COLUMNS)).one_or_none()
    if row is None:
        raise _unknown(pass_id)
    return _row(row)


def set_broken(
    connection: Connection, row: PassRow, reason: str, now: datetime, *, again: bool
) -> PassRow:
    """A pass could not be fetched or decoded.

    With `again` it is taken up anew after a rest, while jobs are left to be spent on it.
    """
    more = again and row.attempts < MOST_FETCHES
    not_before = now + rest(max(row.attempts, 1)) if more else None
    return set_state(
        connection, row.pass_id, PassState.BROKEN, now, reason=reason, not_before=not_before
    )


def pass_row(connection: Connection, pass_id: str, *, lock: bool = False) -> PassRow:
    """One pass; `lock`: no other transaction may change it before this one ends.

    Raises NotFoundError.
    """
    asked = _one(pass_id)
    row = connection.execute(asked.with_for_update() if lock else asked).one_or_none()
    if row is None:
        raise _unknown(pass_id)
    return _row(row)


def passes_of(
    connection: Connection,
    watch: str | None = None,
    *,
    states: Collection[PassState] | None = None,
    acquired_from: datetime | None = None,
    acquired_before: datetime | None = None,
    kinds: Collection[str] | None = None,
    same_as: Collection[str] | None = None,
    after: tuple[datetime, str] | None = None,
    limit: int | None = None,
    lock: bool = False,
) -> tuple[PassRow, ...]:
    """Passes of a watch, or of all, the latest acquired first.

    `after` (instant of sensing, pass id) of the last one of a page leads to the next.
    """
    asked = select(*_COLUMNS)
    if watch is not None:
        asked = asked.where(passes.c.watch == watch)
    if acquired_from is not None:
        asked = asked.where(passes.c.acquired >= acquired_from)
    if acquired_before is not None:
        asked = asked.where(passes.c.acquired < acquired_before)
    if after is not None:
        ties = and_(passes.c.acquired == after[0], passes.c.pass_id > after[1])
        asked = asked.where(or_(passes.c.acquired < after[0], ties))
    one_of = {"state": states, "kind": kinds, "same_as": same_as}
    for name, values in one_of.items():
        if values is not None:
            asked = asked.where(passes.c[name].in_(values))
    asked = asked.order_by(passes.c.acquired.desc(), passes.c.pass_id).limit(limit)
    return tuple(map(_row, connection.execute(asked.with_for_update() if lock else asked)))


def enqueue_fetch(
    connection: Connection, row: PassRow, now: datetime, *, priority: int = USUAL_PRIORITY
) -> Job:
    """Queue a job that carries a pass on, from wherever it is; counts where it is to be fetched."""
    payload = {"watch": row.watch, "pass_id": row.pass_id}
    job = enqueue(connection, FETCH, payload, "system", now, priority=priority)
    note_job(connection, row.pass_id, job, now)
    if row.state is PassState.FOUND:
        more = {"attempts": passes.c.attempts + 1, "updated_at": now}
        connection.execute(update(passes).where(passes.c.pass_id == row.pass_id).values(more))
    return job


def note_job(
    connection: Connection, pass_id: str, job: Job, now: datetime, before_pass_id: str | None = None
) -> None:
    """A job is of a pass: one that fetches it, or one that compares it with another pass."""
    told = {"pass_id": pass_id, "job_id": job.job_id, "added_at": now}
    connection.execute(insert(pass_jobs).values({**told, "before_pass_id": before_pass_id}))


def jobs_of(
    connection: Connection, pass_ids: Sequence[str], kind: str | None = None
) -> dict[str, tuple[Job, ...]]:
    """The jobs of passes, the newest first; of one kind if given."""
    found: dict[str, list[Job]] = {pass_id: [] for pass_id in pass_ids}
    asked = (
        select(pass_jobs.c.pass_id, pass_jobs.c.job_id)
        .where(pass_jobs.c.pass_id.in_(pass_ids))
        .order_by(pass_jobs.c.added_at.desc(), pass_jobs.c.job_id)
    )
    pairs = connection.execute(asked).all()
    known = jobs_named(connection, {job_id for _, job_id in pairs})
    for pass_id, job_id in pairs:
        if kind is None or known[job_id].kind == kind:
            found[pass_id].append(known[job_id])
    return {pass_id: tuple(those) for pass_id, those in found.items()}


def befores_of(connection: Connection, pass_id: str) -> dict[str, str]:
    """Job -> the pass that it compares this pass with; of a composite the latest."""
    mine = (pass_jobs.c.pass_id == pass_id, pass_jobs.c.before_pass_id.is_not(None))
    asked = select(pass_jobs.c.job_id, pass_jobs.c.before_pass_id).where(*mine)
    return {row.job_id: row.before_pass_id for row in connection.execute(asked)}


def stand_ins(connection: Connection, watch: str) -> set[str]:
    """Sensings whose pass is broken, and that have another version or copy."""
    broken = passes.alias()
    both = passes.join(broken, passes.c.twin_of == broken.c.pass_id)
    asked = select(passes.c.same_as).select_from(both).distinct()
    mine = (passes.c.watch == watch, passes.c.state == PassState.DOUBLED)
    return set(connection.scalars(asked.where(*mine, broken.c.state == PassState.BROKEN)))


def _one(pass_id: str) -> Select[Any]:
    return select(*_COLUMNS).where(passes.c.pass_id == pass_id)


def _unknown(pass_id: str) -> NotFoundError:
    return NotFoundError(f"no pass {pass_id!a:.50}: `hongxian passes list` shows those there are")


def _row(row: Row[Any]) -> PassRow:
    values = row._asdict()
    typed = {"state": PassState(values["state"]), "role": PassRole(values["role"])}
    return PassRow(**{**values, **typed})
