"""The budget of a metered source: what a month may cost, and what of it is spent or set aside.

What a fetch takes is set aside before it is begun, and again before it is begun anew: workers who
fetch at the same time cannot spend the same units, and a kill leaves them counted.
"""

from datetime import datetime

from sqlalchemy import Connection

from geo.errors import QuotaError
from leads.intake.watch_spec import SourceSpec
from leads.store.engine import lock_for
from leads.store.pass_units import Counted, counted, months_open, set_counted, units_of_month
from leads.store.passes import PassRow
from leads.store.spot_codes import CHINA
from tiles.sources.source import Cost

BUDGET_LOCK = 4490_004
"""Purpose under which units are set aside: one at a time."""


def month_of(now: datetime) -> str:
    """The calendar month of an instant, as `2026-11`, in Asia/Shanghai."""
    return now.astimezone(CHINA).strftime("%Y-%m")


def units_left(connection: Connection, source: SourceSpec, now: datetime) -> float | None:
    """Units that may still be spent this month, never below 0; None: as many as wanted."""
    if source.monthly_units is None:
        return None
    spent = units_of_month(connection, source.name, month_of(now))
    return max(source.monthly_units - spent, 0.0)


def set_aside(
    connection: Connection,
    source: SourceSpec,
    row: PassRow,
    cost: Cost,
    now: datetime,
    spent: float = 0.0,
) -> None:
    """Set aside what fetching a pass is expected to take; in a writing transaction, before it.

    Doing it again before the fetch is over sets no more aside, unless it took more (`spent` units
    so far) than was expected: parts that are here are not fetched again. Raises QuotaError, and
    sets nothing aside, where it would go over the month's budget.
    """
    lock_for(connection, BUDGET_LOCK)
    month = month_of(now)
    known = counted(connection, row.pass_id, month)
    wanted = known.ended + max(cost.units, spent)
    more = wanted - known.units
    if more <= 0:
        return
    left = units_left(connection, source, now)
    if left is not None and more > left:
        raise QuotaError(
            f"{source.name}: {left:.1f} of {source.monthly_units:g} units are left in {month}, and "
            f"this pass takes {more:.1f}: it waits for next month, or raise monthly_units"
        )
    set_counted(connection, row.pass_id, row.source, month, Counted(wanted, known.ended), now)


def note_spent(connection: Connection, row: PassRow, units: float, now: datetime) -> None:
    """A fetch is over, and took so many units: counted in the month in which it was set aside.

    Telling it again changes nothing: units are counted once for each time they were set aside.
    """
    lock_for(connection, BUDGET_LOCK)
    months = months_open(connection, row.pass_id)
    for month in months:
        known = counted(connection, row.pass_id, month)
        total = known.ended + units if month == months[0] else known.units  # earlier: as expected
        told = Counted(total, total)
        set_counted(connection, row.pass_id, row.source, month, told, now)
