"""Column types that mean the same in SQLite and PostgreSQL: instants, outlines, JSON values."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import shapely
import sqlalchemy as sa
from shapely import MultiPolygon, Polygon
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

from geo.errors import InputError

SRID = 4490
"""EPSG code of every stored geometry, longitude then latitude."""

ISO_WITH_MICROSECONDS = "%Y-%m-%dT%H:%M:%S.%fZ"


class Instant(TypeDecorator[datetime]):
    """A moment in UTC: `timestamptz` in PostgreSQL, ISO text of one width (it sorts) in SQLite.

    Refuses a datetime without time zone with an InputError.
    """

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text in SQLite, which has no type for time."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.Text())
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:  # noqa: ANN401
        """To what the database keeps."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise InputError(f"instant {value.isoformat()} has no time zone: give it in UTC")
        utc = value.astimezone(UTC)
        return utc.strftime(ISO_WITH_MICROSECONDS) if dialect.name == "sqlite" else utc

    def process_result_value(
        self,
        value: Any,  # noqa: ANN401  (text or datetime, as the database keeps it)
        dialect: Dialect,
    ) -> datetime | None:
        """From what the database keeps, always in UTC."""
        if value is None:
            return None
        if dialect.name == "sqlite":
            return datetime.fromisoformat(value)  # Z is read as UTC
        in_utc: datetime = value.astimezone(UTC)
        return in_utc


class Outline(UserDefinedType[MultiPolygon]):
    """A MultiPolygon in EPSG:4490: `geometry` in PostGIS, WKB in SQLite; a Polygon is wrapped."""

    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], bytes | str | None]:
        """To WKB, or to the hexadecimal EWKB that PostGIS reads as text."""

        def wkb(geometry: MultiPolygon | Polygon | None) -> bytes | str | None:
            if geometry is None:
                return None
            whole = MultiPolygon([geometry]) if isinstance(geometry, Polygon) else geometry
            if dialect.name == "sqlite":
                return shapely.to_wkb(whole)
            return ewkb_text(whole)

        return wkb

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """From WKB, or from the hexadecimal EWKB that PostGIS writes."""
        del dialect, coltype
        return lambda value: None if value is None else shapely.from_wkb(value)


@compiles(Outline, "sqlite")
def _outline_in_sqlite(*_: object, **__: object) -> str:
    return "BLOB"


@compiles(Outline, "postgresql")
def _outline_in_postgis(*_: object, **__: object) -> str:
    return f"geometry(MultiPolygon,{SRID})"


def ewkb_text(geometry: MultiPolygon) -> str:
    """Hexadecimal EWKB with the SRID, as PostGIS reads it."""
    with_srid = shapely.set_srid(geometry, SRID)
    return shapely.to_wkb(with_srid, hex=True, include_srid=True)


Json = sa.JSON(none_as_null=True)
"""JSON values, kept as the text they were written in (PostgreSQL's JSONB would rewrite numbers, and
a hash over them would no longer match); NULL for None."""

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A number the database gives out; SQLite counts only in a column called INTEGER."""
