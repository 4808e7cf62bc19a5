"""Findings: what is wrong with a flight, where, and what to do about it, in a pilot's words."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

_NAMED = 3  # photos that are named; of more the number is told


class Severity(StrEnum):
    """How grave a finding is."""

    STOP = "stop"
    """The flight cannot be used as it is."""
    WARN = "warn"
    """Something is lost: better flown, or set right, again."""
    NOTE = "note"
    """Good to know."""


WORST_FIRST = (Severity.STOP, Severity.WARN, Severity.NOTE)
"""In the order in which they are told."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found."""

    code: str
    """Which: a table of `findings.toml`."""
    severity: Severity
    """How grave."""
    photos: tuple[str, ...] = ()
    """Names of the files it is about."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """What its words tell, as JSON values; what differs by language as {"zh": ..., "en": ...}."""
    place: tuple[float, float] | None = None
    """Longitude and latitude, EPSG:4490, or None."""

    @property
    def words(self) -> Mapping[str, str]:
        """What is wrong and what to do, as {"zh": ..., "en": ...}."""
        known = _words().get(self.code)
        if known is None:  # of another version, kept in a store
            return {"zh": f"检查项：{self.code}", "en": f"Check: {self.code}"}
        listed = {
            "zh": _listed(self.photos, "、", "{} 等 {} 张"),
            "en": _listed(self.photos, ", ", "{} and others, {} in all"),
        }
        values = {**self.values, "count": len(self.photos), "photos": listed}
        return {
            one: known[one].format_map(_Filled({n: _in(one, v) for n, v in values.items()}))
            for one in ("zh", "en")
        }

    def as_json(self) -> dict[str, Any]:
        """Everything as JSON values; `finding_of` reads it."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "photos": list(self.photos),
            "values": dict(self.values),
            "place": None if self.place is None else list(self.place),
            "words": dict(self.words),
        }


def finding_of(values: Mapping[str, Any]) -> Finding:
    """The finding that `as_json` wrote."""
    place = values.get("place")
    return Finding(
        values["code"],
        Severity(values["severity"]),
        tuple(values.get("photos", ())),
        dict(values.get("values", {})),
        None if place is None else (float(place[0]), float(place[1])),
    )


def by_severity(found: list[Finding]) -> tuple[Finding, ...]:
    """Findings, the gravest first, else in their order."""
    return tuple(sorted(found, key=lambda one: WORST_FIRST.index(one.severity)))


class _Filled(dict[str, Any]):
    """Values of a template; what is missing is shown as such."""

    def __missing__(self, key: str) -> str:
        return "?"


def _in(language: str, value: Any) -> Any:  # noqa: ANN401  (any JSON value)
    return value.get(language, "?") if isinstance(value, Mapping) else value


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    text = files("tiles.drone").joinpath("findings.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _listed(photos: tuple[str, ...], comma: str, more: str) -> str:
    named = comma.join(photos[:_NAMED])
    return named if len(photos) <= _NAMED else more.format(named, len(photos))
