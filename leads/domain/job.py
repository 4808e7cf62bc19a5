"""Job: one long piece of work in the queue, and the lease under which a worker does it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

RUN = "run"
"""Kind of the jobs that compare a pair of scenes."""
FETCH = "fetch"
"""Kind of the jobs that fetch a pass of the ledger, mask it and hand it to runs."""
FLIGHT = "flight"
"""Kind of the jobs that make imagery of an uploaded flight and hand it to runs."""
LEASE_S = 60.0
"""A lease that is not renewed for so long may be taken by another worker."""
MOST_PRIORITY = 9
"""Priorities go from 0 to this; the highest goes first."""
USUAL_PRIORITY = 5
"""Given where none is asked for."""
MAX_ATTEMPTS = 5
"""Leases a job may use up before it counts as failed."""
FIRST_WAIT_S = 10.0
"""Seconds a job rests after its first failure."""
LONGEST_WAIT_S = 600.0
"""No rest is longer, in seconds."""


class JobState(StrEnum):
    """Where a job is; `done`, `failed` and `cancelled` are final until it is queued again."""

    QUEUED = "queued"
    LEASED = "leased"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNDER_WAY = (JobState.QUEUED, JobState.LEASED)
"""States of a job that will still do something."""


def wait_s(attempts: int) -> float:
    """Seconds a job rests after its `attempts`-th failure (from 1): doubled each time, to a bound.

    With the constants above: 10, 20, 40, 80 s, and never more than 600 s.
    """
    doublings = min(attempts - 1, 30)  # far over the bound, far under an overflow
    return min(FIRST_WAIT_S * 2.0**doublings, LONGEST_WAIT_S)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on a job, until another worker takes it."""

    job_id: str
    """The job."""
    worker: str
    """Who holds it: `host:pid:start`."""
    fence: int
    """Fencing token: rises with each lease, and nothing is written under an older one."""


@dataclass(frozen=True, slots=True)
class Job:
    """One row of the queue."""

    job_id: str
    """Sixteen hex digits."""
    kind: str
    """What is to be done; workers take the kinds they know."""
    payload: Mapping[str, Any]
    """What to do it with, as JSON values."""
    payload_sha256: str
    """Over kind and payload: the same work asked for again has the same."""
    priority: int
    """0 to 9; the highest goes first."""
    state: JobState
    """Where it is."""
    attempts: int
    """Leases given so far."""
    max_attempts: int
    """Leases it may use up."""
    not_before: datetime
    """Instant (UTC) from which it may be leased: back-off after a failure."""
    worker: str | None
    """Who holds or held it last."""
    fence: int
    """Token of the last lease."""
    lease_until: datetime | None
    """Instant (UTC) at which the lease runs out."""
    cancel_asked: bool
    """Whoever holds it must stop."""
    created_by: str
    """Account, or `system`."""
    created_at: datetime
    """Instant, UTC."""
    started_at: datetime | None
    """Instant (UTC) of the first lease."""
    finished_at: datetime | None
    """Instant (UTC) at which it became final."""
    record: Mapping[str, Any] | None
    """What was fixed for it before the work began, so that a resume does the same."""
    progress: Mapping[str, Any] | None
    """How far it is, as its worker last told."""
    result: Mapping[str, Any] | None
    """What came of it."""
    error: str | None
    """Why it failed, or why the last attempt did."""

    @property
    def lease(self) -> Lease:
        """The lease that its worker holds; only of use to that worker."""
        return Lease(self.job_id, self.worker or "", self.fence)
