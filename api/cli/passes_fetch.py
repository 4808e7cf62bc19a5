"""`hongxian passes fetch`: fetches passes here and now, or tells what that would take."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import click
from sqlalchemy import Connection, Engine

from api.cli.options import json_option, print_json
from api.cli.store import echo_table, now, open_store
from api.cli.workplace import alert, fetcher
from geo.errors import InputError, SourceError
from leads.domain.job import FETCH, MOST_PRIORITY, Job, JobState
from leads.domain.passes import PassState
from leads.intake.budget import units_left
from leads.intake.open_sources import open_source
from leads.intake.take_up import is_here, passes_to_fetch, take_up
from leads.intake.watch_spec import WatchSpec, watch_of
from leads.run.jobs.worker import Worker, stopping_on_signals
from leads.store.engine import reading, write
from leads.store.jobs import list_jobs
from leads.store.passes import PassRow, pass_row
from leads.store.watches import watch_row
from tiles.sources.source import Cost, Source


@click.command()
@click.argument("passes", metavar="[PASS]...", nargs=-1)
@click.option("--watch", "watch_name", metavar="WATCH", help="All of this watch not fetched yet.")
@click.option("--plan", is_flag=True, help="Tell what it takes; fetch and spend nothing.")
@json_option
def fetch(
    passes: tuple[str, ...],
    watch_name: str | None,
    plan: bool,  # noqa: FBT001 (click hands flags over as booleans)
    as_json: bool,  # noqa: FBT001
) -> None:
    """Fetch passes of the ledger, also such as were passed over, or whose pixels were removed.

    Earlier images that are needed to compare them with are fetched, too. Runs that come of it wait
    in the queue for `hongxian worker` or `passes watch`.
    """
    with open_store() as store:
        with reading(store) as connection:
            rows = _asked(connection, passes, watch_name)
        if plan:
            _tell_plan(store, rows, as_json=as_json)
            return
        rows = _fetched(store, rows)
    told = [_answer(row) for row in rows]
    if as_json:
        print_json({"passes": told})
    else:
        echo_table([tuple(one.values()) for one in told])
    broken = [row for row in rows if row.state in (PassState.FOUND, PassState.BROKEN)]
    if broken:
        why = broken[0].reason or "no attempt came to an end; it is tried again"
        raise SourceError(f"{len(broken)} of {len(rows)} were not fetched, the first: {why}")


def _asked(connection: Connection, passes: Sequence[str], watch: str | None) -> tuple[PassRow, ...]:
    if bool(passes) == (watch is not None):
        raise InputError("name each PASS (`hongxian passes list`), or give --watch")
    if watch is None:
        return tuple(pass_row(connection, pass_id) for pass_id in dict.fromkeys(passes))
    return passes_to_fetch(connection, watch_row(connection, watch).watch)


def _fetched(store: Engine, rows: Sequence[PassRow]) -> tuple[PassRow, ...]:
    """The passes as they are once their jobs, and those that came of them, were carried out."""
    with stopping_on_signals() as stop:
        worker = Worker(store, {FETCH: fetcher(store)}, _note, stop, on_failure=alert)
        for row in rows:
            job = write(store, partial(_taken_up, row.pass_id))
            if job is not None and not stop.is_set():
                worker.do(job.job_id)
        names = {row.watch for row in rows}
        tried: set[str] = set()
        while not stop.is_set() and (job := _next(store, names, tried)) is not None:
            tried.add(job.job_id)
            worker.do(job.job_id)
    with reading(store) as connection:
        return tuple(pass_row(connection, row.pass_id) for row in rows)


def _taken_up(pass_id: str, connection: Connection) -> Job | None:
    return take_up(connection, pass_id, now(), MOST_PRIORITY)


def _next(store: Engine, watches: set[str], tried: set[str]) -> Job | None:
    """The oldest queued fetch of some watches: an earlier image, or a pass that waited for one."""
    with reading(store) as connection:
        queued = list_jobs(connection, kind=FETCH, states=[JobState.QUEUED], limit=10_000)
    mine = [j for j in queued if j.payload["watch"] in watches and j.job_id not in tried]
    return min(mine, key=lambda job: (job.created_at, job.job_id), default=None)


def _tell_plan(store: Engine, rows: Sequence[PassRow], *, as_json: bool) -> None:
    with reading(store) as connection:
        told = list(_planned(connection, rows))
        specs = {spec.source.name: spec.source for _, spec, _ in told}
        left = {name: units_left(connection, source, now()) for name, source in specs.items()}
    units = sum(cost.units for _, _, cost in told)
    requests, size = (sum(getattr(cost, n) for _, _, cost in told) for n in ("requests", "bytes"))
    if as_json:
        found = [
            {**_answer(row), "units": cost.units, "requests": cost.requests, "bytes": cost.bytes}
            for row, _, cost in told
        ]
        sums = {"units": units, "requests": requests, "bytes": size, "units_left": left}
        print_json({"passes": found, **sums})
        return
    echo_table([(*_answer(row).values(), f"{cost.units:.1f} units") for row, _, cost in told])
    limited = [f"{name}: {rest:.1f} units left" for name, rest in left.items() if rest is not None]
    click.echo(
        f"{len(rows)} passes, {units:.1f} units, {requests} requests, "
        f"about {size / 1e6:.0f} MB{''.join('; ' + one for one in limited)}"
    )


def _planned(
    connection: Connection, rows: Sequence[PassRow]
) -> Iterator[tuple[PassRow, WatchSpec, Cost]]:
    """Each pass with what fetching it takes: nothing where it is here."""
    sources: dict[str, Source] = {}
    for row in rows:
        held = watch_row(connection, row.watch)
        spec = watch_of(held.spec, held.area)
        if is_here(connection, row):
            yield row, spec, Cost()
            continue
        if row.watch not in sources:
            sources[row.watch] = open_source(spec.source)
        yield row, spec, sources[row.watch].cost(row.offered, spec.area)


def _answer(row: PassRow) -> dict[str, Any]:
    return {
        "pass_id": row.pass_id,
        "acquired": row.acquired.isoformat(),
        "watch": row.watch,
        "identifier": row.identifier,
        "state": row.state.value,
        "clear_share": row.clear_share,
        "reason": row.reason,
    }


def _note(line: str) -> None:
    click.echo(f"note: {line}", err=True)
