"""`hongxian worker`: carries out what the queue holds."""

import click

from api.cli.run_lines import say
from api.cli.store import open_store
from api.cli.workplace import Place, alert, handlers, runner_options
from leads.domain.job import FETCH, FLIGHT, RUN
from leads.run.jobs.worker import Worker, stopping_on_signals

KINDS = (RUN, FETCH, FLIGHT)
"""Kinds of jobs that a worker can do."""


@click.command()
@runner_options
@click.option(
    "--kind",
    "kinds",
    type=click.Choice(KINDS),
    multiple=True,
    help="Do only jobs of this kind; may be given several times.",
)
@click.option("--once", is_flag=True, help="End when nothing is due.")
def worker(
    runner: str,
    processes: int | None,
    ray: str | None,
    kinds: tuple[str, ...],
    once: bool,  # noqa: FBT001 (click hands flags over as booleans)
) -> None:
    """Carry out the jobs of the queue, one after another.

    Any number of workers may share a store. Each says one line per job on standard error. SIGTERM
    or Ctrl-C hands the job under way back to the queue with all its finished tiles; a second one
    ends the worker at once. What a killed worker had is taken up by another.
    """
    place = Place(runner, processes, ray)
    with place.opened():
        pass  # a runner that cannot work is told before any job is taken
    with open_store() as store, stopping_on_signals() as stop:
        known = handlers(store, place, lambda _: None, say)
        Worker(
            store,
            {kind: known[kind] for kind in kinds or KINDS},
            say,
            stop,
            on_failure=alert,
        ).work(once=once)
