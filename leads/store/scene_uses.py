"""What scenes are needed for: leads they are evidence of, and runs that wait for them."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, select

from leads.domain.job import RUN, JobState
from leads.domain.status import Status
from leads.store.pass_tables import held_candidates, witnesses
from leads.store.schema import jobs, leads, observations, run_withdrawals, runs, scenes
from leads.store.witness import KIND


def evidence(connection: Connection) -> set[str]:
    """Scenes of every run that made or saw a lead, by optical imagery or as a witness of it.

    Also of leads that were discarded: they are what training learns from. Not of leads that were
    withdrawn, which might never have been.
    """
    made = _scenes_of_runs().join(leads, leads.c.run_id == runs.c.run_id)
    found = _both(connection, made.where(leads.c.status != Status.WITHDRAWN))
    for told in (observations, witnesses):
        asked = (
            _scenes_of_runs()
            .join(told, told.c.run_id == runs.c.run_id)
            .join(leads, leads.c.lead_id == told.c.lead_id)
            .where(leads.c.status != Status.WITHDRAWN)
        )
        found |= _both(connection, asked)
    return found


def witnesses_to_come(connection: Connection, since: date) -> set[str]:
    """Scenes of radar runs that stand, saw a change, and may yet witness a lead by it.

    Those whose later image is of `since` or after: a lead's two images lie around what it saw.
    """
    asked = (
        _scenes_of_runs()
        .join(held_candidates, held_candidates.c.run_id == runs.c.run_id)
        .where(held_candidates.c.reason == KIND, held_candidates.c.date_after >= since)
        .where(runs.c.run_id.not_in(select(run_withdrawals.c.run_id)))
    )
    return _both(connection, asked)


def _scenes_of_runs() -> Select[Any]:
    return select(runs.c.before_scene_id, runs.c.after_scene_id).distinct()


def _both(connection: Connection, asked: Select[Any]) -> set[str]:
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
