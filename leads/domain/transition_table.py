"""The declared steps of the life-cycle, read from transitions.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal, get_args

from geo.errors import InputError
from leads.domain.roles import Role
from leads.domain.status import Status

Holder = Literal["actor", "nobody", "same"]
FieldKind = Literal[
    "text",
    "discard_reason",
    "return_reason",
    "change_class",
    "confirmation",
    "unit",
    "due",
    "outline",
]


class Action(StrEnum):
    """What a person can do to a lead."""

    CLAIM = "claim"
    RELEASE = "release"
    REDRAW = "redraw"
    DISCARD = "discard"
    SUBMIT = "submit"
    REOPEN = "reopen"
    DISPATCH = "dispatch"
    ACCEPT = "accept"
    RETURN_LEAD = "return_lead"
    REDISPATCH = "redispatch"


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table."""

    action: Action
    """The step."""
    from_statuses: frozenset[Status]
    """Statuses it leads from."""
    to_status: Status
    """Status it leads to."""
    roles: frozenset[Role]
    """Who may take it."""
    must_hold: frozenset[Role]
    """Roles of which only the lead's holder may."""
    own_unit: frozenset[Role]
    """Roles of which only those of the lead's unit may."""
    holder: Holder
    """Who holds the lead afterwards."""
    required: tuple[str, ...]
    """Fields a command must carry."""
    optional: tuple[str, ...]
    """Fields a command may carry."""
    clears: tuple[str, ...]
    """Properties of the lead that lose their value."""


@dataclass(frozen=True, slots=True)
class FieldRule:
    """What one field of a command holds."""

    name: str
    """The field's name."""
    kind: FieldKind
    """How it is read."""
    most: int | None
    """Largest length in characters (text) or corners (outline), or days ahead (due)."""


@lru_cache(maxsize=1)
def transitions() -> Mapping[Action, Transition]:
    """Every step by its action. Raises InputError when the table does not hold together."""
    rows = [_transition(row) for row in _table()["transition"]]
    if sorted(row.action for row in rows) != sorted(Action):
        raise InputError("transitions.toml: needs one row for each action, no more and no less")
    unknown = {name for row in rows for name in (*row.required, *row.optional)} - set(field_rules())
    if unknown:
        raise InputError(f"transitions.toml: fields {sorted(unknown)} are not declared")
    return {row.action: row for row in rows}


@lru_cache(maxsize=1)
def field_rules() -> Mapping[str, FieldRule]:
    """Every field by its name. Raises InputError for an unknown kind."""
    rules = {
        name: FieldRule(name, row["kind"], row.get("most"))
        for name, row in _table()["field"].items()
    }
    for rule in rules.values():
        if rule.kind not in get_args(FieldKind):
            raise InputError(f"transitions.toml: field {rule.name} of kind {rule.kind!r}")
    return rules


def _table() -> dict[str, Any]:
    return tomllib.loads(files("leads.domain").joinpath("transitions.toml").read_text("utf-8"))


def _transition(row: Mapping[str, Any]) -> Transition:
    return Transition(
        action=Action(row["action"]),
        from_statuses=frozenset(map(Status, row["from"])),
        to_status=Status(row["to"]),
        roles=frozenset(map(Role, row["roles"])),
        must_hold=frozenset(map(Role, row["must_hold"])),
        own_unit=frozenset(map(Role, row["own_unit"])),
        holder=row["holder"],
        required=tuple(row["required"]),
        optional=tuple(row["optional"]),
        clears=tuple(row["clears"]),
    )
