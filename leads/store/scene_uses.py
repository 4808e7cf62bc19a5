"""What scenes are needed for: leads they are evidence of, and runs that wait for them."""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from leads.domain.job import RUN, JobState
from leads.domain.status import Status
from leads.store.schema import jobs, leads, observations, runs, scenes

_NO_LEADS = (Status.DISCARDED, Status.WITHDRAWN)


def evidence(connection: Connection) -> set[str]:
    """Scenes of every run that saw a lead which is neither discarded nor withdrawn."""
    asked = (
        select(runs.c.before_scene_id, runs.c.after_scene_id)
        .join(observations, observations.c.run_id == runs.c.run_id)
        .join(leads, leads.c.lead_id == observations.c.lead_id)
        .where(leads.c.status.not_in(_NO_LEADS))
        .distinct()
    )
    return {scene_id for pair in connection.execute(asked) for scene_id in pair}


def folders_under_jobs(connection: Connection) -> set[str]:
    """What the runs that are queued or under way name as their two images."""
    under_way = jobs.c.state.in_((JobState.QUEUED, JobState.LEASED))
    asked = select(jobs.c.payload).where(jobs.c.kind == RUN, under_way)
    return {
        str(payload[side]) for payload in connection.scalars(asked) for side in ("before", "after")
    }


def removed_from(connection: Connection, folders: Iterable[str]) -> tuple[str, ...]:
    """Those of some folders whose scene had its pixels removed and not brought back."""
    asked = list(folders)
    found = select(scenes.c.folder, scenes.c.pixels_removed_at).where(scenes.c.folder.in_(asked))
    rows = connection.execute(found).all()
    there = {folder for folder, removed_at in rows if removed_at is None}
    return tuple(sorted({folder for folder, _ in rows} - there))
