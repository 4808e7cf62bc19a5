"""Tide: the height of the water at an instant, from a table of stations.

The table is CSV with a first line `station,lon,lat,time,height_m`: degrees of longitude and
latitude, an instant with its offset from UTC, metres over the station's datum. A station's rows are
high and low waters, or readings at least every two hours; between two high or low waters the height
follows a cosine, in a hole of readings it is unknown. Both heights of a pair come from one station,
so its datum is no matter.
"""

import csv
import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from itertools import pairwise
from statistics import median

from pyproj import Geod

from geo.errors import InputError

COLUMNS = ("station", "lon", "lat", "time", "height_m")
"""First line of a table."""
READINGS_S = 2 * 3600.0
"""Rows at most so far apart, in s, are readings: straight lines lie between them. A station most of
whose rows are has readings only, and a wider gap is a hole."""
EXTREMES_S = 9 * 3600.0
"""Rows at most so far apart, in s, are a high and a low water: the ebb at Wusong takes 8 hours.
Over a longer gap nothing is known: an extreme is missing."""
NEAREST_M = 30_000.0
"""A station further away, in m, says nothing of a place."""
HEIGHTS_M = (-10.0, 20.0)
"""What a height may be."""

_GEOD = Geod(ellps="GRS80")


@dataclass(frozen=True, slots=True)
class Station:
    """One station of a table."""

    name: str
    """As the table calls it."""
    lon: float
    """Longitude in degrees."""
    lat: float
    """Latitude in degrees."""
    times: tuple[datetime, ...]
    """Instants (UTC), rising."""
    heights_m: tuple[float, ...]
    """Height over the station's datum at each."""
    longest_s: float
    """Between rows further apart than so many s nothing is known: READINGS_S or EXTREMES_S."""

    def height_m(self, at: datetime) -> float | None:
        """Height at an instant; None outside the table and where rows are too far apart."""
        after = bisect_left(self.times, at)
        if after < len(self.times) and self.times[after] == at:
            return self.heights_m[after]
        if not 0 < after < len(self.times):
            return None
        gap = (self.times[after] - self.times[after - 1]).total_seconds()
        if gap > self.longest_s:
            return None
        part = (at - self.times[after - 1]).total_seconds() / gap
        if gap > READINGS_S:
            part = (1 - math.cos(math.pi * part)) / 2
        first, second = self.heights_m[after - 1 : after + 1]
        return first + (second - first) * part


@dataclass(frozen=True, slots=True)
class TideReading:
    """The water of two instants at a station near a place."""

    station: str
    """Its name."""
    distance_m: float
    """How far it is away."""
    before_m: float | None
    """Height at the earlier instant over the station's datum; None: not in the table."""
    after_m: float | None
    """Height at the later instant."""

    @property
    def knows_both(self) -> bool:
        """Whether both heights are known."""
        return self.before_m is not None and self.after_m is not None

    def exposure_m(self, *, fell_dry: bool) -> float | None:
        """How far the water moved the way that would explain a change, in m, 0 or more.

        Down where ground `fell_dry`, else up. None where a height is not known.
        """
        if self.before_m is None or self.after_m is None:
            return None
        fall = self.before_m - self.after_m
        return max(0.0, fall if fell_dry else -fall)


@dataclass(frozen=True, slots=True)
class TideTable:
    """Stations with their heights."""

    stations: tuple[Station, ...]
    """By name."""

    def reading(
        self, lon: float, lat: float, before: datetime | None, after: datetime | None
    ) -> TideReading | None:
        """The water at two instants near a place; None where no station is near enough.

        Of the stations near enough the nearest that knows both; where none does, the nearest.
        """
        lons = [station.lon for station in self.stations]
        lats = [station.lat for station in self.stations]
        here = [lon] * len(lons), [lat] * len(lats)
        _, _, away = _GEOD.inv(*here, lons, lats)
        near = sorted((float(m), n) for n, m in enumerate(away) if m <= NEAREST_M)
        readings = [_reading(self.stations[n], m, before, after) for m, n in near]
        nearest = readings[0] if readings else None
        return next((one for one in readings if one.knows_both), nearest)


def tide_table(text: str, source: str) -> TideTable:
    """The table that a CSV text holds; `source` is what errors call it.

    Raises InputError for other columns, for a row that cannot be read, for one instant with two
    heights, for a station at two places, and for a table without rows.
    """
    rows: dict[str, dict[datetime, float]] = {}
    places: dict[str, tuple[float, float]] = {}
    for line, row in _rows(text, source):
        where = f"{source}, line {line}"
        name = (row["station"] or "").strip()
        place = _degrees(row["lon"], 180, where), _degrees(row["lat"], 90, where)
        if not name or places.setdefault(name, place) != place:
            raise InputError(f"{where}: station {name!r} needs a name and one place")
        at, height = _instant(row["time"], where), _height(row["height_m"], where)
        if rows.setdefault(name, {}).setdefault(at, height) != height:
            raise InputError(f"{where}: {name} has two heights at {row['time']}; keep one")
    if not rows:
        raise InputError(f"{source}: no rows; a tide table needs heights after its first line")
    return TideTable(tuple(_station(name, places[name], rows[name]) for name in sorted(rows)))


def _station(name: str, place: tuple[float, float], heights: Mapping[datetime, float]) -> Station:
    times = sorted(heights)
    gaps = [(later - at).total_seconds() for at, later in pairwise(times)]
    longest_s = READINGS_S if gaps and median(gaps) <= READINGS_S else EXTREMES_S
    return Station(name, *place, tuple(times), tuple(heights[at] for at in times), longest_s)


def _reading(
    station: Station, distance_m: float, before: datetime | None, after: datetime | None
) -> TideReading:
    heights = [None if at is None else station.height_m(at) for at in (before, after)]
    return TideReading(station.name, round(distance_m), *(_rounded(height) for height in heights))


def _rows(text: str, source: str) -> Iterator[tuple[int, Mapping[str, str | None]]]:
    reader = csv.DictReader(StringIO(text.removeprefix("\ufeff")))
    found: Sequence[str] = [name.strip() for name in reader.fieldnames or ()]
    if missing := [name for name in COLUMNS if name not in found]:
        raise InputError(
            f"{source}: lacks the column(s) {', '.join(missing)}; a tide table begins with the "
            f"line {','.join(COLUMNS)}"
        )
    reader.fieldnames = found
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise InputError(f"{source}, line {reader.line_num}: {error}") from None


def _degrees(text: str | None, most: float, where: str) -> float:
    value = _number(text, where)
    if abs(value) > most:
        raise InputError(f"{where}: {value} is no longitude or latitude in degrees")
    return value


def _height(text: str | None, where: str) -> float:
    value = _number(text, where)
    low, high = HEIGHTS_M
    if not low <= value <= high:
        raise InputError(f"{where}: height {value}: needs metres, {low:g} to {high:g}")
    return value


def _number(text: str | None, where: str) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{where}: {text!r} is no number")
    return value


def _instant(text: str | None, where: str) -> datetime:
    try:
        at = datetime.fromisoformat((text or "").strip())
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise InputError(
            f"{where}: time {text!r}: needs an instant with its offset, 2026-03-01T05:12+08:00"
        )
    return at.astimezone(UTC)


def _rounded(height: float | None) -> float | None:
    return None if height is None else round(height, 3)
