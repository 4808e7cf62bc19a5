"""`hongxian flights add`: files on this server become a flight, and its leads are made here."""

from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Engine

from api.cli.options import Day, json_option, print_json
from api.cli.run_lines import ProgressLine, say
from api.cli.store import SYSTEM, now, open_store
from api.cli.workplace import Place, alert, carry_out_run, depot, disk_guard, flyer, runner_options
from geo.errors import WorkerError
from leads.domain.flight import FlightState
from leads.domain.job import FLIGHT, RUN, JobState
from leads.flights.originals import NOON
from leads.flights.take_in import files_in, take_in
from leads.run.jobs.worker import Handler, Worker, stopping_on_signals
from leads.store.engine import reading
from leads.store.flights import FlightRow, flight_row
from tiles.sources.delivery_store import readable

_LOOK_S = 5.0


@click.command()
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option("--name", help="How the flight is called; by default the first path's name.")
@click.option("--mission", metavar="ID", help="The mission it answers.")
@click.option("--device", help="What flew, where the files do not say it.")
@click.option("--date", "day", type=Day(), help="Day it was flown, where the files do not say it.")
@click.option("--queue", is_flag=True, help="Leave the work to `hongxian worker`.")
@runner_options
@json_option
def add(
    paths: tuple[Path, ...],
    name: str | None,
    mission: str | None,
    device: str | None,
    day: date | None,
    queue: bool,  # noqa: FBT001 (click hands flags over as booleans)
    runner: str,
    processes: int | None,
    ray: str | None,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Take photos, archives or an orthophoto in as a flight, and make its leads.

    Originals are kept byte for byte with their SHA-256. The flight is checked, made an image of the
    ground, brought onto an earlier image and compared with it. A flight that cannot be used is told
    with the reason, and its originals stay.
    """
    files = files_in(paths)
    flown = None if day is None else datetime.combine(day, NOON).astimezone(UTC)
    with open_store() as store:
        row = take_in(
            store, depot(), disk_guard(), files, SYSTEM, now,
            name or readable(paths[0].resolve().name), mission, device, flown,
        )  # fmt: skip
        if not queue:
            row = _carried_out(store, Place(runner, processes, ray), row)
        told = answer(row)
    if as_json:
        print_json(told)
    else:
        click.echo(f"{row.flight_id}: {row.state}{f', {row.reason}' if row.reason else ''}")
    if row.state in (FlightState.REFUSED, FlightState.BROKEN):
        raise WorkerError(
            f"flight {row.flight_id} ({row.name}): {row.reason}; `hongxian flights show "
            f"{row.flight_id}` tells all findings"
        )


def answer(row: FlightRow) -> dict[str, Any]:
    """A flight as JSON values, without its report."""
    return {
        "flight_id": row.flight_id,
        "name": row.name,
        "mission_id": row.mission_id,
        "state": row.state.value,
        "reason": row.reason,
        "verdict": (row.report or {}).get("verdict"),
        "product": None if row.product is None else row.product.value,
        "gsd_m": row.gsd_m,
        "position_error_m": row.position_error_m,
        "placing": row.placing,
        "scene_id": row.scene_id,
        "before_scene_id": row.before_scene_id,
        "job_id": row.job_id,
        "run_job_id": row.run_job_id,
    }


def _carried_out(store: Engine, place: Place, row: FlightRow) -> FlightRow:
    """The flight once its job, and the run that came of it, were carried out here."""
    with stopping_on_signals() as stop, ProgressLine() as line:
        handlers: dict[str, Handler] = {
            FLIGHT: flyer(store),
            RUN: partial(carry_out_run, store, place, line.show),
        }
        worker = Worker(store, handlers, say, stop, on_failure=alert)
        _do(worker, str(row.job_id))
        row = _now(store, row)
        if row.run_job_id is not None and not stop.is_set():
            _do(worker, row.run_job_id)
    return _now(store, row)


def _do(worker: Worker, job_id: str) -> None:
    """Carry a job out to its end, also where it rests meanwhile."""
    while not worker.stop.is_set():
        job = worker.do(job_id)
        if job.state not in (JobState.QUEUED, JobState.LEASED):
            return
        rest = (job.not_before - now()).total_seconds()
        worker.stop.wait(min(max(rest, 0.1), _LOOK_S))


def _now(store: Engine, row: FlightRow) -> FlightRow:
    with reading(store) as connection:
        return flight_row(connection, row.flight_id)
