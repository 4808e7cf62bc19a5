"""Tides: the table a run is given, and the water of its two instants near a place."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from shapely import MultiPolygon

from geo.errors import InputError
from geo.tide import TideReading, TideTable, tide_table

LARGEST_BYTES = 64 << 20
"""A larger file is no tide table: a century of hourly readings has 40 MB."""


@dataclass(frozen=True, slots=True)
class Tides:
    """A table and the checksum of its file."""

    table: TideTable
    """Stations with their heights."""
    sha256: str
    """Of the file's bytes."""

    def record(self, before: datetime | None, after: datetime | None) -> Mapping[str, Any]:
        """What the run record keeps: the table, and the instants it is asked for."""
        instants = (None if at is None else at.isoformat() for at in (before, after))
        return {"sha256": self.sha256, "acquired": list(instants)}

    def near(
        self, outline: MultiPolygon, before: datetime | None, after: datetime | None
    ) -> TideReading | None:
        """The water at both instants near an outline in EPSG:4490."""
        inside = outline.representative_point()
        return self.table.reading(inside.x, inside.y, before, after)


def load_tides(path: Path | None) -> Tides | None:
    """The table of a file; None without one. Raises InputError where it cannot be used."""
    if path is None:
        return None
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise InputError(f"{path}: over {LARGEST_BYTES >> 20} MB is no tide table")
        data = path.read_bytes()
        return Tides(tide_table(data.decode(), str(path)), sha256(data).hexdigest())
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: a tide table is UTF-8 text ({error})") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
