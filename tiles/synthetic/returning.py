"""Returning: a ground whose events all begin within a span of days, and whose look-alikes end.

The ground of `make_ground` changes for good, look-alikes too, which is all that two dates can show.
Over many dates a look-alike is told by going away again. How long each lasts is our estimate from
farming practice in the delta, no measurement; a licensed yard turns its stacks over and never looks
as it did.
"""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from geo.errors import DateError
from tiles.synthetic.event import Event, Lookalike
from tiles.synthetic.ground import Ground

LASTS_DAYS: dict[Lookalike, tuple[int, int]] = {
    Lookalike.PLOUGHING: (30, 75),
    Lookalike.NURSERY_FILM: (60, 120),
    Lookalike.DRAINED_POND: (20, 60),
    Lookalike.DUST_NET: (45, 110),
}
"""Fewest and most days until the next crop is up, the film is taken off, the pond is full again and
the net comes off. Tide has none: it follows from the water level of each date."""


def returning(ground: Ground, after: date, until: date) -> Ground:
    """The same ground with each event's first day drawn anew from (after, until].

    Look-alikes of `LASTS_DAYS` end after a number of days drawn from their range. Raises DateError
    when `until` is not after `after`.
    """
    if until <= after:
        raise DateError(f"events from {after} to {until}: the later date must come second")
    rng = np.random.default_rng([ground.seed, 43])
    events = [_redated(rng, event, after, until) for event in ground.events]
    return replace(ground, events=tuple(events))


def _redated(rng: np.random.Generator, event: Event, after: date, until: date) -> Event:
    day = after + timedelta(days=int(rng.integers(1, (until - after).days + 1)))
    share = rng.random()
    if not isinstance(event.kind, Lookalike) or event.kind not in LASTS_DAYS:
        return replace(event, day=day, until=None)
    least, most = LASTS_DAYS[event.kind]
    return replace(
        event, day=day, until=day + timedelta(days=round(least + share * (most - least)))
    )
