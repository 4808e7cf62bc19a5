"""`hongxian passes watch`: looks again and again, and does what comes of it."""

from pathlib import Path

import click

from api.cli.passes_config import config_option, configured, watches_of
from api.cli.run_lines import ProgressLine, say
from api.cli.store import open_store
from api.cli.workplace import Place, alert, handlers, imagery_folder, runner_options
from api.settings import Settings
from geo.errors import SourceError
from leads.intake.watching import Watching
from leads.run.jobs.alert import post_alert
from leads.run.jobs.worker import Worker, stopping_on_signals


@click.command()
@click.argument("watches", metavar="[WATCH]...", nargs=-1)
@click.option(
    "--once", is_flag=True, help="Look at each once, due or not, and end when all is done."
)
@click.option("--queue", is_flag=True, help="Only look: leave the jobs to `hongxian worker`.")
@click.option(
    "--prune/--no-prune",
    default=None,
    help="Remove pixels whose days are over, once a day; with --once only if asked.",
)
@config_option
@runner_options
def watch(
    watches: tuple[str, ...],
    once: bool,  # noqa: FBT001 (click hands flags over as booleans)
    queue: bool,  # noqa: FBT001
    prune: bool | None,  # noqa: FBT001
    config: Path | None,
    runner: str,
    processes: int | None,
    ray: str | None,
) -> None:
    """Look at all watches of the configuration, or at those named, whenever they are due.

    What is found is fetched, masked, paired and run, here or with --queue by workers; once a day
    imagery is removed as by `hongxian passes prune`. One line per event on standard error. Ends on
    SIGTERM or Ctrl-C, with the job under way handed back; started again it goes on where it was.
    Any number may watch with one store. With --once the exit code is 1 where a look failed.
    """
    asked = configured(config)
    place = Place(runner, processes, ray)
    prunes = not once if prune is None else prune
    if not queue:
        with place.opened():
            pass  # a runner that cannot work is told before any job is taken
    with open_store() as store, stopping_on_signals() as stop, ProgressLine() as line:
        watching = Watching(
            store,
            watches_of(store, asked, watches),
            None
            if queue
            else Worker(store, handlers(store, place, line.show, say), say, stop, on_failure=alert),
            say,
            _alert,
            stop,
            imagery=imagery_folder() if prunes else None,
        )
        if not once:
            watching.go_on()
            return
        failed = [look for look in watching.once() if look.error is not None]
    if failed:
        raise SourceError(f"{len(failed)} looks failed, the first: {failed[0].line}")


def _alert(told: object) -> None:
    url = Settings().alert_url
    if url and isinstance(told, dict):
        post_alert(url, told)
