"""Reading the fields of a command: each checked against its rule, typed, and as JSON for the event.

Values come as JSON has them (text, true, lists) or already typed.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar
from unicodedata import category

import shapely
from shapely import MultiPolygon, Polygon

from geo.change_class import ChangeClass
from geo.errors import InputError
from leads.domain.event import Json, instant_text, utc
from leads.domain.status import DiscardReason, ReturnReason
from leads.domain.transition_table import FieldKind, FieldRule, Transition, field_rules
from leads.domain.vocabulary import unit_names

E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class FieldValue:
    """One field as read."""

    value: Any
    """Typed: str, bool, datetime in UTC, an enum's member or a MultiPolygon."""
    as_json: Json
    """The same for the event."""


def read_fields(
    row: Transition, given: Mapping[str, object], now: datetime
) -> dict[str, FieldValue]:
    """The fields of a command for one step, in the table's order.

    Raises InputError for a missing, unexpected, wrong or over-long field.
    """
    allowed = (*row.required, *row.optional)
    surplus = sorted(set(given) - set(allowed))
    if surplus:
        raise InputError(f"{row.action} does not take {surplus}: it takes {list(allowed)}")
    missing = [name for name in row.required if given.get(name) in (None, "")]
    if missing:
        raise InputError(f"{row.action} lacks {missing}: give them")
    rules = [field_rules()[name] for name in allowed if given.get(name) not in (None, "")]
    return {rule.name: _READERS[rule.kind](rule, given[rule.name], now) for rule in rules}


def plain_text(name: str, given: str, most: int) -> str:
    """Words of a person, stripped: 1 to `most` characters. Raises InputError."""
    text = given.replace("\r\n", "\n").strip()
    if not 1 <= len(text) <= most:
        raise InputError(f"{name} of {len(text)} characters: needs 1 to {most}")
    # no store keeps NUL, and half a surrogate pair has no UTF-8
    if any(category(c) in {"Cc", "Cs"} and c not in "\n\t" for c in text):
        raise InputError(f"{name} holds control characters: take them out")
    return text


def _text(rule: FieldRule, given: object, _: datetime) -> FieldValue:
    text = plain_text(rule.name, _string(rule, given), rule.most or 0)
    return FieldValue(text, text)


def _discard_reason(rule: FieldRule, given: object, _: datetime) -> FieldValue:
    reason = _member(DiscardReason, rule, given)
    return FieldValue(reason, reason.value)


def _return_reason(rule: FieldRule, given: object, _: datetime) -> FieldValue:
    reason = _member(ReturnReason, rule, given)
    return FieldValue(reason, reason.value)


def _change_class(rule: FieldRule, given: object, _: datetime) -> FieldValue:
    labels = {change_class.label: change_class for change_class in ChangeClass}
    label = given.label if isinstance(given, ChangeClass) else _string(rule, given)
    if label not in labels:
        raise InputError(f"{rule.name} {_short(label)}: use one of {', '.join(labels)}")
    return FieldValue(labels[label], label)


def _confirmation(rule: FieldRule, given: object, _: datetime) -> FieldValue:
    if given is not True:
        raise InputError(f"{rule.name} is {_short(given)}: confirm it with true")
    return FieldValue(value=True, as_json=True)


def _unit(rule: FieldRule, given: object, _: datetime) -> FieldValue:
    code = _string(rule, given)
    if code not in unit_names():
        raise InputError(f"{rule.name} {_short(code)}: use one of {', '.join(unit_names())}")
    return FieldValue(code, code)


def _due(rule: FieldRule, given: object, now: datetime) -> FieldValue:
    try:
        written = given if isinstance(given, datetime) else _string(rule, given)
        due = utc(datetime.fromisoformat(written) if isinstance(written, str) else written)
    except (ValueError, OverflowError, InputError):
        message = f"{rule.name} {_short(given)}: write it as 2026-12-01T17:00:00+08:00"
        raise InputError(message) from None
    days = rule.most or 0
    if not utc(now) < due <= utc(now) + timedelta(days=days):
        raise InputError(f"{rule.name} {due.isoformat()}: needs the next {days} days")
    return FieldValue(due, instant_text(due))


def _outline(rule: FieldRule, given: object, _: datetime) -> FieldValue:
    outline = given if isinstance(given, Polygon | MultiPolygon) else _from_geojson(rule, given)
    most = rule.most or 0
    if not 4 <= shapely.get_num_coordinates(outline) <= most:
        raise InputError(f"{rule.name}: needs a polygon of 4 to {most} corners")
    if not outline.is_valid:
        raise InputError(f"{rule.name} is no valid polygon: {shapely.is_valid_reason(outline)}")
    west, south, east, north = outline.bounds
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise InputError(f"{rule.name} reaches {outline.bounds}: needs longitude then latitude")
    polygons = [outline] if isinstance(outline, Polygon) else list(outline.geoms)
    whole: MultiPolygon = shapely.normalize(shapely.force_2d(MultiPolygon(polygons)))
    return FieldValue(whole, json.loads(shapely.to_geojson(whole)))


def _from_geojson(rule: FieldRule, given: object) -> Polygon | MultiPolygon:
    try:
        outline = shapely.from_geojson(json.dumps(given, allow_nan=False))
    except (shapely.GEOSException, TypeError, ValueError, RecursionError):
        outline = None
    if not isinstance(outline, Polygon | MultiPolygon):
        raise InputError(f"{rule.name}: needs a GeoJSON Polygon or MultiPolygon")
    return outline


def _member(kind: type[E], rule: FieldRule, given: object) -> E:
    try:
        return kind(_string(rule, given))
    except ValueError:
        codes = ", ".join(kind)
        raise InputError(f"{rule.name} {_short(given)}: use one of {codes}") from None


def _string(rule: FieldRule, given: object) -> str:
    if not isinstance(given, str):
        raise InputError(f"{rule.name} is {_short(given)}: needs text")
    return given


def _short(given: object) -> str:
    text = ascii(given)
    return text if len(text) <= 40 else f"{text[:40]}..."


_READERS: Mapping[FieldKind, Callable[[FieldRule, object, datetime], FieldValue]] = {
    "text": _text,
    "discard_reason": _discard_reason,
    "return_reason": _return_reason,
    "change_class": _change_class,
    "confirmation": _confirmation,
    "unit": _unit,
    "due": _due,
    "outline": _outline,
}
