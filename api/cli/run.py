"""`hongxian run`: detect, then file what was found into the store."""

from datetime import date
from pathlib import Path
from typing import Any

import click

from api.cli.detect import as_report
from api.cli.options import Day, detector_option, json_option, print_json, with_progress
from api.cli.store import SYSTEM, now, open_store
from geo.errors import InputError
from geo.zone import ZoneLayer
from leads.run.detect import Detection, Request
from leads.run.detect import detect as detect_leads
from leads.run.runner import pool
from leads.store.engine import reading, write
from leads.store.file_run import file_run
from leads.store.layers import layers_in_force
from leads.store.runs import RunRow

TWO = ("before", "after")


@click.command()
@click.argument("paths", nargs=-1, required=True)
@click.option("--before-date", type=Day(), help="Date of BEFORE, where the imagery states none.")
@click.option("--after-date", type=Day(), help="Date of AFTER, where the imagery states none.")
@click.option(
    "--layers",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Vector file or folder to cross with; may be given several times.",
)
@detector_option
@click.option("--threshold", type=click.FloatRange(0, 1, min_open=True), help="Probability.")
@click.option("--min-area", type=click.FloatRange(0), help="Smallest candidate in m2.")
@json_option
def run(
    paths: tuple[str, ...],
    before_date: date | None,
    after_date: date | None,
    layers: tuple[Path, ...],
    detector: str,
    threshold: float | None,
    min_area: float | None,
    as_json: bool,  # noqa: FBT001 (click hands flags over as booleans)
) -> None:
    """Find leads between two images and file them.

    PATHS are BEFORE and AFTER, or one folder that holds `before` and `after`. Filing the same run
    again changes nothing. Without --layers the editions of the store are crossed with.
    """
    before, after = pair_of(paths)
    request = Request(before, after, before_date, after_date, layers, detector, threshold, min_area)
    with open_store() as store, pool() as runner:

        def kept(after: date, until: date) -> tuple[ZoneLayer, ...]:
            with reading(store) as connection:
                return () if layers else layers_in_force(connection, after, until)

        found = detect_leads(request, runner, with_progress, kept)
        moment = now()
        filed = write(
            store, lambda c: file_run(c, found, SYSTEM.account_id, moment), repeatable=True
        )
    for note in found.summary.notes:
        click.echo(f"note: {note}", err=True)
    report = filed_report(request, found, filed)
    print_json(report) if as_json else click.echo(_text(report))


def pair_of(paths: tuple[str, ...]) -> tuple[str, str]:
    """The two images, as absolute paths: the server opens them again. Raises InputError."""
    if len(paths) == len(TWO):
        before, after = paths
        return _absolute(before), _absolute(after)
    if len(paths) > len(TWO):
        raise InputError(f"{len(paths)} paths: give BEFORE and AFTER, or a folder that holds both")
    folder = Path(paths[0])
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder: give BEFORE and AFTER, or a folder of both")
    before, after = (_only(folder, name) for name in TWO)
    return before, after


def _only(folder: Path, name: str) -> str:
    found = [path for path in sorted(folder.iterdir()) if name in (path.name, path.stem)]
    if len(found) != 1:
        raise InputError(f"{folder} holds {len(found)} entries called {name!r}: it needs one")
    return _absolute(str(found[0]))


def _absolute(path: str) -> str:
    return path if "://" in path else str(Path(path).absolute())


def filed_report(request: Request, found: Detection, filed: RunRow) -> dict[str, Any]:
    """The report of `--json`."""
    report = as_report(request, found, None)
    del report["out"]
    return {**report, "outcomes": dict(filed.outcomes), "filed_at": filed.filed_at.isoformat()}


def _text(report: dict[str, Any]) -> str:
    outcomes = ", ".join(f"{name} {count}" for name, count in sorted(report["outcomes"].items()))
    return f"run {report['run_id']}: {report['leads']} leads filed ({outcomes or 'none'})"
