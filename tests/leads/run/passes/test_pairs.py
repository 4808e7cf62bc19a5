"""Pairing the scenes of a pass: every later scene is covered by earlier ones, as far as they go."""

from datetime import date, timedelta

import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import box

from leads.run.passes.pairs import NEW_SHARE, Look, covering_pairs

DAY = date(2026, 1, 1)


@st.composite
def looks(draw: st.DrawFn, days: tuple[int, int], name: str) -> list[Look]:
    found = []
    for number in range(draw(st.integers(0, 5))):
        west, south = draw(st.integers(0, 8)), draw(st.integers(0, 8))
        edge = draw(st.integers(1, 6))
        day = DAY + timedelta(days=draw(st.integers(*days)))
        found.append(Look(f"{name}{number}", day, box(west, south, west + edge, south + edge)))
    return found


@given(looks((0, 20), "b"), looks((10, 30), "a"))
def test_what_earlier_scenes_show_is_covered_but_for_a_sliver(
    befores: list[Look], afters: list[Look]
) -> None:
    pairs = covering_pairs(befores, afters)
    by_name = {look.source: look for look in (*befores, *afters)}
    for after in afters:
        mine = [by_name[before] for before, later in pairs.pairs if later == after.source]
        assert all(before.date < after.date for before in mine)
        assert len({before.source for before in mine}) == len(mine)
        could = [one.outline for one in befores if one.date < after.date]
        shown = shapely.union_all([one.outline for one in mine]) & after.outline
        possible = shapely.union_all(could) & after.outline
        assert possible.area - shown.area <= len(befores) * NEW_SHARE * after.outline.area
        assert bool(mine) or after.source in {one.source for one in pairs.refused}


def test_of_equal_scenes_the_latest_is_taken() -> None:
    befores = [Look(name, DAY + timedelta(days=n), box(0, 0, 1, 1)) for n, name in enumerate("xyz")]
    after = Look("after", DAY + timedelta(days=9), box(0, 0, 1, 1))
    assert covering_pairs(befores, [after]).pairs == (("z", "after"),)
