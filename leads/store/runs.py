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
from leads.domain.withdrawal import Withdrawal
from leads.store.scenes import keep_scene
from leads.store.schema import run_withdrawals, runs


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
    withdrawal: Withdrawal | None
    """That it was taken back, or None while it stands; filing it again does not bring it back."""


_OWN = tuple(runs.c[field.name] for field in fields(RunRow) if field.name != "withdrawal")
_WITHDRAWAL = tuple(run_withdrawals.c[field.name] for field in fields(Withdrawal))
_RUNS = select(*_OWN, *_WITHDRAWAL).outerjoin(
    run_withdrawals, run_withdrawals.c.run_id == runs.c.run_id
)


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
    row = connection.execute(_RUNS.where(runs.c.run_id == run_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"no run {run_id!a:.70}")
    return _run(row)


def latest_of_pair(connection: Connection, before_id: str, after_id: str) -> RunRow | None:
    """The run filed last for two scenes of those that stand, or None."""
    pair = (runs.c.before_scene_id == before_id, runs.c.after_scene_id == after_id)
    asked = _RUNS.where(*pair, run_withdrawals.c.run_id.is_(None))
    newest = asked.order_by(runs.c.filed_at.desc(), runs.c.run_id.desc()).limit(1)
    row = connection.execute(newest).one_or_none()
    return None if row is None else _run(row)


def list_runs(
    connection: Connection,
    limit: int = 50,
    after: tuple[datetime, str] | None = None,
    *,
    withdrawn: bool | None = None,
) -> tuple[RunRow, ...]:
    """The latest filed first; `after` (filed_at, run_id) of the last one pages on.

    `withdrawn` asks for those that were, or for those that stand.
    """
    asked = _RUNS.order_by(runs.c.filed_at.desc(), runs.c.run_id.desc()).limit(limit)
    if withdrawn is not None:
        gone = run_withdrawals.c.run_id
        asked = asked.where(gone.is_not(None) if withdrawn else gone.is_(None))
    if after is not None:
        asked = asked.where(tuple_(runs.c.filed_at, runs.c.run_id) < tuple_(*after))
    return tuple(_run(row) for row in connection.execute(asked))


def _run(row: Sequence[Any]) -> RunRow:
    own = dict(zip((column.name for column in _OWN), row, strict=False))
    gone = row[len(_OWN) :]
    return RunRow(**own, withdrawal=None if gone[0] is None else Withdrawal(*gone))
