"""Options and printing that several commands share."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

import click

from models.registry import DEFAULT_DETECTOR, DETECTORS

Item = TypeVar("Item")


class Day(click.ParamType[date]):
    """A calendar day, YYYY-MM-DD."""

    name = "YYYY-MM-DD"

    def convert(
        self,
        value: Any,  # noqa: ANN401 (click hands over text, or a default)
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> date:
        """Read the text as a date, or fail with a line that says the form."""
        if isinstance(value, date):
            return value
        try:
            return datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007 (a day has no zone)
        except ValueError:
            self.fail(f"{value!r} is no day: write YYYY-MM-DD", param, ctx)


detector_option = click.option(
    "--detector",
    default=DEFAULT_DETECTOR,
    show_default=True,
    help=f"How to look for change: {', '.join(sorted(DETECTORS))}, or a weights file.",
)

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print the report as one JSON object."
)


def print_json(report: Mapping[str, Any]) -> None:
    """One JSON object on standard output."""
    click.echo(json.dumps(report, ensure_ascii=False))


def with_progress(results: Iterable[Item], length: int) -> Iterator[Item]:
    """Hand the results on, drawing a bar on standard error where that is a terminal."""
    hidden = not sys.stderr.isatty()
    with click.progressbar(results, length=length, file=sys.stderr, hidden=hidden) as bar:
        yield from bar
