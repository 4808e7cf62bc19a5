"""The budget of a metered source: what a month may cost, and what of it is spent or set aside.

What a pass takes is set aside before it is begun, once per pass and month: workers who fetch at the
same time cannot spend the same units, and a kill leaves them counted.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from geo.errors import QuotaError
from leads.intake.watch_spec import SourceSpec
from leads.store.engine import lock_for
from leads.store.pass_units import is_set_aside, set_units, units_of_month
from leads.store.passes import PassRow
from tiles.sources.source import Cost

ZONE = ZoneInfo("Asia/Shanghai")
"""Months are counted in the office's time."""
BUDGET_LOCK = 4490_004
"""Purpose under which units are set aside: one at a time."""


def month_of(now: datetime) -> str:
    """The calendar month of an instant, as `2026-11`."""
    return now.astimezone(ZONE).strftime("%Y-%m")


def next_month(now: datetime) -> datetime:
    """The instant (UTC) at which the month after that of `now` begins."""
    here = now.astimezone(ZONE)
    year, month = divmod(here.year * 12 + here.month, 12)
    return datetime(year, month + 1, 1, tzinfo=ZONE).astimezone(UTC)


def units_left(connection: Connection, source: SourceSpec, now: datetime) -> float | None:
    """Units that may still be spent this month, never below 0; None: as many as wanted."""
    if source.monthly_units is None:
        return None
    spent = units_of_month(connection, source.name, month_of(now))
    return max(source.monthly_units - spent, 0.0)


def set_aside(
    connection: Connection, source: SourceSpec, row: PassRow, cost: Cost, now: datetime
) -> None:
    """Set aside what fetching a pass is expected to take; in a writing transaction, before it.

    Doing it again in one month changes nothing: parts that are here are not fetched again. Raises
    QuotaError, and sets nothing aside, where it would go over the month's budget.
    """
    lock_for(connection, BUDGET_LOCK)
    month = month_of(now)
    if cost.units <= 0 or is_set_aside(connection, row.pass_id, month):
        return
    left = units_left(connection, source, now)
    if left is not None and cost.units > left:
        raise QuotaError(
            f"{source.name}: {left:.1f} of {source.monthly_units:g} units are left in {month}, and "
            f"this pass takes {cost.units:.1f}: it waits for next month, or raise monthly_units"
        )
    set_units(connection, row.pass_id, source.name, month, cost.units, now)


def note_spent(connection: Connection, row: PassRow, units: float, now: datetime) -> None:
    """A pass took so many units in all, as its source says: counted for the present month."""
    set_units(connection, row.pass_id, row.source, month_of(now), units, now)
