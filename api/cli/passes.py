"""`hongxian passes`: what sources have, watching them, the ledger."""

import click

from api.bodies.passes import PassAnswer
from api.cli.options import json_option, print_json
from api.cli.passes_coverage import coverage
from api.cli.passes_fetch import fetch
from api.cli.passes_prune import pin, prune
from api.cli.passes_search import search
from api.cli.passes_watch import watch
from api.cli.store import echo_table, open_store
from leads.domain.job import Job
from leads.domain.passes import PassState
from leads.store.engine import reading
from leads.store.passes import PassRow, befores_of, jobs_of, pass_row, passes_of


@click.group()
def passes() -> None:
    """Find, fetch and watch satellite passes; what became of each."""


for _command in (search, watch, fetch, coverage, prune, pin):
    passes.add_command(_command)


@passes.command("list")
@click.option("--watch", "watch_name", metavar="WATCH", help="Only of this watch.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in PassState]),
    help="Only in this state; may be given several times.",
)
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@json_option
def list_them(
    watch_name: str | None,
    states: tuple[str, ...],
    limit: int,
    as_json: bool,  # noqa: FBT001 (click hands flags over as booleans)
) -> None:
    """Passes of the ledger, the latest acquired first."""
    asked = [PassState(state) for state in states] or None
    with open_store() as store, reading(store) as connection:
        found = passes_of(connection, watch_name, states=asked, limit=limit)
    if as_json:
        print_json({"passes": [_answer(row) for row in found]})
        return
    echo_table(
        [
            (
                row.pass_id,
                f"{row.acquired:%Y-%m-%d %H:%M}",
                row.watch,
                row.identifier,
                row.state,
                None if row.clear_share is None else f"{row.clear_share:.0%} clear",
                row.reason,
            )
            for row in found
        ]
    )


@passes.command()
@click.argument("pass_id", metavar="PASS")
@json_option
def show(pass_id: str, as_json: bool) -> None:  # noqa: FBT001
    """One pass of the ledger, and the jobs that fetch and compare it."""
    with open_store() as store, reading(store) as connection:
        row = pass_row(connection, pass_id)
        jobs = jobs_of(connection, [pass_id])[pass_id]
        befores = befores_of(connection, pass_id)
    told = {
        **_answer(row),
        "source": row.source,
        "version": row.version,
        "twin_of": row.twin_of,
        "attempts": row.attempts,
        "not_before": None if row.not_before is None else row.not_before.isoformat(),
        "units": row.units,
        "found_at": row.found_at.isoformat(),
    }
    of_jobs = [_of_job(job, befores.get(job.job_id)) for job in jobs]
    if as_json:
        print_json({**told, "jobs": of_jobs})
        return
    echo_table(list(told.items()))
    echo_table([("job", *job.values()) for job in of_jobs])


def _answer(row: PassRow) -> dict[str, object]:
    return PassAnswer.model_validate(row).model_dump(mode="json")


def _of_job(job: Job, before: str | None) -> dict[str, object]:
    return {
        "job_id": job.job_id,
        "kind": job.kind,
        "state": job.state.value,
        "attempts": job.attempts,
        "compared_with": before,
        "error": job.error,
    }
