"""Take up: a person asks for passes, whatever the ledger has made of them so far."""

from datetime import datetime

from sqlalchemy import Connection

from leads.domain.job import FETCH, UNDER_WAY, Job
from leads.domain.passes import PassState
from leads.store.passes import PassRow, enqueue_fetch, jobs_of, pass_row, passes_of, set_state
from leads.store.scenes import scene
from leads.store.watches import lock_watch

TO_FETCH = (PassState.FOUND, PassState.HELD, PassState.BROKEN)
"""What is fetched where a whole watch is asked for: not what was passed over for a reason."""


def passes_to_fetch(connection: Connection, watch: str) -> tuple[PassRow, ...]:
    """Passes of a watch that were not fetched yet, the earliest acquired first."""
    found = passes_of(connection, watch, states=TO_FETCH)
    return tuple(sorted(found, key=lambda row: (row.acquired, row.pass_id)))


def is_here(connection: Connection, row: PassRow) -> bool:
    """Whether the imagery of a pass is on the disk."""
    if row.scene_id is None:
        return False
    found = scene(connection, row.scene_id)
    return found.folder is not None and found.pixels_removed_at is None


def take_up(connection: Connection, pass_id: str, now: datetime, priority: int) -> Job | None:
    """The job that carries a pass on; None where nothing is left to be done with it.

    What is not here is fetched, also what was passed over as cloudy, doubled or outside, and what
    retention removed. What is here and was found cloudy is judged anew, by the watch as it is now.
    Raises NotFoundError.
    """
    lock_watch(connection, pass_row(connection, pass_id).watch)
    row = pass_row(connection, pass_id, lock=True)
    waiting = jobs_of(connection, [pass_id], FETCH)[pass_id]
    under_way = next((job for job in waiting if job.state in UNDER_WAY), None)
    if under_way is not None:
        return under_way
    here = is_here(connection, row)
    if here and row.state in (PassState.KEPT, PassState.QUEUED):
        return None
    state = PassState.FETCHED if here else PassState.FOUND
    attempts = row.attempts if here else 0
    anew = set_state(connection, pass_id, state, now, attempts=attempts)
    return enqueue_fetch(connection, anew, now, priority=priority)
