"""`hongxian run`: a pass, a folder or a district is compared, and what is found is filed."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import click
from click.core import ParameterSource
from sqlalchemy import Engine

from api.cli.options import json_option, print_json
from api.cli.pair_options import comparing
from api.cli.run_lines import result_line, show_plan, show_refused
from api.cli.store import SYSTEM, now, open_store
from api.cli.workplace import Asked, Place, Work, disk_guard, runner_options
from geo.errors import InputError
from leads.domain.job import MOST_PRIORITY, USUAL_PRIORITY
from leads.run.passes.pairs import Pairs, Refused, pairs_of
from leads.run.passes.plan_report import plan_report
from leads.run.passes.stored_pairs import pairs_in_store
from leads.run.request import Request
from leads.run.runner import Runner

GO_WITH_RESUME = ("paths", "resume", "runner", "processes", "ray", "as_json")
"""Parameters that have a meaning beside `--resume` alone."""


@click.command()
@click.argument("paths", nargs=-1)
@click.option("--pass", "pass_id", help="A scene of the store, by its id or the start of it.")
@click.option("--district", help="Look at this district only, by its code.")
@comparing
@click.option("--plan", "only_plan", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--shadow", is_flag=True, help="Compare with what is filed; file nothing.")
@click.option("--resume", is_flag=True, help="Go on with what was begun and not finished.")
@click.option("--queue", is_flag=True, help="Leave the work to `hongxian worker`.")
@click.option(
    "--priority",
    type=click.IntRange(0, MOST_PRIORITY),
    default=USUAL_PRIORITY,
    show_default=True,
    help="The highest goes first.",
)
@runner_options
@json_option
@click.pass_context
def run(
    context: click.Context,
    /,
    paths: tuple[str, ...],
    pass_id: str | None,
    district: str | None,
    only_plan: bool,  # noqa: FBT001 (click hands flags over as booleans)
    shadow: bool,  # noqa: FBT001
    resume: bool,  # noqa: FBT001
    queue: bool,  # noqa: FBT001
    priority: int,
    runner: str,
    processes: int | None,
    ray: str | None,
    as_json: bool,  # noqa: FBT001
    **how: Any,  # noqa: ANN401 (the options of `comparing`)
) -> None:
    """Find leads between the images of a pass and earlier ones, and file them.

    PATHS are BEFORE and AFTER, each one scene or a folder of the scenes of one pass, or a folder
    that holds `before` and `after`, or a folder of such folders. Without PATHS: the scene of the
    store that --pass names, or the store's latest of a --district. Without --layers the editions
    of the store are crossed with. Filing the same run again changes nothing.
    """
    place = Place(runner, processes, ray)
    with open_store() as store:
        work = Work(store, place, Asked(shadow, resume, priority), SYSTEM.account_id)
        if resume and not (paths or pass_id or district):
            _check_alone(context)
            with place.opened():
                pass  # one that cannot work is told before any job is taken
            told = work.resume_all()
        else:
            dates = how["before_date"], how["after_date"]
            with place.opened() as runs:
                pairs = _pairs(paths, pass_id, district, runs, store, dates)
                asked = [Request(*pair, **how, district=district) for pair in pairs.pairs]
                if only_plan:
                    _plan(asked, pairs.refused, runs, store, as_json)
                    return
            show_refused(pairs.refused)
            told = work.submit(asked) if queue else work.carry_out(asked)
    if as_json:
        print_json(told[0] if len(told) == 1 else {"runs": told})
    else:
        for one in told:
            click.echo(result_line(one))
    work.raise_failures()


def _check_alone(context: click.Context) -> None:
    """Refuse options that `--resume` alone could not follow."""
    without = [
        parameter.opts[0]
        for parameter in context.command.params
        if parameter.name not in GO_WITH_RESUME
        and context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
    ]
    if without:
        raise InputError(
            f"--resume without PATHS goes on with every unfinished run as it was asked for, not "
            f"with {', '.join(without)}: give PATHS, --pass or --district as well, or leave it out"
        )


def _pairs(
    paths: Sequence[str],
    pass_id: str | None,
    district: str | None,
    runs: Runner,
    store: Engine,
    dates: tuple[date | None, date | None],
) -> Pairs:
    """What is to be compared; something is, or an InputError says why not."""
    if paths and pass_id:
        raise InputError("PATHS and --pass: give one of the two")
    if paths:
        pairs = pairs_of(paths, runs, dates)
    elif pass_id or district:
        pairs = pairs_in_store(store, pass_id, district, now().date())
    else:
        raise InputError("nothing to run: give BEFORE and AFTER, a folder, --pass or --district")
    if not pairs.pairs:
        why = "; ".join(f"{one.source}: {one.reason}" for one in pairs.refused)
        raise InputError(f"nothing to compare: {why}")
    return pairs


def _plan(
    asked: Sequence[Request],
    refused: Sequence[Refused],
    runs: Runner,
    store: Engine,
    as_json: bool,  # noqa: FBT001
) -> None:
    report = plan_report(asked, refused, runs, store, disk_guard())
    print_json(report) if as_json else show_plan(report)
