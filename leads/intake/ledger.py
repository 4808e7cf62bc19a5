"""The ledger's rules: what each pass a watch came to know of is, and which of them are fetched."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from leads.domain.job import FETCH, UNDER_WAY, Job, JobState
from leads.domain.passes import PassRole, PassState
from leads.intake.twins import LONG_AGO, Member, Verdict, settled
from leads.intake.watch_spec import WatchSpec
from leads.store.jobs import cancel, keep_from_workers
from leads.store.passes import (
    PassRow,
    enqueue_fetch,
    jobs_of,
    note_found,
    note_offered,
    pass_id_of,
    passes_of,
    sensing_of,
    set_state,
)
from tiles.sources.acquisition import Acquisition

MOSTLY = 0.5
"""An image of which so much lies in the area is not outside, however small it is beside it."""
_AT_ONCE = 500  # sensings of one question to the store
_CARRIED_ON = (PassState.FOUND, PassState.FETCHED)
_DONE = (PassState.FETCHED, PassState.QUEUED, PassState.KEPT)


@dataclass(frozen=True, slots=True)
class Sensing:
    """All that is known of one sensing."""

    rows: tuple[PassRow, ...]
    """Its passes in the ledger."""
    jobs: Mapping[str, tuple[Job, ...]]
    """Jobs that fetch them, by pass, the newest first."""
    offered: Mapping[str, Acquisition]
    """What the source offers of it by now, by the id of the pass."""

    def row(self, pass_id: str) -> PassRow | None:
        """One pass of it, where the ledger has it."""
        return next((row for row in self.rows if row.pass_id == pass_id), None)

    def waiting(self, pass_id: str) -> Job | None:
        """The job that is to fetch a pass, or fetches it."""
        return next((job for job in self.jobs.get(pass_id, ()) if job.state in UNDER_WAY), None)

    def begun(self, row: PassRow) -> bool:
        """Whether a pass was fetched, or is being fetched, or a person asked for it beside one."""
        if _was_fetched(row):
            return True
        job = self.waiting(row.pass_id)
        if row.state is not PassState.FOUND or job is None:
            return False
        return job.state is JobState.LEASED or any(map(_was_fetched, self.rows))


def _was_fetched(row: PassRow) -> bool:
    return row.scene_id is not None or row.state in _DONE


def judged(watch: WatchSpec, acquisition: Acquisition) -> tuple[PassState, str | None]:
    """What a pass would be if it were alone, by what the source says of it, and why."""
    outside = _outside(watch, shapely.make_valid(acquisition.footprint))
    if outside is not None:
        return PassState.OUTSIDE, outside
    cloud = acquisition.cloud_share
    if cloud is not None and cloud > watch.most_cloud_stated:
        most = f"more than {watch.most_cloud_stated:.0%}"
        return PassState.CLOUDY, f"states {cloud:.0%} cloud, {most}: not fetched"
    return PassState.FOUND, None


def _outside(watch: WatchSpec, footprint: BaseGeometry) -> str | None:
    """Why an image shows too little of the area; None: enough, or most of it lies in the area."""
    both = footprint.intersection(watch.area).area
    share = both / watch.area.area  # all in degrees, side by side: ratios are those of the areas
    if both > 0 and (share >= watch.least_share or both >= MOSTLY * footprint.area):
        return None
    return f"shows {share:.1%} of the area, less than {watch.least_share:.1%}"


def sensings(
    connection: Connection,
    watch: str,
    found: Iterable[Acquisition] = (),
    keys: Collection[str] = (),
    *,
    lock: bool = False,
) -> list[Sensing]:
    """The sensings that `found` belongs to, and those of `keys`, by instant of acquisition.

    Of a pass that was offered twice the one published last counts.
    """
    offered: dict[str, dict[str, Acquisition]] = defaultdict(dict)
    for one in sorted(found, key=lambda a: a.published or LONG_AGO):
        offered[sensing_of(one)][pass_id_of(watch, one)] = one
    wanted = sorted({*offered, *keys})
    rows: dict[str, list[PassRow]] = defaultdict(list)
    for start in range(0, len(wanted), _AT_ONCE):
        part = wanted[start : start + _AT_ONCE]
        for row in passes_of(connection, watch, same_as=part, lock=lock):
            rows[row.same_as].append(row)
    ids = [row.pass_id for those in rows.values() for row in those]
    every = jobs_of(connection, ids, FETCH)
    if lock:
        every = _settled_now(connection, every)
    gathered = [Sensing(tuple(rows[key]), every, offered.get(key, {})) for key in wanted]
    return sorted(gathered, key=_acquired)


def _settled_now(
    connection: Connection, jobs: Mapping[str, tuple[Job, ...]]
) -> dict[str, tuple[Job, ...]]:
    """The jobs of passes, of which those in the queue stay there until this transaction ends.

    One that a worker is taking at this moment counts as taken.
    """
    queued = {
        job.job_id for those in jobs.values() for job in those if job.state is JobState.QUEUED
    }
    ours = keep_from_workers(connection, queued)
    taken = queued - ours
    return {
        pass_id: tuple(
            replace(job, state=JobState.LEASED) if job.job_id in taken else job for job in those
        )
        for pass_id, those in jobs.items()
    }


def _acquired(sensing: Sensing) -> tuple[datetime, str]:
    instants = [row.acquired for row in sensing.rows]
    instants += [one.acquired for one in sensing.offered.values()]
    return min(instants), min((*sensing.offered, *(row.pass_id for row in sensing.rows)))


def verdicts(watch: WatchSpec, sensing: Sensing, now: datetime) -> Mapping[str, Verdict]:
    """What every pass of a sensing is by now, by its id; changes nothing."""
    members = [_member(watch, sensing, row, now) for row in sensing.rows]
    known = {row.pass_id for row in sensing.rows}
    for pass_id, one in sensing.offered.items():
        if pass_id not in known:
            state, reason = judged(watch, one)
            fresh = Member(pass_id, one.identifier, one.version, one.published, state, reason)
            members.append(fresh)
    return settled(members)


def _member(watch: WatchSpec, sensing: Sensing, row: PassRow, now: datetime) -> Member:
    offered = sensing.offered.get(row.pass_id)
    begun = sensing.begun(row)
    published = row.published if offered is None or begun else offered.published
    version = row.version if offered is None or begun else offered.version
    state, reason = row.state, row.reason
    if begun and offered is not None and is_newer(offered, row) and row.scene_id is not None:
        reason = f"published anew at {offered.published:%Y-%m-%d %H:%MZ}: not fetched again"
    elif not begun and not _is_asked_for(sensing, row) and _is_open(row, offered, now):
        state, reason = PassState.FOUND, None
        if row.role is PassRole.NEW or offered is not None:
            state, reason = judged(watch, row.offered if offered is None else offered)
    return Member(row.pass_id, row.identifier, version, published, state, reason, begun)


def _is_asked_for(sensing: Sensing, row: PassRow) -> bool:
    """Whether a pass is to be fetched whatever it would be judged: also a person may ask for it."""
    offered = sensing.offered.get(row.pass_id)
    anew = offered is not None and is_newer(offered, row)
    return row.state is PassState.FOUND and sensing.waiting(row.pass_id) is not None and not anew


def _is_open(row: PassRow, offered: Acquisition | None, now: datetime) -> bool:
    """Whether what a pass that was not fetched is to be is decided anew."""
    if row.state is PassState.BROKEN:
        rested = row.not_before is not None and row.not_before <= now
        return rested or (offered is not None and is_newer(offered, row))
    return row.state is not PassState.HELD or row.not_before is None or row.not_before <= now


def is_newer(offered: Acquisition, row: PassRow) -> bool:
    """Whether a source has put a pass up anew since it was last heard of."""
    if offered.published is None or row.published is None:
        return False
    return offered.published > row.published


def settle(
    connection: Connection, watch: WatchSpec, known: Iterable[Sensing], now: datetime
) -> list[PassRow]:
    """Make every pass of these sensings what it is by now; returns those that changed.

    What is to be fetched, or waits to be handed on, gets a job, the earliest acquired first; what
    no longer is to be fetched loses it.
    """
    changed: list[PassRow] = []
    moment = now
    for sensing in known:
        told = verdicts(watch, sensing, now)
        current = {row.pass_id: row for row in sensing.rows}
        # what gives way comes first, so that no two of a sensing have jobs at one instant
        for pass_id in sorted(told, key=lambda one: told[one].state is PassState.FOUND):
            row = _made_so(connection, watch, sensing, pass_id, told[pass_id], now)
            if row is not None:
                current[pass_id] = row
                changed.append(row)
        for row in current.values():
            if row.state in _CARRIED_ON and sensing.waiting(row.pass_id) is None:
                enqueue_fetch(connection, row, moment, priority=watch.priority)
                moment += timedelta(microseconds=1)  # jobs of one look are done in this order
    return changed


def _made_so(
    connection: Connection,
    watch: WatchSpec,
    sensing: Sensing,
    pass_id: str,
    verdict: Verdict,
    now: datetime,
) -> PassRow | None:
    """The row of a pass as it is now; None: nothing changed."""
    row = sensing.row(pass_id)
    offered = sensing.offered.get(pass_id)
    state, reason, twin = verdict.state, verdict.reason, verdict.twin_of
    if row is None:
        return note_found(
            connection, watch.name, sensing.offered[pass_id], PassRole.NEW, now,
            state=state, reason=reason, twin_of=twin,
        )  # fmt: skip
    under_way = sensing.begun(row) and row.scene_id is None
    if offered is not None and not under_way and offered != row.offered:
        note_offered(connection, pass_id, offered)
    role = row.role
    if offered is not None and role is PassRole.BEFORE and watch.before:
        role = PassRole.NEW  # fetched to compare with, before a look had found it
        if state is PassState.KEPT:
            state, reason = PassState.FETCHED, None
    if (state, reason, twin, role) == (row.state, row.reason, row.twin_of, row.role):
        return None
    job = sensing.waiting(pass_id)
    if state is PassState.DOUBLED and job is not None:
        cancel(connection, job.job_id, now)
    anew = row.state is PassState.HELD or (offered is not None and is_newer(offered, row))
    fresh = {"attempts": 0} if anew and state is PassState.FOUND else {}
    rests = row.not_before if state is row.state else None
    return set_state(
        connection, pass_id, state, now,
        reason=reason, twin_of=twin, role=role, not_before=rests, **fresh,
    )  # fmt: skip
