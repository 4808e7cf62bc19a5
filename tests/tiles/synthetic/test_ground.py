from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon, STRtree

from geo.change_class import ChangeClass
from geo.errors import SceneError
from tiles.synthetic.event import Lookalike
from tiles.synthetic.ground import make_ground
from tiles.synthetic.lattice import Lattice

_NOT_PLACED = {"unclassified", "none", "tide", "afloat"}
_KINDS = {kind.label for kind in (*ChangeClass, *Lookalike)} - _NOT_PLACED


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10_000))
def test_events_lie_on_the_ground_and_apart(seed: int) -> None:
    ground = make_ground(seed, 1800)
    outlines = [Polygon(event.outline) for event in ground.events]
    assert all(outline.is_valid and outline.area > 400 for outline in outlines)
    edge = np.array([outline.bounds for outline in outlines])
    assert edge.min() > 0 and edge.max() < ground.size_m
    first, second = STRtree(outlines).query(outlines, predicate="intersects")
    assert (first == second).all()


def test_a_larger_ground_holds_every_kind() -> None:
    ground = make_ground(3, 4000)
    assert {event.kind.label for event in ground.events} == _KINDS
    assert len(ground.events) > 70


def test_the_same_seed_gives_the_same_ground() -> None:
    first, second = make_ground(8, 1600), make_ground(8, 1600)
    assert [event.day for event in first.events] == [event.day for event in second.events]
    for one, other in zip(first.events, second.events, strict=True):
        np.testing.assert_array_equal(one.outline, other.outline)


def test_a_ground_too_small_is_refused() -> None:
    with pytest.raises(SceneError, match=r"1,500 m"):
        make_ground(1, 800)


@given(st.integers(0, 10_000), st.floats(-4e4, 4e4), st.floats(-4e4, 4e4))
def test_lattice_and_ground_invert_each_other(seed: int, x: float, y: float) -> None:
    lattice = Lattice(seed, 0.2, 3)
    xy = np.array([x, y])
    back = lattice.to_ground(lattice.to_lattice(xy))
    assert np.abs(back - xy).max() < 0.05


def test_grids_of_all_sizes_share_the_corner() -> None:
    ground = replace(make_ground(8, 1600), size_m=1500.0)
    for gsd in (0.5, 1.0, 2.0, 2.5, 3.0, 10.0):
        box = ground.geobox(gsd)
        assert box.bounds == pytest.approx(ground.bounds)
        assert box.bounds[0] % gsd == pytest.approx(0, abs=1e-6)
