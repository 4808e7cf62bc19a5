"""Signs: drums, bags and coloured liquid that come with some waste events, with exact outlines.

They are painted from near only. Few per event, and in some events only: most dumped waste is spoil.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely

from geo.change_class import ChangeClass
from geo.sign_kind import SignKind
from tiles.synthetic.event import Event
from tiles.synthetic.ground import Ground
from tiles.synthetic.moment import Moment
from tiles.synthetic.shape import Points
from tiles.synthetic.sign_parts import bags, drums, liquid
from tiles.synthetic.thing import Part


@dataclass(frozen=True, slots=True, eq=False)
class GroundSign:
    """One group of things that only a drone sees."""

    kind: SignKind
    """What it is."""
    event: Event
    """It shows on the days on which the event's new state shows."""
    outline: Points
    """(m, 2) open ring around all of it, local metres."""
    parts: tuple[Part, ...]
    """What is painted, in order."""


_SHARE = {
    ChangeClass.WASTE_HEAP: 0.75,
    ChangeClass.STACKED_YARD: 0.5,
    ChangeClass.SLURRY_POND: 0.4,
    ChangeClass.FILLED_PIT: 0.5,
    ChangeClass.BUILDING_REMOVED: 0.25,
}
"""Share of the events of a class that hold signs."""

_MAKERS = {
    SignKind.DRUMS: drums,
    SignKind.BAGS: bags,
    SignKind.COLOURED_LIQUID: liquid,
}
_RIM_M = 5.0  # signs keep this far inside their event
_APART_M = 2.0


@lru_cache(maxsize=16)
def signs_of(ground: Ground) -> tuple[GroundSign, ...]:
    """All signs of a ground, in the order of its events."""
    found: list[GroundSign] = []
    for number, event in enumerate(ground.events):
        rng = np.random.default_rng([ground.seed, 61, number])
        share = _SHARE.get(event.kind, 0.0) if isinstance(event.kind, ChangeClass) else 0.0
        if rng.random() < share:
            found += _in_event(rng, event)
    return tuple(found)


def signs_on(ground: Ground, moment: Moment) -> tuple[GroundSign, ...]:
    """The signs that show at a moment."""
    return tuple(sign for sign in signs_of(ground) if sign.event.shows_on(moment.day))


def _in_event(rng: np.random.Generator, event: Event) -> list[GroundSign]:
    """One to four groups inside an event, apart from each other."""
    room = shapely.Polygon(event.outline).buffer(-_RIM_M)
    kinds = rng.permutation(list(SignKind))
    wanted = [SignKind(str(kinds[n % 3])) for n in range(int(rng.integers(1, 6)))]
    found: list[GroundSign] = []
    for kind in wanted:
        for _ in range(40):
            spot = _spot(rng, event.outline)
            outline, parts = _MAKERS[kind](rng, spot, float(rng.uniform(0, np.pi)))
            shape = shapely.Polygon(outline)
            clear = all(
                shapely.Polygon(other.outline).distance(shape) > _APART_M for other in found
            )
            if clear and room.contains(shape):
                found.append(GroundSign(kind, event, outline, tuple(parts)))
                break
    return found


def _spot(rng: np.random.Generator, outline: Points) -> Points:
    spot: Points = rng.uniform(outline.min(axis=0), outline.max(axis=0))
    return spot
