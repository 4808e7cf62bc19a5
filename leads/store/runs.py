"""Runs: what each was made of and what it gave."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, tuple_

from geo.errors import NotFoundError
from leads.domain.run_record import RunRecord
from leads.domain.run_summary import RunSummary
from leads.store.scenes import keep_scene
from leads.store.schema import runs


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run as it was filed."""

    run_id: str
    """Fingerprint of `record`."""
    before_scene_id: str
    """Earlier scene."""
    after_scene_id: str
    """Current scene."""
    date_before: date
    """Its date."""
    date_after: date
    """Its date."""
    detector: str
    """Name of the detector."""
    code_version: str
    """Version of the program."""
    record: Mapping[str, Any]
    """`RunRecord.as_json`."""
    summary: Mapping[str, Any]
    """Fields of the RunSummary: counts and times."""
    outcomes: Mapping[str, int]
    """Outcome of identity -> number of sightings."""
    filed_by: str
    """Account, or `system`."""
    filed_at: datetime
    """Instant, UTC."""


_COLUMNS = tuple(runs.c[field.name] for field in fields(RunRow))


def is_filed(connection: Connection, run_id: str) -> bool:
    """Whether a run was filed before."""
    return connection.scalar(select(runs.c.run_id).where(runs.c.run_id == run_id)) is not None


def keep_run(
    connection: Connection,
    record: RunRecord,
    summary: RunSummary,
    outcomes: Mapping[str, int],
    filed_by: str,
    now: datetime,
) -> None:
    """Store a run with its two scenes; it must be new."""
    row = {
        "run_id": record.run_id,
        "before_scene_id": keep_scene(connection, record.before, now),
        "after_scene_id": keep_scene(connection, record.after, now),
        "date_before": record.before.date,
        "date_after": record.after.date,
        "detector": record.plan.detector,
        "code_version": record.code_version,
        "record": json.loads(record.text),
        "summary": asdict(summary),
        "outcomes": dict(outcomes),
        "filed_by": filed_by,
        "filed_at": now,
    }
    connection.execute(insert(runs), row)


def run(connection: Connection, run_id: str) -> RunRow:
    """One run. Raises NotFoundError."""
    row = connection.execute(select(*_COLUMNS).where(runs.c.run_id == run_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"no run {run_id!a:.70}")
    return _run(row)


def list_runs(
    connection: Connection, limit: int = 50, after: tuple[datetime, str] | None = None
) -> tuple[RunRow, ...]:
    """The latest filed first; `after` (filed_at, run_id) of the last one pages on."""
    asked = select(*_COLUMNS).order_by(runs.c.filed_at.desc(), runs.c.run_id.desc()).limit(limit)
    if after is not None:
        asked = asked.where(tuple_(runs.c.filed_at, runs.c.run_id) < tuple_(*after))
    return tuple(_run(row) for row in connection.execute(asked))


def _run(row: Sequence[Any]) -> RunRow:
    return RunRow(*row)
