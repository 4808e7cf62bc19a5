"""Scoring a lead: two scores, a matrix, and hard rules; explainable item by item.

A suggested order of checking (优先核查建议), never a probability that something is wrong.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from leads.domain.facts import Facts, Reading, Value, readings_of
from leads.domain.score_table import (
    Condition,
    Effect,
    Group,
    Item,
    Rule,
    ScoreTable,
    Shape,
    Side,
    scorecard,
)
from leads.domain.status import Priority

_LEVELS = tuple(Priority)


@dataclass(frozen=True, slots=True)
class ItemScore:
    """One item of one lead's card."""

    item: str
    """Code of the item."""
    group: str
    """Code of its group."""
    raw: Value
    """What was read; None is unknown (未知)."""
    points: int | None
    """Points given or taken; None is unknown and counts as none."""
    zh: str
    """Chinese name."""
    en: str
    """English name."""
    basis: str
    """Why it counts, or the data it comes from."""
    source: str
    """Editions and zones it was read from; may be empty."""


@dataclass(frozen=True, slots=True)
class GroupScore:
    """The points of one group after its cap."""

    group: str
    """Code of the group."""
    side: Side
    """The score it counts for."""
    points: int
    """Its items together, at most `cap`."""
    cap: int
    """Most it can count."""
    zh: str
    """Chinese name."""
    en: str
    """English name."""


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """A hard rule asked of one lead."""

    rule: str
    """Code of the rule."""
    effect: Effect
    """What it does when it holds."""
    priority: Priority | None
    """To which level, where the effect names one."""
    holds: bool | None
    """Whether it holds; None is unknown."""
    zh: str
    """Chinese text."""
    en: str
    """English text."""
    citation: str
    """Where it is written."""


@dataclass(frozen=True, slots=True)
class ScoreCard:
    """Why a lead should be checked when."""

    edition: str
    """Edition of the scorecard."""
    likelihood: int
    """L, 0 to 100: is it a problem?"""
    severity: int
    """S, 0 to 100: how bad, if it is?"""
    priority: Priority
    """Suggested order of checking."""
    completeness: float
    """Share of the card that could be read, by weight, 0 to 1."""
    rules: tuple[RuleOutcome, ...]
    """Every hard rule, in the table's order; shown first."""
    groups: tuple[GroupScore, ...]
    """Every group, in the table's order."""
    items: tuple[ItemScore, ...]
    """Every item, in the table's order."""

    def as_json(self) -> dict[str, Any]:
        """The card as nested dicts, ready for `json.dumps`."""
        return asdict(self)


def score(facts: Facts) -> ScoreCard:
    """The card of one lead by the packaged scorecard."""
    return score_readings(readings_of(facts), scorecard())


def score_readings(readings: Mapping[str, Reading], table: ScoreTable) -> ScoreCard:
    """The card for any readings; a reading that is not there is unknown."""
    items = tuple(_item_score(item, readings) for item in table.items)
    groups = tuple(_group_score(group, items) for group in table.groups)
    likelihood, severity = _side(groups, "likelihood"), _side(groups, "severity")
    with_severity = {**readings, "severity": Reading(float(severity))}
    rules = tuple(_outcome(rule, with_severity) for rule in table.rules)
    return ScoreCard(
        edition=table.edition,
        likelihood=likelihood,
        severity=severity,
        priority=_ranked(_matrix(table, likelihood, severity), rules),
        completeness=_completeness(table.items, items),
        rules=rules,
        groups=groups,
        items=items,
    )


def _completeness(rows: tuple[Item, ...], items: tuple[ItemScore, ...]) -> float:
    known = [row.most for row, item in zip(rows, items, strict=True) if item.points is not None]
    return sum(known) / sum(row.most for row in rows)


def _item_score(item: Item, readings: Mapping[str, Reading]) -> ItemScore:
    reading = readings.get(item.reading, Reading(None))
    points = None if reading.value is None else _POINTS[item.shape](item, reading.value)
    raw = reading.value if reading.raw is None else reading.raw
    return ItemScore(
        item.item, item.group, raw, points, item.zh, item.en, item.basis, reading.source
    )


def _per_unit(item: Item, value: float) -> int:
    return int(item.flat * value + 0.5)


def _steps(item: Item, value: float) -> int:
    return next((points for least, points in reversed(item.pairs) if value >= least), 0)


def _nearer(item: Item, value: float) -> int:
    return next((points for most, points in item.pairs if value <= most), 0)


def _choice(item: Item, value: str | tuple[str, ...]) -> int:
    words = (value,) if isinstance(value, str) else value
    return max((item.words.get(word, item.otherwise) for word in words), default=0)


def _if_true(item: Item, value: object) -> int:
    return item.flat if value else 0


_POINTS: Mapping[Shape, Callable[[Item, Any], int]] = {
    "per_unit": _per_unit,
    "steps": _steps,
    "nearer": _nearer,
    "choice": _choice,
    "if_true": _if_true,
}


def _group_score(group: Group, items: tuple[ItemScore, ...]) -> GroupScore:
    given = [item.points or 0 for item in items if item.group == group.group]
    points = sum(given) if group.combine == "sum" else max(given, default=0)
    return GroupScore(
        group.group, group.side, min(group.cap, points), group.cap, group.zh, group.en
    )


def _side(groups: tuple[GroupScore, ...], side: Side) -> int:
    return max(0, min(100, sum(group.points for group in groups if group.side == side)))


def _outcome(rule: Rule, readings: Mapping[str, Reading]) -> RuleOutcome:
    answers = [_answer(condition, readings) for condition in rule.conditions]
    unknown = None if None in answers else True
    holds = False if False in answers else unknown
    return RuleOutcome(
        rule.rule, rule.effect, rule.priority, holds, rule.zh, rule.en, rule.citation
    )


def _answer(condition: Condition, readings: Mapping[str, Reading]) -> bool | None:
    value: Any = readings.get(condition.reading, Reading(None)).value
    if value is None:
        return None
    if condition.test == "at_least":
        return bool(value >= condition.against)
    if condition.test == "is":
        return bool(value is condition.against)
    words = {value} if isinstance(value, str) else set(value)
    against = set(condition.against)
    return bool(words & against if condition.test == "has_any" else words - against)


def _matrix(table: ScoreTable, likelihood: int, severity: int) -> Priority:
    reached = (
        priority
        for priority, least_severity, least_likelihood in table.matrix
        if severity >= least_severity and likelihood >= least_likelihood
    )
    return next(reached, Priority.P4)


def _ranked(from_matrix: Priority, rules: tuple[RuleOutcome, ...]) -> Priority:
    """Matrix, floors, recurrence one level up, caps: in this order. P1 < P2 < P3 < P4 as text."""
    held: dict[Effect, list[Priority]] = {}
    for rule in rules:
        if rule.holds:
            held.setdefault(rule.effect, []).append(rule.priority or Priority.P4)
    floor = min(held.get("floor", []), default=Priority.P4)
    priority = min(from_matrix, floor)
    if "one_up" in held:
        priority = _LEVELS[max(0, _LEVELS.index(priority) - 1)]
    if "cap" in held:
        priority = max(priority, min(max(held["cap"]), floor))
    if "cap_over_floors" in held:
        priority = max(priority, *held["cap_over_floors"])
    return priority
