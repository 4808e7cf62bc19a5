"""The table of change classes: names, theme, points, department and colour of each."""

import tomllib
from dataclasses import dataclass, fields
from functools import lru_cache
from importlib import resources
from typing import Literal, get_args

from geo.change_class import ChangeClass
from geo.errors import InputError

Theme = Literal["waste", "redline", "both", "none"]


@dataclass(frozen=True, slots=True)
class ClassRow:
    """What follows from a change class."""

    code: int
    """The network's class, as in ChangeClass."""
    label: str
    """Identifier, for example `waste_heap`."""
    zh: str
    """Chinese name."""
    en: str
    """English name."""
    theme: Theme
    """Inspection theme: waste, red line and reserves, both or none."""
    points: int
    """Likelihood points of the class, 0 to 20."""
    department: str
    """Department a lead is referred to when it is not for the ecology bureau; may be empty."""
    green_shield: str
    """绿盾 class of human activity, or empty."""
    colour: str
    """sRGB as `#rrggbb`."""

    def __post_init__(self) -> None:
        if self.theme not in get_args(Theme):
            raise InputError(f"classes.toml: theme {self.theme!r} of {self.label}: use {Theme}")
        if not 0 <= self.points <= 20:
            raise InputError(f"classes.toml: {self.points} points for {self.label}: use 0 to 20")


@lru_cache(maxsize=1)
def class_rows() -> tuple[ClassRow, ...]:
    """All rows of classes.toml in the order of their codes, one per ChangeClass.

    Raises InputError when the table and ChangeClass do not match.
    """
    text = resources.files("leads.domain").joinpath("classes.toml").read_text(encoding="utf-8")
    names = [field.name for field in fields(ClassRow)]
    table = tomllib.loads(text)["class"]
    rows = sorted(
        (ClassRow(**{name: row[name] for name in names}) for row in table),
        key=lambda row: row.code,
    )
    if [(row.code, row.label) for row in rows] != [(int(c), c.label) for c in ChangeClass]:
        raise InputError("classes.toml: codes and labels differ from geo.change_class.ChangeClass")
    return tuple(rows)


def class_row(change_class: ChangeClass) -> ClassRow:
    """The row of one class."""
    return class_rows()[change_class]
