from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import InputError
from models.evaluation.case import DECOY, Case
from models.evaluation.made_dumps import TILE_PX, dump_sources, with_dumps
from models.evaluation.made_ground import (
    SEEDS,
    SIZE_M,
    GroundCase,
    ground_seeds,
    made_pair,
    without_changes,
)
from tiles.synthetic.event import Lookalike


@given(st.floats(0.01, 2000), st.integers(0, 1000), st.sampled_from(sorted(SEEDS)))
def test_sets_share_no_ground_and_hold_what_was_asked(km2: float, first: int, name: str) -> None:
    seeds = ground_seeds(name, km2, first)
    assert len(seeds) * SIZE_M**2 / 1e6 >= km2 > (len(seeds) - 1) * SIZE_M**2 / 1e6
    assert seeds[0] == SEEDS[name] + first >= 910_000
    others = [ground_seeds(other, 2000, 1000) for other in SEEDS if other != name]
    assert not any(set(seeds) & set(other) for other in others)


@pytest.mark.parametrize(("km2", "first"), [(0.0, 0), (1.0, 30_000), (200_000.0, 0), (1.0, -1)])
def test_more_ground_than_there_is_is_refused(km2: float, first: int) -> None:
    with pytest.raises(InputError, match="km2"):
        ground_seeds("ground", km2, first)


def test_every_event_lies_between_the_dates() -> None:
    for seed in range(910_000, 910_005):
        made = made_pair(seed)
        span = made.before.moment.day, made.after.moment.day
        assert all(span[0] < event.day <= span[1] for event in made.ground.events)
        quiet = without_changes(made)
        assert quiet.ground.events and not any(event.is_change for event in quiet.ground.events)


@pytest.fixture
def plain(change: Callable[..., Any]) -> Case:
    pair, changed = change(4, 2 * TILE_PX + 40)
    return Case("plain", pair, changed, 2.0)


def test_dumps_replace_the_truth_and_hide_the_old_change(plain: Case) -> None:
    made, again = with_dumps(plain, 1), with_dumps(plain, 1)
    assert np.array_equal(made.pair.after.pixels, again.pair.after.pixels)
    assert made.changed.any() and made.classes is not None and made.lookalikes is not None
    assert not (made.changed & (made.lookalikes == DECOY)).any()
    assert not (made.classes[~made.changed]).any()
    assert made.ignored is not None and made.ignored[plain.changed].all()
    bands = made.pair.bands
    assert with_dumps(plain, 2).changed.sum() != made.changed.sum()
    assert bands == plain.pair.bands


def test_bands_are_put_in_order(plain: Case) -> None:
    raster = plain.pair.after
    names = ("blue", "green", "red")
    dates = [replace(date, bands=names) for date in (plain.pair.before, raster)]
    made = with_dumps(replace(plain, pair=type(plain.pair)(*dates)), 1)
    assert made.pair.bands == ("red", "green", "blue")
    far = ~made.changed & (made.lookalikes == 0)
    same = made.pair.after.pixels[0] == raster.pixels[2]
    assert same[far].mean() > 0.8  # but for shadows, tracks and spread


@pytest.mark.slow
def test_a_ground_has_changes_and_look_alikes() -> None:
    case = GroundCase(SEEDS["ground"])()
    assert case.gsd_m == 2.0 and case.pair.geobox.shape == (1024, 1024)
    assert len(np.unique(case.classes)) > 8
    assert set(np.unique(case.lookalikes)) >= {Lookalike.NONE, Lookalike.TIDE, Lookalike.PLOUGHING}
    (source,) = dump_sources(1.0, 0)
    dumps = source()
    assert dumps.ignored is None and set(np.unique(dumps.classes)) <= {0, 1, 3}
