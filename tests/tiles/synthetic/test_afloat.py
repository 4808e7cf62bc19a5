"""Things afloat lie on open water, apart, and are there on their day only."""

from datetime import date, timedelta

import numpy as np
from shapely import Polygon

from tiles.synthetic.afloat import CLEAR_M, with_afloat
from tiles.synthetic.event import Lookalike
from tiles.synthetic.ground import make_ground
from tiles.synthetic.tide import flat_level

DAY, LOW_M = date(2024, 4, 2), 0.5


def test_they_lie_on_water_apart_for_a_day_and_the_same_each_time() -> None:
    bare = make_ground(910_003, 2048.0)
    ground = with_afloat(with_afloat(bare, DAY, LOW_M, 1), DAY + timedelta(days=3), LOW_M, 2)
    again = with_afloat(with_afloat(bare, DAY, LOW_M, 1), DAY + timedelta(days=3), LOW_M, 2)
    added = ground.events[len(bare.events) :]
    assert len(added) > 5 and all(event.kind is Lookalike.AFLOAT for event in added)
    assert [e.outline.tobytes() for e in added] == [
        e.outline.tobytes() for e in again.events[len(bare.events) :]
    ]
    outlines = [Polygon(event.outline) for event in added]
    for at, (event, outline) in enumerate(zip(added, outlines, strict=True)):
        assert event.shows_on(event.day) and not event.shows_on(event.day + timedelta(days=1))
        assert outline.is_valid
        assert all(outline.distance(other) > CLEAR_M / 2 for other in outlines[at + 1 :])
        (x0, y0), (x1, y1) = event.outline.min(axis=0), event.outline.max(axis=0)
        level = flat_level(
            ground.lattice, np.linspace(x0, x1, 20), np.linspace(y1, y0, 20), ground.lattice.seed
        )
        assert level.max() < LOW_M
