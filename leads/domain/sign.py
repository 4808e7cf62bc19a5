"""Sign: what only a drone sees and what may mean packed or liquid waste; proposed, then judged."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

import shapely
from shapely import MultiPolygon

from geo.errors import ForbiddenError, InputError
from geo.sign_kind import SignKind
from leads.domain.roles import Actor, Role

MAY_JUDGE = frozenset({Role.ANALYST})
"""Who confirms or rejects a sign: the scorecard's floor hangs on it."""
MAY_PROPOSE = MAY_JUDGE | {Role.DRONE_OPERATOR}
"""Who may propose one by hand, on a flight they see: an operator proposes and never determines."""
MOST_REASON = 500
"""Characters of a reason given by hand."""
MOST_CORNERS = 2_000
"""Corners of an outline drawn by hand."""


class SignState(StrEnum):
    """What became of it."""

    PROPOSED = "proposed"
    """The machine, or an operator, saw it."""
    CONFIRMED = "confirmed"
    """An analyst saw it too: the floor of the scorecard applies."""
    REJECTED = "rejected"
    """An analyst says it is none."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A sign as it comes into the store: a suspicion, whoever proposes it."""

    kind: SignKind
    """What it looks like."""
    geometry: MultiPolygon
    """Outline, EPSG:4490."""
    score: float
    """How much it looks like it, 0 to 1."""
    area_m2: float
    """Geodesic area in m2, above 0."""
    zh: str
    """Why it is proposed, in Chinese."""
    en: str
    """The same in English."""

    def __post_init__(self) -> None:
        if not 0 <= self.score <= 1:
            raise InputError(f"sign with score {self.score}: needs 0 to 1")
        if not self.area_m2 > 0 or self.geometry.is_empty:
            raise InputError(f"sign of {self.area_m2} m2: needs an outline with an area")
        if not (self.zh.strip() and self.en.strip()):
            raise InputError("a sign needs a reason: say what is seen")

    @property
    def reason(self) -> Mapping[str, str]:
        """Why, by language."""
        return {"zh": self.zh, "en": self.en}

    def sign_id(self, flight_id: str) -> str:
        """Sixteen hex digits of flight, kind and outline: what is proposed twice is one."""
        corners = shapely.to_wkb(shapely.set_precision(self.geometry.normalize(), 1e-9))
        told = f"{flight_id}|{self.kind.value}|".encode() + corners
        return sha256(told).hexdigest()[:16]


def check_may_judge(actor: Actor) -> None:
    """Refuse whoever may not confirm or reject. Raises ForbiddenError."""
    if actor.role not in MAY_JUDGE:
        raise ForbiddenError(f"{actor.role} may not judge signs: ask an analyst")


def check_may_propose(actor: Actor) -> None:
    """Refuse whoever may not propose by hand. Raises ForbiddenError."""
    if actor.role not in MAY_PROPOSE:
        raise ForbiddenError(f"{actor.role} may not propose signs: ask an analyst or who flew")


def hazard_signs(states: Iterable[SignState], *, looked: bool) -> bool | None:
    """What the scorecard is told of a lead.

    True once one is confirmed, False where a fine drone image was looked at and none is, None where
    none was.
    """
    found = tuple(states)
    if SignState.CONFIRMED in found:
        return True
    return False if found or looked else None
