"""图斑编号: `310151-202611-GF-0042`, the district, month of filing, theme and a serial."""

from datetime import datetime, timedelta, timezone

from sqlalchemy import Connection, insert, update

from geo.change_class import ChangeClass
from leads.domain.classes import class_row
from leads.store.schema import spot_serials

CHINA = timezone(timedelta(hours=8))
"""Asia/Shanghai; no daylight saving time since 1991."""

NO_DISTRICT = "000000"
"""Stands for the district of a lead outside all districts."""

THEME_CODES = {"waste": "GF", "redline": "HX", "both": "GF", "none": "QT"}
"""固废, 红线, 其他. Not HW, which reads as hazardous waste (危废): imagery cannot tell that."""


def next_spot_code(
    connection: Connection, district_code: str | None, change_class: ChangeClass, now: datetime
) -> str:
    """A new code; serials count from 1 within district, month and theme, and are never reused.

    The transaction must hold the filing lock.
    """
    theme = THEME_CODES[class_row(change_class).theme]
    prefix = f"{district_code or NO_DISTRICT}-{now.astimezone(CHINA):%Y%m}-{theme}"
    row = spot_serials.c.prefix == prefix
    count = update(spot_serials).where(row).values(last=spot_serials.c.last + 1)
    serial = connection.scalar(count.returning(spot_serials.c.last))
    if serial is None:
        serial = 1
        connection.execute(insert(spot_serials), {"prefix": prefix, "last": serial})
    return f"{prefix}-{serial:04d}"
