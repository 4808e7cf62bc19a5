"""Units of metered sources that passes took, by month: set aside before, set right after."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from leads.store.pass_tables import pass_units, passes


def units_of_month(connection: Connection, source: str, month: str) -> float:
    """Units of a source that are spent or set aside in a month (`2026-11`)."""
    asked = select(func.sum(pass_units.c.units))
    found = connection.scalar(asked.where(pass_units.c.source == source, _in(month)))
    return float(found or 0.0)


@dataclass(frozen=True, slots=True)
class Counted:
    """What is counted for a pass in a month."""

    units: float = 0.0
    """Units spent, or set aside for the fetch under way."""
    ended: float = 0.0
    """Those of fetches that are over, whatever came of them; less than `units` during a fetch."""


def counted(connection: Connection, pass_id: str, month: str) -> Counted:
    """What is counted for a pass in a month (`2026-11`)."""
    asked = select(pass_units.c.units, pass_units.c.ended)
    found = connection.execute(asked.where(pass_units.c.pass_id == pass_id, _in(month))).first()
    return Counted() if found is None else Counted(*found)


def months_open(connection: Connection, pass_id: str) -> tuple[str, ...]:
    """Months in which units are set aside for a fetch that is not over, the latest first."""
    open_still = pass_units.c.units > pass_units.c.ended
    asked = select(pass_units.c.month).where(pass_units.c.pass_id == pass_id, open_still)
    return tuple(connection.scalars(asked.order_by(pass_units.c.month.desc())))


def set_counted(
    connection: Connection, pass_id: str, source: str, month: str, told: Counted, now: datetime
) -> None:
    """Count this for a pass in a month, in place of what was counted before."""
    values = {"source": source, "units": told.units, "ended": told.ended, "at": now}
    mine = (pass_units.c.pass_id == pass_id, _in(month))
    if connection.execute(update(pass_units).where(*mine).values(values)).rowcount == 0:
        connection.execute(
            insert(pass_units).values({"pass_id": pass_id, "month": month, **values})
        )
    total = select(func.sum(pass_units.c.units)).where(pass_units.c.pass_id == pass_id)
    summed = {"units": total.scalar_subquery()}
    connection.execute(update(passes).where(passes.c.pass_id == pass_id).values(summed))


def _in(month: str) -> ColumnElement[bool]:
    return pass_units.c.month == month
