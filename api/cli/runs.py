"""`hongxian runs`: what is under way, waits, failed or was filed; taking a bad run back."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePath
from typing import Any

import click
from sqlalchemy import Connection

from api.bodies.run import JobDetail, RunDetail
from api.cli.options import json_option, print_json
from api.cli.run_lines import duration
from api.cli.store import SYSTEM, echo_table, now, open_store
from api.run_answers import job_detail, run_detail
from geo.errors import NotFoundError
from leads.domain.job import RUN, Job, JobState
from leads.store import jobs
from leads.store.engine import reading, write
from leads.store.held import held_of_run
from leads.store.job_tiles import set_aside_tiles
from leads.store.run_jobs import job_of_run, unfiled_jobs
from leads.store.runs import RunRow, list_runs, run
from leads.store.withdraw import withdraw_run

FILED, WITHDRAWN = "filed", "withdrawn"
STATES = (*(state.value for state in JobState), FILED, WITHDRAWN)
"""States of jobs that stand for no filed run, and the two of runs."""


@click.group()
def runs() -> None:
    """List and show runs, cancel one under way, take back a bad one."""


@runs.command("list")
@click.option(
    "--state", "states", multiple=True, type=click.Choice(STATES), help="Only in these states."
)
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@json_option
def list_them(states: tuple[str, ...], limit: int, as_json: bool) -> None:  # noqa: FBT001
    """Runs under way, then those waiting, failed and filed, the newest first."""
    with open_store() as store, reading(store) as connection:
        found = _listed(connection, states or STATES, limit)
    if as_json:
        print_json({"runs": found})
        return
    echo_table(
        [
            (
                one["id"],
                one["state"] + (" (stalled)" if one["stalled"] else ""),
                f"{one['before']} .. {one['after']}",
                one["detector"],
                None if one["progress"] is None else f"{one['progress']:.0%}",
                None if one["leads"] is None else f"{one['leads']} leads",
                one["at"][:19],
            )
            for one in found
        ]
    )


def _listed(connection: Connection, states: tuple[str, ...], limit: int) -> list[dict[str, Any]]:
    asked = [JobState(state) for state in states if state in set(JobState)]
    found = [_of_job(one, now()) for one in unfiled_jobs(connection, asked, limit)]
    if FILED in states or WITHDRAWN in states:
        both = FILED in states and WITHDRAWN in states
        filed = list_runs(connection, limit, withdrawn=None if both else WITHDRAWN in states)
        found += [_of_run(one) for one in filed]
    newest_first = sorted(found, key=lambda one: one["at"], reverse=True)
    return sorted(newest_first, key=lambda one: one["state"] != JobState.LEASED)[:limit]


def _of_job(job: Job, moment: datetime) -> dict[str, Any]:
    progress = job.progress or {}
    share = progress["pixels_done"] / progress["pixels"] if progress.get("pixels") else None
    stalled = job.lease_until is not None and job.lease_until < moment
    return {
        "id": job.job_id,
        "kind": "job",
        "state": job.state.value,
        "stalled": job.state is JobState.LEASED and stalled,
        "before": PurePath(str(job.payload.get("before", ""))).name,
        "after": PurePath(str(job.payload.get("after", ""))).name,
        "detector": job.payload.get("detector"),
        "progress": share,
        "leads": (job.result or {}).get("leads"),
        "at": job.created_at.isoformat(),
    }


def _of_run(found: RunRow) -> dict[str, Any]:
    return {
        "id": found.run_id,
        "kind": "run",
        "state": FILED if found.withdrawal is None else WITHDRAWN,
        "stalled": False,
        "before": found.date_before.isoformat(),
        "after": found.date_after.isoformat(),
        "detector": found.detector,
        "progress": 1.0,
        "leads": found.summary.get("leads"),
        "at": found.filed_at.isoformat(),
    }


@runs.command()
@click.argument("run_id", metavar="ID")
@json_option
def show(run_id: str, as_json: bool) -> None:  # noqa: FBT001
    """One run or job, by its id: progress, errors, tiles set aside, outcomes, withdrawal."""
    with open_store() as store, reading(store) as connection:
        told = _shown(connection, run_id)
    if as_json:
        print_json(told.model_dump(mode="json"))
    elif isinstance(told, RunDetail):
        _show_run(told)
    else:
        _show_job(told)


def _shown(connection: Connection, any_id: str) -> RunDetail | JobDetail:
    """The run of an id, else the job."""
    try:
        found = run(connection, any_id)
    except NotFoundError:
        asked = jobs.job(connection, any_id)
        return job_detail(asked, set_aside_tiles(connection, any_id), now())
    made_by = job_of_run(connection, found)
    aside = () if made_by is None else set_aside_tiles(connection, made_by.job_id)
    return run_detail(found, made_by, aside, held_of_run(connection, found.run_id), now())


def _show_run(told: RunDetail) -> None:
    gone = told.withdrawal
    echo_table(
        [
            ("run", told.run_id),
            ("state", FILED if gone is None else WITHDRAWN),
            ("dates", f"{told.date_before} .. {told.date_after}"),
            ("detector", told.detector),
            ("filed", f"{told.filed_at.isoformat()} by {told.filed_by}"),
            ("outcomes", _counts(told.outcomes)),
            *((name, _plain(value)) for name, value in told.summary.items() if name != "notes"),
            *([] if told.job is None else [("job", told.job.job_id)]),
            *([] if gone is None else [
                ("withdrawn", f"{gone.withdrawn_at.isoformat()} by {gone.withdrawn_by}"),
                ("reason", gone.reason),
                ("of leads", _counts(gone.outcomes)),
            ]),
        ]
    )  # fmt: skip
    _show_lines("note", told.summary.get("notes"))
    echo_table([("set aside", f"tile {one.tile}", one.reason) for one in told.set_aside])
    _show_held(told)


def _show_held(told: RunDetail) -> None:
    """What waits for another date, the largest first."""
    if not told.held_count:
        return
    shown = len(told.held)
    more = "" if told.held_count == shown else f", the largest {shown} of them"
    click.echo(f"held amid water, no leads as yet: {told.held_count}{more}")
    echo_table(
        [
            (
                "held",
                one.reason,
                one.change_class,
                f"{one.area_m2:.0f} m2",
                f"{one.lon:.5f} {one.lat:.5f}",
            )
            for one in told.held
        ]
    )


def _show_job(told: JobDetail) -> None:
    rows = [
        ("job", told.job_id),
        ("state", told.state.value + (" (stalled: its worker is gone)" if told.stalled else "")),
        ("images", f"{told.before} .. {told.after}"),
        ("detector", told.detector + (" (shadow: nothing is filed)" if told.shadow else "")),
        ("asked for", f"{told.created_at.isoformat()} by {told.created_by}"),
        ("attempts", f"{told.attempts} of {told.max_attempts}"),
        ("run", told.run_id),
        ("error", told.error),
    ]
    done = told.progress
    if done is not None:
        waiting = done.tiles - done.tiles_done - done.tiles_set_aside
        rate, left = done.megapixels_per_second, done.seconds_left
        rows += [
            ("stage", done.stage),
            (
                "tiles",
                f"{done.tiles}: {done.tiles_done} done ({done.tiles_empty} empty), "
                f"{done.tiles_set_aside} set aside, {waiting} left",
            ),
            ("rate", None if rate is None else f"{rate:.2f} Mpx/s"),
            ("time left", None if left is None else duration(left)),
            ("errors", _counts(done.errors)),
        ]
    echo_table(rows)
    _show_lines("note", None if done is None else done.notes)
    echo_table([("set aside", f"tile {one.tile}", one.reason) for one in told.set_aside])


def _show_lines(name: str, lines: object) -> None:
    if isinstance(lines, list | tuple):
        echo_table([(name, str(line)) for line in lines])


def _counts(counts: Mapping[str, int]) -> str | None:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or None


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


@runs.command()
@click.argument("run_id", metavar="RUN")
@click.option("--reason", required=True, help="Why; it stands in the history of every lead.")
@json_option
def withdraw(run_id: str, reason: str, as_json: bool) -> None:  # noqa: FBT001
    """Take a bad run back.

    Leads it made that nobody acted on and no other run saw leave every list; the others it made
    are flagged; what it saw of other runs' leads no longer counts. Nothing is deleted, and there
    is no way back. A run withdrawn before is left as it is. The same images with the same settings
    are the same run, and stay withdrawn.
    """
    moment = now()
    with open_store() as store:
        told = write(
            store, lambda c: withdraw_run(c, run_id, reason, SYSTEM, moment), repeatable=True
        )
    before = told.withdrawn_at != moment
    if as_json:
        print_json(
            {
                "run_id": run_id,
                "withdrawn_at": told.withdrawn_at.isoformat(),
                "withdrawn_by": told.withdrawn_by,
                "reason": told.reason,
                "outcomes": dict(told.outcomes),
                "before": before,
            }
        )
        return
    done = "withdrawn"
    if before:
        by = f"by {told.withdrawn_by} ({told.reason})"
        done = f"was withdrawn {told.withdrawn_at.isoformat()} {by}"
    click.echo(f"run {run_id} {done}: {_counts(told.outcomes) or 'no leads'}")


@runs.command()
@click.argument("job_id", metavar="JOB")
@json_option
def cancel(job_id: str, as_json: bool) -> None:  # noqa: FBT001
    """Cancel a job that waits or is under way.

    Finished tiles are kept: `hongxian run PATHS --resume` with the same images and options goes on
    with it. `hongxian run --resume` alone, and workers, leave it be.
    """
    with open_store() as store:
        told = write(store, lambda c: _cancelled(c, job_id), repeatable=True)
    if as_json:
        print_json({"job_id": job_id, "state": told.state, "cancel_asked": told.cancel_asked})
        return
    ends = told.state is JobState.LEASED
    click.echo(f"job {job_id} {'ends as soon as its worker notices' if ends else told.state}")


def _cancelled(connection: Connection, job_id: str) -> Job:
    if jobs.job(connection, job_id).kind != RUN:
        raise NotFoundError(f"job {job_id} is no run")
    return jobs.cancel(connection, job_id, now())
