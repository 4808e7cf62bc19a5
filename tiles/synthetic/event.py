"""Event: something that happens to a piece of ground on a day, true change or look-alike."""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from geo.change_class import ChangeClass
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

    @property
    def label(self) -> str:
        """The identifier used in files."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """One piece of ground that looks one way before a day and another from it on."""

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

    @property
    def is_change(self) -> bool:
        """True for a change of interest, false for a look-alike."""
        return isinstance(self.kind, ChangeClass)

    def state(self, day: date) -> tuple[Shapes, ...]:
        """What shows on a day."""
        return self.after if day >= self.day else self.before

    def happened_within(self, after: date, until: date) -> bool:
        """Whether it happened in the half-open span (after, until]."""
        return after < self.day <= until
