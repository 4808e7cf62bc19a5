"""Event: something that happens to a piece of ground on a day, true change or look-alike."""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from geo.change_class import ChangeClass
from geo.errors import DateError
from tiles.synthetic.shape import Points, Shapes


class Lookalike(IntEnum):
    """What looks like a change of interest and is none."""

    NONE = 0
    PLOUGHING = 1
    NURSERY_FILM = 2
    DRAINED_POND = 3
    DUST_NET = 4
    TIDE = 5
    LICENSED_YARD = 6
    AFLOAT = 7
    """Ships, foam and silt on water: `tiles.synthetic.afloat` adds them, no ground has them."""

    @property
    def label(self) -> str:
        """The identifier used in files."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """One piece of ground that looks one way before a day and another from it on.

    A look-alike may end: the ground then looks again as it did before.
    """

    kind: ChangeClass | Lookalike
    """What it is."""
    day: date
    """First day on which the new state shows."""
    outline: Points
    """(m, 2) open ring in local ground metres; nothing of the event is painted outside."""
    before: tuple[Shapes, ...]
    """Painted over the land until then; may be empty."""
    after: tuple[Shapes, ...]
    """Painted over the land from then on."""
    until: date | None = None
    """First day on which the earlier state shows again; None: it stays for good."""

    def __post_init__(self) -> None:
        if self.until is not None and (self.is_change or self.until <= self.day):
            raise DateError(
                f"{self.kind.label} from {self.day} until {self.until}: only a look-alike ends, "
                "and after it began"
            )

    @property
    def is_change(self) -> bool:
        """True for a change of interest, false for a look-alike."""
        return isinstance(self.kind, ChangeClass)

    def state(self, day: date) -> tuple[Shapes, ...]:
        """What shows on a day."""
        return self.after if self.shows_on(day) else self.before

    def shows_on(self, day: date) -> bool:
        """Whether the new state shows on a day."""
        return self.day <= day and (self.until is None or day < self.until)

    def differs(self, before: date, after: date) -> bool:
        """Whether the later of two days shows another state than the earlier."""
        return self.shows_on(before) != self.shows_on(after)
