"""The scorecard as a table: groups, items, hard rules and the matrix, read from scorecard.toml.

Monotone by construction: a reading that says worse never gives fewer points, which the table's
shapes can only express, and which is checked as it is read.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal, get_args

from geo.errors import InputError
from leads.domain.status import Priority

Side = Literal["likelihood", "severity"]
Effect = Literal["floor", "one_up", "cap", "cap_over_floors", "off_site_first"]
Shape = Literal["per_unit", "steps", "nearer", "choice", "if_true"]
Test = Literal["has_any", "other_than", "is", "at_least"]
Pairs = tuple[tuple[float, int], ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Items that say much the same, and the most they count together."""

    group: str
    """Its code."""
    side: Side
    """The score it counts for."""
    cap: int
    """Most points together."""
    combine: Literal["sum", "max"]
    """Points of its items are added, or the highest counts."""
    zh: str
    """Chinese name."""
    en: str
    """English name."""


@dataclass(frozen=True, slots=True)
class Item:
    """One reason to look, with its points."""

    item: str
    """Its code."""
    group: str
    """The group it counts in."""
    reading: str
    """The reading it looks at."""
    shape: Shape
    """How the reading gives points."""
    flat: int
    """Points of `per_unit` and `if_true`; else 0."""
    pairs: Pairs
    """Values and points of `steps` and `nearer`; else empty."""
    words: Mapping[str, int]
    """Points by word of `choice`; else empty."""
    otherwise: int
    """Points for any other word of a choice."""
    zh: str
    """Chinese name."""
    en: str
    """English name."""
    basis: str
    """Why it counts, or the data it comes from."""

    @property
    def most(self) -> int:
        """Most points it can add, or take off: its weight in `completeness`."""
        given = [self.flat, self.otherwise, *self.words.values(), *(p for _, p in self.pairs)]
        return max(abs(points) for points in given)


@dataclass(frozen=True, slots=True)
class Condition:
    """A question to one reading."""

    reading: str
    """The reading."""
    test: Test
    """How it is asked."""
    against: Any
    """Words, a truth value or a number, as the test needs."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A hard rule."""

    rule: str
    """Its code."""
    effect: Effect
    """What it does when it holds."""
    priority: Priority | None
    """To which level; None where the effect names none."""
    conditions: tuple[Condition, ...]
    """It holds when all of them do."""
    zh: str
    """Chinese text."""
    en: str
    """English text."""
    citation: str
    """Where it is written."""


@dataclass(frozen=True, slots=True)
class LandUse:
    """Which land is to stay green, and which classes conflict with that."""

    conflicting_classes: frozenset[str]
    """Labels of change classes."""
    green: Mapping[str, tuple[str, ...]]
    """First digits of the codes, by scheme."""

    def is_green(self, scheme: str, code: str) -> bool:
        """Whether land of this code is to stay green; never for an unknown scheme."""
        return code.startswith(self.green.get(scheme, ())) if code else False


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """One edition of the scorecard."""

    edition: str
    """Its name, kept with every score."""
    least_share: float
    """A zone with a smaller share of the lead is not one it lies in."""
    matrix: tuple[tuple[Priority, int, int], ...]
    """Rows of priority, least severity, least likelihood."""
    groups: tuple[Group, ...]
    """In the order they are shown."""
    items: tuple[Item, ...]
    """In the order they are shown."""
    rules: tuple[Rule, ...]
    """In the order they are shown."""
    not_yet: frozenset[str]
    """Readings that wait for data this program does not have."""
    land_use: LandUse
    """For the land-use conflict."""
    content_of_class: Mapping[str, str]
    """Suspected content by class label, where imagery can tell."""


@lru_cache(maxsize=1)
def scorecard() -> ScoreTable:
    """The packaged table. Raises InputError when a row could make something worse count less."""
    return parse(files("leads.domain").joinpath("scorecard.toml").read_text("utf-8"))


def parse(text: str) -> ScoreTable:
    """A table from TOML text. Raises InputError for rows that do not hold together."""
    table = tomllib.loads(text)
    land_use = table["land_use"]
    groups = tuple(Group(**row) for row in table["group"])
    items = tuple(_item(row) for row in table["item"])
    strays = {item.group for item in items} - {group.group for group in groups}
    if strays:
        raise InputError(f"scorecard.toml: items of unknown groups {sorted(strays)}")
    return ScoreTable(
        edition=table["edition"],
        least_share=table["least_share"],
        matrix=tuple(
            (Priority(row["priority"]), row["severity"], row["likelihood"])
            for row in table["matrix"]
        ),
        groups=groups,
        items=items,
        rules=tuple(_rule(row) for row in table["rule"]),
        not_yet=frozenset(table["not_yet"]),
        land_use=LandUse(
            frozenset(land_use["conflicting_classes"]),
            {scheme: tuple(codes) for scheme, codes in land_use["green"].items()},
        ),
        content_of_class=table["content_of_class"],
    )


def _item(row: Mapping[str, Any]) -> Item:
    shapes = [shape for shape in get_args(Shape) if shape in row]
    if len(shapes) != 1:
        raise InputError(f"scorecard.toml: item {row['item']}: needs one of {get_args(Shape)}")
    shape: Shape = shapes[0]
    given = row[shape]
    if shape == "per_unit" and given < 0:
        raise InputError(f"scorecard.toml: item {row['item']}: per_unit below 0")
    pairs: Pairs = ()
    if shape in {"steps", "nearer"}:
        pairs = tuple((float(value), int(points)) for value, points in given)
        _check_rising(row["item"], shape, pairs)
    return Item(
        item=row["item"],
        group=row["group"],
        reading=row["reading"],
        shape=shape,
        flat=int(given) if shape in {"per_unit", "if_true"} else 0,
        pairs=pairs,
        words=given if shape == "choice" else {},
        otherwise=row.get("otherwise", 0),
        zh=row["zh"],
        en=row["en"],
        basis=row["basis"],
    )


def _check_rising(item: str, shape: Shape, pairs: Pairs) -> None:
    values, points = [value for value, _ in pairs], [given for _, given in pairs]
    outward = list(reversed(points)) if shape == "nearer" else points
    if outward[-1] < 0:
        outward = [-given for given in outward]
    if values != sorted(set(values)) or outward != sorted(outward) or outward[0] < 0:
        raise InputError(f"scorecard.toml: item {item}: {shape} are out of order")


def _rule(row: Mapping[str, Any]) -> Rule:
    effect: Effect = row["effect"]
    if effect not in get_args(Effect):
        raise InputError(f"scorecard.toml: rule {row['rule']}: effect {effect!r}")
    return Rule(
        rule=row["rule"],
        effect=effect,
        priority=Priority(row["priority"]) if "priority" in row else None,
        conditions=tuple(_condition(row["rule"], condition) for condition in row["all"]),
        zh=row["zh"],
        en=row["en"],
        citation=row["citation"],
    )


def _condition(rule: str, row: Mapping[str, Any]) -> Condition:
    tests = [test for test in get_args(Test) if test in row]
    if len(tests) != 1:
        raise InputError(f"scorecard.toml: rule {rule}: a condition needs one of {get_args(Test)}")
    return Condition(row["reading"], tests[0], row[tests[0]])
