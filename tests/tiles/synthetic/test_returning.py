from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.change_class import ChangeClass
from geo.errors import DateError
from tiles.synthetic.event import Lookalike
from tiles.synthetic.ground import make_ground
from tiles.synthetic.moment import moment_of
from tiles.synthetic.returning import LASTS_DAYS, returning
from tiles.synthetic.truth import truth

AFTER, UNTIL = date(2023, 3, 25), date(2023, 6, 23)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10_000))
def test_changes_stay_and_look_alikes_end(seed: int) -> None:
    plain = make_ground(seed, 1600)
    ground = returning(plain, AFTER, UNTIL)
    assert len(ground.events) == len(plain.events)
    for event, before in zip(ground.events, plain.events, strict=True):
        assert AFTER < event.day <= UNTIL and event.outline is before.outline
        ends = isinstance(event.kind, Lookalike) and event.kind in LASTS_DAYS
        assert ends == (event.until is not None)
        if event.until is not None:
            least, most = LASTS_DAYS[Lookalike(event.kind)]
            assert least <= (event.until - event.day).days <= most
            assert event.state(event.until - timedelta(days=1)) is event.after
            assert event.state(event.until) is event.before


def test_the_same_seed_gives_the_same_days() -> None:
    first, second = (returning(make_ground(4, 1600), AFTER, UNTIL) for _ in range(2))
    assert [(e.day, e.until) for e in first.events] == [(e.day, e.until) for e in second.events]


def test_truth_forgets_a_look_alike_that_ended() -> None:
    ground = returning(make_ground(4, 1600), AFTER, UNTIL)
    box = ground.geobox(10.0)
    moments = [moment_of(day) for day in (AFTER, date(2023, 12, 1))]
    classes, lookalikes = truth(ground, box, moments[0], moments[1])
    stays = {event.kind for event in ground.events if not event.is_change and event.until is None}
    assert set(np.unique(lookalikes)) - {0} == stays == {Lookalike.LICENSED_YARD}
    changes = {event.kind for event in ground.events if event.is_change}
    assert set(np.unique(classes)) - {0} == changes


def test_what_cannot_end_is_refused() -> None:
    ground = make_ground(4, 1600)
    with pytest.raises(DateError, match="later date must come second"):
        returning(ground, UNTIL, AFTER)
    heap = next(event for event in ground.events if event.kind is ChangeClass.WASTE_HEAP)
    with pytest.raises(DateError, match="only a look-alike ends"):
        replace(heap, until=heap.day + timedelta(days=9))
