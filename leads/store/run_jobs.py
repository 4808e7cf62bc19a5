"""Jobs that compare pairs of scenes, as people follow them: under way, waiting, failed."""

from collections.abc import Collection

from sqlalchemy import Connection

from leads.domain.job import RUN, Job, JobState
from leads.store.jobs import ended_since, list_jobs
from leads.store.runs import RunRow

_ENDED_LATER = 20  # jobs looked at for the one that filed a run


def unfiled_jobs(
    connection: Connection, states: Collection[JobState] | None = None, limit: int = 50
) -> tuple[Job, ...]:
    """Jobs that stand for no filed run: those under way, then the newest.

    A done one is among them only where it was a shadow run: what it found was not filed.
    """
    return list_jobs(connection, kind=RUN, states=states, unfiled=True, limit=limit)


def job_of_run(connection: Connection, run: RunRow) -> Job | None:
    """The job that filed a run, or None where it was filed without one."""
    done = ended_since(connection, RUN, run.filed_at, _ENDED_LATER)
    return next((job for job in done if (job.result or {}).get("run_id") == run.run_id), None)
