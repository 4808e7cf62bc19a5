"""`hongxian flights`: drone flights, from files to leads."""

import click

from api.cli.flights_add import add
from api.cli.flights_check import check
from api.cli.flights_list import list_them, replace, retry, show, withdraw


@click.group()
def flights() -> None:
    """Check drone flights, take them in, and see what became of each."""


for _command in (check, add, list_them, show, withdraw, replace, retry):
    flights.add_command(_command)
