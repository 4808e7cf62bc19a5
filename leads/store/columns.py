"""Columns as every table writes them."""

from sqlalchemy import Column, Float, Integer, Text


def text(name: str, *, null: bool = False) -> Column[str]:
    """A column of text."""
    return Column(name, Text, nullable=null)


def number(name: str, *, null: bool = False) -> Column[float]:
    """A column of double precision."""
    return Column(name, Float(53), nullable=null)


def whole(name: str, *, null: bool = False) -> Column[int]:
    """A column of whole numbers."""
    return Column(name, Integer, nullable=null)


def bounds() -> tuple[Column[float], ...]:
    """Bounding box in degrees."""
    return tuple(number(side) for side in ("west", "south", "east", "north"))
