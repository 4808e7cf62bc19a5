"""Flight: one drone flight from its upload to its runs, and the chain of its custody; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from geo.errors import InputError
from leads.domain.event import Json, instant_text, utc
from leads.domain.roles import Role


class FlightState(StrEnum):
    """Where a flight is."""

    RECEIVING = "receiving"
    """Its files are being uploaded."""
    RECEIVED = "received"
    """All are here; its job is queued or under way."""
    QUEUED = "queued"
    """It became imagery and was handed to runs: their jobs say how they went."""
    KEPT = "kept"
    """It became imagery, and there was nothing earlier to compare it with."""
    REFUSED = "refused"
    """It cannot be used; the reason and the findings say why."""
    BROKEN = "broken"
    """Its job failed however often it was tried."""
    WITHDRAWN = "withdrawn"
    """Taken back by who uploaded it, or by the desk."""
    REPLACED = "replaced"
    """Another flight stands in its place."""


FINAL = frozenset(
    {
        FlightState.QUEUED,
        FlightState.KEPT,
        FlightState.REFUSED,
        FlightState.WITHDRAWN,
        FlightState.REPLACED,
    }
)
"""Nothing more happens to such a flight by itself."""


class Product(StrEnum):
    """How a flight became an image of the ground."""

    ORTHOPHOTO = "orthophoto"
    """It was uploaded as one."""
    ODM = "odm"
    """A NodeODM server made it of the photos."""
    QUICK_LOOK = "quick_look"
    """Made here of the photos, on flat ground; its position error is measured and told."""


class FileKind(StrEnum):
    """What one file of a flight is."""

    PHOTO = "photo"
    """A frame from the air."""
    GROUND_PHOTO = "ground_photo"
    """A photo that does not look down from the air: people and plates may be on it."""
    ORTHOPHOTO = "orthophoto"
    """A raster on the ground."""
    ARCHIVE = "archive"
    """A .zip; what is in it has rows of its own."""
    LOG = "log"
    """Flight log, or anything else that belongs to the flight and is only kept."""
    REFUSED = "refused"
    """Not what it says, or nothing that can be read; kept as it came, and not used."""


class FlightAction(StrEnum):
    """What is written down about a flight."""

    OPENED = "opened"
    RECEIVED = "received"
    """One file is here, whole: name, bytes, SHA-256."""
    TAKEN_BACK = "taken_back"
    """One file was withdrawn while the others still came: name, bytes, SHA-256."""
    COMPLETED = "completed"
    CHECKED = "checked"
    MADE = "made"
    """An image of the ground: how, with what error, its hash."""
    PLACED = "placed"
    """It was moved onto an earlier image, or could not be."""
    HANDED_OVER = "handed_over"
    ANSWERED = "answered"
    """It answered the lead that had asked for it."""
    SHARED = "shared"
    """A copy left the case: to whom, what, how coarse."""
    BOXED = "boxed"
    """A person said what must be hidden on a ground photo."""
    READ = "read"
    """Somebody read an original."""
    REFUSED = "refused"
    BROKEN = "broken"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class FlightEvent:
    """One entry of a flight's chain of custody. Appended, never changed."""

    flight_id: str
    """The flight."""
    sequence: int
    """1, 2, 3... within the flight."""
    action: FlightAction
    """What was done."""
    at: datetime
    """Instant, UTC, to the microsecond."""
    account_id: str | None
    """Who did it, or None for the machine."""
    role: Role | None
    """In which role, or None for the machine."""
    data: Mapping[str, Json] = field(default_factory=dict)
    """What there is to say, as JSON values."""

    def __post_init__(self) -> None:
        if self.sequence < 1:
            raise InputError(f"event {self.sequence} of flight {self.flight_id}: counts from 1")
        utc(self.at)

    @property
    def record(self) -> str:
        """The record whose chain it is in."""
        return f"flight {self.flight_id}"

    def as_json(self) -> dict[str, Json]:
        """Everything as JSON values, the instant as `2026-11-22T00:00:00.000000Z`."""
        return {
            "flight_id": self.flight_id,
            "sequence": self.sequence,
            "action": self.action.value,
            "at": instant_text(self.at),
            "account_id": self.account_id,
            "role": self.role and self.role.value,
            "data": dict(self.data),
        }
