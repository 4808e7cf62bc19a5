"""From the store's values of runs and jobs to what is sent."""

from datetime import datetime
from pathlib import PurePath
from typing import Any

from api.bodies.run import JobAnswer, JobDetail, RunDetail, SetAside
from leads.domain.job import Job, JobState
from leads.domain.told import names_only
from leads.run.jobs.progress import Progress
from leads.store.held import Held
from leads.store.job_tiles import TileRow
from leads.store.runs import RunRow


def job_answer(job: Job, now: datetime) -> JobAnswer:
    """One job as it is listed."""
    return JobAnswer.model_validate(_job_fields(job, now))


def job_detail(job: Job, set_aside: tuple[TileRow, ...], now: datetime) -> JobDetail:
    """One job with its tiles."""
    report = (job.result or {}).get("shadow")
    more = {"set_aside": _reasons(job, set_aside), "shadow_report": report}
    return JobDetail.model_validate({**_job_fields(job, now), **more})


MOST_HELD = 200
"""Held candidates that one answer lists."""


def run_detail(
    run: RunRow,
    job: Job | None,
    set_aside: tuple[TileRow, ...],
    held: tuple[Held, ...],
    now: datetime,
) -> RunDetail:
    """One run; why tiles were set aside is told by its job, which tiles also by its record."""
    known = {one.tile: one for one in (_reasons(job, set_aside) if job else ())}
    tiles = [known.get(n, SetAside(tile=n, reason=None)) for n in run.record.get("set_aside", ())]
    fields = {name: getattr(run, name) for name in run.__slots__}
    told = None if job is None else job_answer(job, now)
    largest = sorted(held, key=lambda one: (-one.area_m2, one.held_id))[:MOST_HELD]
    waits = {"held_count": len(held), "held": [_held(one) for one in largest]}
    return RunDetail.model_validate({**fields, **waits, "set_aside": tiles, "job": told})


def _held(held: Held) -> dict[str, Any]:
    inside = held.geometry.representative_point()
    return {
        "held_id": held.held_id,
        "lon": round(inside.x, 6),
        "lat": round(inside.y, 6),
        "area_m2": held.area_m2,
        "change_class": held.change_class.label,
        "reason": held.reason.value,
    }


def _job_fields(job: Job, now: datetime) -> dict[str, Any]:
    """The fields of a JobAnswer. Where files lie on the server is nobody's business."""
    paths = _paths(job)
    result = job.result or {}
    progress = None if job.progress is None else {**Progress().as_json, **job.progress}
    if progress is not None:
        progress["notes"] = [_named(note, paths) for note in progress["notes"]]
    leased = job.state is JobState.LEASED
    return {
        **{name: getattr(job, name) for name in JobAnswer.model_fields if hasattr(job, name)},
        "stalled": leased and job.lease_until is not None and job.lease_until < now,
        "shadow": bool(job.payload.get("shadow")),
        "before": PurePath(str(job.payload.get("before", ""))).name,
        "after": PurePath(str(job.payload.get("after", ""))).name,
        "detector": str(job.payload.get("detector", "")),
        "district": job.payload.get("district"),
        "progress": progress,
        "error": None if job.error is None else _named(job.error, paths),
        "run_id": result.get("run_id"),
        "leads": result.get("leads"),
    }


def _reasons(job: Job, rows: tuple[TileRow, ...]) -> list[SetAside]:
    paths = _paths(job)
    return [
        SetAside(tile=row.tile, reason=None if row.reason is None else _named(row.reason, paths))
        for row in rows
    ]


def _paths(job: Job) -> list[str]:
    named = [job.payload.get("before"), job.payload.get("after"), *job.payload.get("layers", ())]
    return [str(path) for path in named if path]


def _named(text: str, paths: list[str]) -> str:
    """The text with the names of files in place of their paths."""
    for path in sorted(paths, key=len, reverse=True):
        text = text.replace(path, PurePath(path).name)
    return names_only(text)
