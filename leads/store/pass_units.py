"""Units of metered sources that passes took, by month: set aside before, set right after."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from leads.store.pass_tables import pass_units, passes


def units_of_month(connection: Connection, source: str, month: str) -> float:
    """Units of a source that are spent or set aside in a month (`2026-11`)."""
    asked = select(func.sum(pass_units.c.units))
    found = connection.scalar(asked.where(pass_units.c.source == source, _in(month)))
    return float(found or 0.0)


def is_set_aside(connection: Connection, pass_id: str, month: str) -> bool:
    """Whether units of that month are counted for a pass."""
    asked = select(pass_units.c.pass_id).where(pass_units.c.pass_id == pass_id, _in(month))
    return connection.scalar(asked) is not None


def set_units(
    connection: Connection, pass_id: str, source: str, month: str, units: float, now: datetime
) -> None:
    """Count so many units of a month for a pass, in place of those counted before."""
    told = {"source": source, "units": units, "at": now}
    if is_set_aside(connection, pass_id, month):
        mine = (pass_units.c.pass_id == pass_id, _in(month))
        connection.execute(update(pass_units).where(*mine).values(told))
    else:
        connection.execute(insert(pass_units).values({"pass_id": pass_id, "month": month, **told}))
    total = select(func.sum(pass_units.c.units)).where(pass_units.c.pass_id == pass_id)
    summed = {"units": total.scalar_subquery()}
    connection.execute(update(passes).where(passes.c.pass_id == pass_id).values(summed))


def _in(month: str) -> ColumnElement[bool]:
    return pass_units.c.month == month
