"""Bodies of signs: what only drone images show, as proposals and as judged."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from api.bodies.base import NO_CONTROL, Answer, Request, Words, examples, path_part
from api.bodies.geojson import Outline
from api.bodies.lead_action import DrawnMultiPolygon, DrawnPolygon
from geo.sign_kind import SignKind
from leads.domain.sign import MOST_REASON, SignState

SignId = Annotated[
    str, path_part("The sign: sixteen hex digits.", r"^[0-9a-f]{16}$", "0123456789abcdef")
]
Note = Annotated[str, StringConstraints(max_length=2000, pattern=NO_CONTROL)]

_AREA = {
    "type": "MultiPolygon",
    "coordinates": [[[[121.6, 31.5], [121.6001, 31.5], [121.6001, 31.5001], [121.6, 31.5]]]],
}
_SIGN = {
    "sign_id": "0123456789abcdef",
    "flight_id": "f-0123456789ab",
    "lead_id": "0123456789abcdef",
    "kind": "drums",
    "state": "proposed",
    "score": 0.83,
    "area_m2": 14.2,
    "reason": {"zh": "约 12 个直径 0.6 m 的圆形物，成排", "en": "about 12 round things, in rows"},
    "proposed_by": None,
    "proposed_at": "2026-11-26T04:00:00Z",
    "judged_by": None,
    "judged_at": None,
    "note": None,
    "has_picture": True,
    "geometry": _AREA,
}


class SignAnswer(Answer):
    """One sign. A suspicion: nothing here says that anything is hazardous."""

    model_config = examples(_SIGN)

    sign_id: str
    """Its id."""
    flight_id: str
    """The flight that shows it."""
    lead_id: str | None
    """The lead it lies on; told to those who see that lead."""
    kind: SignKind
    """What it looks like."""
    state: SignState
    """Whether an analyst has judged it."""
    score: float
    """How much it looks like it, 0 to 1; 1 where a person proposed it."""
    area_m2: float
    """Area in m2."""
    reason: Words
    """Why it is proposed."""
    proposed_by: str | None
    """Account; null for the machine."""
    proposed_at: datetime
    """When."""
    judged_by: str | None
    """Account; told to those who see leads."""
    judged_at: datetime | None
    """When."""
    note: str | None
    """What the analyst said; told to those who see leads."""
    has_picture: bool
    """Whether `picture` shows it."""
    geometry: Outline
    """Outline, EPSG:4490."""


class Signs(Answer):
    """Signs of a flight, or at a lead."""

    model_config = examples({"signs": [_SIGN]})

    signs: list[SignAnswer]
    """The strongest first."""


class Judgement(Request):
    """What an analyst says of a sign."""

    model_config = examples({"confirmed": True, "note": "可见成排蓝桶"})

    confirmed: bool
    """True: it is what it looks like; the scorecard's floor applies. False: it is not."""
    note: Note | None = None
    """For the record."""
    seen_state: SignState | None = None
    """The state you saw, if it matters: 412 where it is another by now."""


class NewSign(Request):
    """A sign that a person saw on a flight's image."""

    model_config = examples({"kind": "bags", "reason": "白色吨袋成排", "geometry": _AREA})

    kind: SignKind
    """What it looks like."""
    reason: Annotated[
        str, StringConstraints(min_length=1, max_length=MOST_REASON, pattern=NO_CONTROL)
    ]
    """What is seen, in a few words."""
    geometry: DrawnPolygon | DrawnMultiPolygon = Field(discriminator="type")
    """Outline, EPSG:4490; it lies on the flight."""
