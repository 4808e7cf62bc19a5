"""Acquisition dates: from an option, a STAC item, tags, or a name."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import PurePath

from geo.errors import DateError

EARLIEST = date(1972, 7, 23)
"""Launch of Landsat 1: no civil satellite image is older."""

LATEST = date(2099, 12, 31)
"""A later date is a number that only looks like one."""

DATE_TAGS = (
    "ACQUISITIONDATETIME",  # GDAL's IMAGERY domain
    "ACQUISITION_DATETIME",
    "ACQUISITION_DATE",
    "DATE_ACQUIRED",
    "SENSING_TIME",
    "PRODUCT_START_TIME",
    "EXIF_DateTimeOriginal",
    "TIFFTAG_DATETIME",
)
"""Tags that may hold the acquisition time, the surest first."""

_STAMP = re.compile(r"(?<!\d)(\d{4})([-_.:/]?)(\d{2})\2(\d{2})(?:([01]\d|2[0-3])[0-5]\d{3})?(?!\d)")
_CHINESE = re.compile(r"(?<!\d)(\d{4})年(\d{1,2})月(\d{1,2})日")


def date_in(text: str) -> date | None:
    """First date written in a text, or None.

    Knows 20230815, 2023-08-15, 2023_08_15, 2023:08:15, 20230815T0958, 20230815095811 and
    2023年8月15日. Digits inside a longer number are no date, nor is anything outside EARLIEST to
    LATEST. A time zone is not looked at: the date is the one that is written.
    """
    stamps = [(m.start(), (m[1], m[3], m[4])) for m in _STAMP.finditer(text)]
    stamps += [(m.start(), (m[1], m[2], m[3])) for m in _CHINESE.finditer(text)]
    for _, (year, month, day) in sorted(stamps):
        try:
            found = date(int(year), int(month), int(day))
        except ValueError:
            continue
        if EARLIEST <= found <= LATEST:
            return found
    return None


def scene_date(
    source: str, item: str | None, tags: Iterable[Mapping[str, str]], option: str
) -> date:
    """The date of a scene that the user did not state: of its STAC item, tags, or name.

    Of the name, the file's or folder's own part is read first, then the folder it lies in. Raises
    DateError, which names the command's `option`, when nothing states one.
    """
    path = PurePath(source)
    texts = [item or "", *_tag_texts(tags), path.name, path.parent.name]
    for text in texts:
        found = date_in(text)
        if found is not None:
            return found
    raise DateError(f"{source}: no acquisition date in its tags or its name; give it with {option}")


def _tag_texts(tags: Iterable[Mapping[str, str]]) -> list[str]:
    files = list(tags)
    return [file[tag] for tag in DATE_TAGS for file in files if tag in file]
