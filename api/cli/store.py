"""What commands on the store share: opening it, who acts, filters of leads, tables of text."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import click
from sqlalchemy import Engine

from api.bodies.base import CLASS_LABELS, class_of
from api.bodies.lead_query import box_of
from api.cli.options import Day
from api.settings import Settings
from geo.zone import ZoneKind
from leads.domain.roles import Actor, Role
from leads.domain.status import Priority, Status
from leads.store.engine import connect
from leads.store.lead_filter import LeadFilter
from leads.store.migrate import check_up_to_date

Command = TypeVar("Command", bound=Callable[..., Any])

SYSTEM = Actor("system", Role.DISPATCHER)
"""Who acts on the command line: whoever may run it on the server sees what the city's desk sees."""


def now() -> datetime:
    """The present instant, UTC."""
    return datetime.now(UTC)


@contextmanager
def open_store() -> Iterator[Engine]:
    """The store of the settings. Raises StoreError when its tables are missing or old."""
    engine = connect(store_url())
    try:
        check_up_to_date(engine)
        yield engine
    finally:
        engine.dispose()


def store_url() -> str:
    """URL of the store; the folder of the embedded one is made where it is missing."""
    settings = Settings()
    if not settings.store:
        settings.make_data_folder()
    return settings.store_url


_FILTERS = (
    click.option("--district", multiple=True, help="District code; may be given several times."),
    click.option(
        "--status", multiple=True, type=click.Choice([s.value for s in Status]), help="Status."
    ),
    click.option(
        "--priority", multiple=True, type=click.Choice([p.value for p in Priority]), help="P1..P4."
    ),
    click.option(
        "--class", "classes", multiple=True, type=click.Choice(CLASS_LABELS), help="Change class."
    ),
    click.option(
        "--zone-kind",
        multiple=True,
        type=click.Choice([kind.value for kind in ZoneKind]),
        help="Kind of zone the lead lies on.",
    ),
    click.option("--from", "date_from", type=Day(), help="First day of the later image."),
    click.option("--to", "date_to", type=Day(), help="Last day of the later image."),
    click.option("--bbox", help="west,south,east,north in degrees."),
)


def lead_filters(command: Command) -> Command:
    """Options that choose leads; read them with `filter_of`."""
    for option in reversed(_FILTERS):
        command = option(command)
    return command


def filter_of(
    district: Sequence[str],
    status: Sequence[str],
    priority: Sequence[str],
    classes: Sequence[str],
    zone_kind: Sequence[str],
    date_from: date | None,
    date_to: date | None,
    bbox: str | None,
) -> LeadFilter:
    """The filter of these options. Raises InputError."""
    return LeadFilter(
        districts=tuple(district),
        statuses=tuple(map(Status, status)),
        priorities=tuple(map(Priority, priority)),
        classes=tuple(map(class_of, classes)),
        zone_kinds=tuple(map(ZoneKind, zone_kind)),
        date_from=date_from,
        date_to=date_to,
        box=None if bbox is None else box_of(bbox),
    )


def echo_table(rows: Sequence[Sequence[object]]) -> None:
    """Rows of text, columns aligned."""
    texts = [["-" if cell is None else str(cell) for cell in row] for row in rows]
    if not texts:
        return
    widths = [max(len(row[column]) for row in texts) for column in range(len(texts[0]))]
    for row in texts:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo(line.rstrip())
