"""`hongxian flights list|show|withdraw|replace|retry`: what was flown, and what became of it."""

from functools import partial
from typing import Any

import click

from api.cli.flights_add import answer
from api.cli.options import json_option, print_json
from api.cli.store import SYSTEM, echo_table, now, open_store
from api.cli.workplace import depot
from api.flight_answers import findings_of
from leads.custody.chain import verify
from leads.domain.flight import FlightState
from leads.flights.take_back import remove_originals, replace_flight, withdraw_flight
from leads.store.engine import reading, write
from leads.store.flight_events import custody
from leads.store.flight_files import files_of
from leads.store.flights import FlightRow, flight_row, list_flights, try_again


@click.command("list")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in FlightState]),
    help="Only in this state; may be given several times.",
)
@click.option("--mission", metavar="ID", help="Only those of this mission.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@json_option
def list_them(
    states: tuple[str, ...],
    mission: str | None,
    limit: int,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Flights, the latest opened first."""
    with open_store() as store, reading(store) as connection:
        asked = tuple(map(FlightState, states))
        rows = list_flights(connection, SYSTEM, asked, mission, limit)
    if as_json:
        print_json({"flights": [answer(row) for row in rows]})
    else:
        echo_table([_cells(row) for row in rows])


@click.command()
@click.argument("flight_id", metavar="FLIGHT")
@json_option
def show(flight_id: str, as_json: bool) -> None:  # noqa: FBT001
    """One flight: findings, files and chain of custody."""
    with open_store() as store, reading(store) as connection:
        row = flight_row(connection, flight_id)
        files = files_of(connection, flight_id)
        chain = custody(connection, flight_id)
    findings, broken = findings_of(row), verify(chain)
    if as_json:
        told: dict[str, Any] = {
            **answer(row),
            "findings": [one.model_dump() for one in findings],
            "files": [
                {"name": f.name, "sha256": f.sha256, "bytes": f.bytes, "kind": f.kind.value}
                for f in files
            ],
            "custody": [{**link.event.as_json(), "hash": link.hash} for link in chain],
            "chain_whole": broken is None,
        }
        print_json(told)
        return
    echo_table([(name, value) for name, value in answer(row).items() if value is not None])
    for one in findings:
        click.echo(f"{one.severity}: {one.words.zh} / {one.words.en}")
    echo_table([(f.kind, f.name, f.bytes, f.sha256[:16]) for f in files])
    echo_table([(link.event.at.isoformat(), link.event.action, link.hash[:16]) for link in chain])
    click.echo(f"chain of {len(chain)} entries: {'whole' if broken is None else broken}")


@click.command()
@click.argument("flight_id", metavar="FLIGHT")
@click.option("--reason", required=True, help="Why, for the record.")
def withdraw(flight_id: str, reason: str) -> None:
    """Take a flight back, with what was found on it; rows, hashes and custody stay."""
    with open_store() as store:
        work = partial(withdraw_flight, flight_id=flight_id, reason=reason, actor=SYSTEM, now=now())
        row = write(store, work)
        went = remove_originals(store, depot(), flight_id, now())
    click.echo(f"{row.flight_id}: {row.state}, {went} originals removed")


@click.command()
@click.argument("flight_id", metavar="FLIGHT")
@click.option("--by", required=True, metavar="FLIGHT", help="The flight that stands for it.")
@click.option("--reason", required=True, help="Why, for the record.")
def replace(flight_id: str, by: str, reason: str) -> None:
    """Let another flight stand in the place of one."""
    with open_store() as store:
        work = partial(
            replace_flight, flight_id=flight_id, by=by, reason=reason, actor=SYSTEM, now=now()
        )
        row = write(store, work)
        went = remove_originals(store, depot(), flight_id, now())
    click.echo(f"{row.flight_id}: {row.state} by {by}, {went} originals removed")


@click.command()
@click.argument("flight_id", metavar="FLIGHT")
def retry(flight_id: str) -> None:
    """Queue the job of a broken flight again, for `hongxian worker`."""
    with open_store() as store:
        row = write(store, partial(try_again, flight_id=flight_id, now=now()))
    click.echo(f"{row.flight_id}: {row.state}, job {row.job_id} is queued")


def _cells(row: FlightRow) -> tuple[object, ...]:
    opened = row.opened_at.isoformat(timespec="minutes")
    return (row.flight_id, opened, row.state, row.product, row.gsd_m, row.name, row.reason)
