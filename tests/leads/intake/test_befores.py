"""The choice of earlier images: never later, never across orbits, the same in any order."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from shapely import box, union_all
from shapely.geometry.base import BaseGeometry

from leads.intake.befores import (
    MOST_PARTS,
    MOST_WANTED,
    Chosen,
    Earlier,
    Moment,
    Rules,
    choose,
    overlap,
    pending,
    spans,
    wanted,
    year_before,
)
from leads.intake.watch_spec import BeforeKind
from tests.leads.intake.made_passes import AREA, at, showing
from tiles.sources.acquisition import Acquisition, Kind

BOTH = frozenset(BeforeKind)
RULES = Rules(BOTH, timedelta(days=30), timedelta(days=90))
LATER = Moment("later", Kind.OPTICAL, at("2024-05-01"))

instants = st.datetimes(datetime(2022, 1, 1), datetime(2025, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
kinds = st.sampled_from(list(Kind))
orbits = st.sampled_from(["11 a", "11 d", "84 a"])
moments = st.builds(Moment, st.uuids().map(str), kinds, instants, orbits)
shares = st.floats(0, 1)
grounds = st.integers(0, 255)
earlier = st.lists(
    st.builds(Earlier, moments, st.booleans(), shares, grounds, st.booleans()), max_size=14
)
rules = st.builds(
    Rules,
    st.frozensets(st.sampled_from(list(BeforeKind))),
    st.integers(1, 182).map(lambda days: timedelta(days=days)),
    st.integers(0, 200).map(lambda days: timedelta(days=days)),
)


def ids(chosen: Chosen) -> set[str]:
    return {*chosen.latest, *([chosen.season] if chosen.season else [])}


@given(moments, earlier, rules)
def test_what_is_chosen_lies_before_and_is_comparable(
    later: Moment, there: list[Earlier], rules: Rules
) -> None:
    known = {one.moment.identifier: one for one in there}
    chosen = choose(later, there, rules)
    for name in ids(chosen):
        one = known[name]
        assert one.ready and one.moment.kind is later.kind
        assert one.moment.acquired.date() < later.acquired.date()
        assert later.kind is Kind.OPTICAL or one.moment.orbit == later.orbit
    assert len(chosen.latest) <= MOST_PARTS
    assert chosen.season is None or (chosen.season,) != chosen.latest


@given(moments, earlier, rules, st.randoms())
def test_order_does_not_matter(
    later: Moment,
    there: list[Earlier],
    rules: Rules,
    random: object,
) -> None:
    shuffled = list(there)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert choose(later, shuffled, rules) == choose(later, there, rules)
    assert pending(later, shuffled, rules) == pending(later, there, rules)


@given(moments, earlier, rules)
def test_what_comes_later_changes_nothing(
    later: Moment, there: list[Earlier], rules: Rules
) -> None:
    before = [one for one in there if one.moment.acquired < later.acquired]
    assert choose(later, there, rules) == choose(later, before, rules)


@given(moments, earlier, rules)
def test_only_what_is_on_its_way_is_waited_for(
    later: Moment, there: list[Earlier], rules: Rules
) -> None:
    known = {one.moment.identifier: one for one in there}
    for name in pending(later, there, rules):
        one = known[name]
        assert not one.ready and one.moment.acquired < later.acquired and one.share > 0
        assert any(start <= one.moment.acquired < end for start, end in spans(later, rules))


@given(earlier)
def test_of_each_hectare_the_latest_that_counts_is_a_part(there: list[Earlier]) -> None:
    parts = choose(LATER, there, RULES).latest
    known = [
        one
        for one in sorted(there, key=lambda one: (one.moment.acquired, one.moment.identifier))
        if one.ready
        and one.counts
        and one.moment.kind is Kind.OPTICAL
        and one.moment.acquired.date() < LATER.acquired.date()
    ]
    last = {
        bit: one.moment.identifier for one in known for bit in range(8) if one.ground >> bit & 1
    }
    assert set(parts) == set(last.values())
    days = {one.moment.identifier: one.moment.acquired for one in there}
    assert list(parts) == sorted(parts, key=lambda name: (days[name], name), reverse=True)


CELLS = 6
looks = st.lists(
    st.tuples(st.integers(1, 9), st.frozensets(st.integers(0, CELLS - 1))), max_size=12
)
"""Passes as they come: days since the one before, cells that are seen clear."""
changes = st.lists(st.integers(1, 60), min_size=CELLS, max_size=CELLS)
"""Day from which each cell is changed."""


@given(looks, changes, st.integers(0, CELLS))
def test_every_change_is_reported_when_it_first_becomes_visible_and_once(
    looks: list[tuple[int, frozenset[int]]], changed: list[int], least: int
) -> None:
    """In order of arrival; passes that show fewer than `least` cells are not run."""
    rules = replace(RULES, kinds=frozenset({BeforeKind.LATEST_CLEAR}))
    first, day = at("2024-01-01"), 0
    there: list[Earlier] = []
    seen: dict[str, frozenset[int]] = {}
    days: dict[str, int] = {}
    reported: list[tuple[int, int]] = []
    for gap, cells in looks:
        day += gap
        moment = Moment(f"{day:03}", Kind.OPTICAL, first + timedelta(days=day))
        days[moment.identifier], seen[moment.identifier] = day, cells
        runs = len(cells) >= least
        if runs:
            parts = choose(moment, there, rules).latest
            for cell in cells:
                before = next((days[name] for name in parts if cell in seen[name]), None)
                if before is not None and before < changed[cell] <= day:
                    reported.append((cell, day))
        ground = sum(1 << cell for cell in cells)
        there.append(Earlier(moment, ready=True, share=0.5, ground=ground, counts=runs))
    run = [one for one in there if one.counts]
    expected = []
    for cell, since in enumerate(changed):
        clear = [days[o.moment.identifier] for o in run if cell in seen[o.moment.identifier]]
        after = [day for day in clear if day >= since]
        if after and min(clear) < since:
            expected.append((cell, min(after)))
    assert sorted(reported) == sorted(expected)


def optical(
    day: str,
    share: float = 1.0,
    *,
    ready: bool = True,
    counts: bool = True,
    ground: range | None = None,
    tide_m: float | None = None,
) -> Earlier:
    """An earlier pass; of a hundred hectares it shows the first by its share, or those named."""
    shown = range(round(100 * share)) if ground is None else ground
    bits = sum(1 << cell for cell in shown)
    return Earlier(Moment(day, Kind.OPTICAL, at(day)), ready, share, bits, counts, tide_m)


def test_the_latest_clear_and_the_same_season() -> None:
    there = [
        optical("2024-04-20", 0.4), optical("2024-04-11"), optical("2024-03-01"),
        optical("2023-05-20", 0.92), optical("2023-04-28", 0.9), optical("2023-05-02", 0.5),
    ]  # fmt: skip
    latest = ("2024-04-20", "2024-04-11")
    assert choose(LATER, there, RULES) == Chosen(latest, "2023-04-28")


def test_one_image_serves_alone_only_where_nothing_older_adds_ground() -> None:
    nearly = optical("2024-04-20", 0.92)
    assert choose(LATER, [nearly, optical("2024-03-30", 0.9)], RULES).latest == ("2024-04-20",)
    whole = choose(LATER, [nearly, optical("2024-03-30")], RULES)
    assert whole.latest == ("2024-04-20", "2024-03-30")


def test_what_was_never_run_is_no_part_and_answers_nothing() -> None:
    cloudy = optical("2024-04-20", 0.6, counts=False)
    assert choose(LATER, [cloudy, optical("2024-04-11")], RULES).latest == ("2024-04-11",)
    assert not choose(LATER, [cloudy], RULES)
    offered = [showing("2024-03-01").acquisition]
    assert wanted(LATER, [cloudy], offered, RULES, AREA) == tuple(offered)


def test_ground_not_seen_for_long_is_compared_with_what_is_older_than_is_searched() -> None:
    there = [optical("2024-04-20", 0.9), optical("2023-11-01")]
    assert choose(LATER, there, RULES).latest == ("2024-04-20", "2023-11-01")


def test_of_seasons_equally_clear_that_of_like_tide_is_taken() -> None:
    there = [
        optical("2023-05-01", 0.95, tide_m=2.1), optical("2023-05-09", 0.91, tide_m=0.2),
        optical("2023-04-20", 0.5, tide_m=0.0), optical("2023-05-02", 0.99),
    ]  # fmt: skip
    assert choose(LATER, there, RULES).season == "2023-05-09"
    assert choose(LATER, [there[0], there[3]], RULES).season == "2023-05-01", "unknown goes last"


def test_an_old_image_is_better_than_none() -> None:
    assert choose(LATER, [optical("2022-01-01")], RULES).latest == ("2022-01-01",)


def test_one_image_is_not_compared_with_twice() -> None:
    assert choose(LATER, [optical("2023-05-01")], RULES) == Chosen(("2023-05-01",), None)


def test_nothing_is_chosen_of_nothing() -> None:
    assert not choose(LATER, [], RULES)
    assert not choose(LATER, [optical("2024-05-01")], RULES), "the same day"


def test_radar_takes_the_one_before_of_its_orbit() -> None:
    later = Moment("later", Kind.SAR, at("2024-05-01"), "11 a")
    there = [
        Earlier(Moment(f"{day} {orbit}", kind, at(day), orbit), ready=True, share=1.0)
        for day, kind, orbit in (
            ("2024-04-30", Kind.SAR, "84 a"), ("2024-04-30", Kind.OPTICAL, "11 a"),
            ("2024-04-19", Kind.SAR, "11 a"), ("2024-04-07", Kind.SAR, "11 a"),
        )
    ]  # fmt: skip
    assert choose(later, there, RULES) == Chosen(("2024-04-19 11 a",), None)


def test_of_radar_slices_of_one_day_the_widest_is_taken() -> None:
    """One pass comes in slices that overlap by some kilometres."""
    later = Moment("later", Kind.SAR, at("2024-05-01"), "11 a")

    def chosen(*slices: tuple[str, int, float]) -> tuple[str, ...]:
        there = [
            Earlier(Moment(f"{day} {s}", Kind.SAR, at(day).replace(second=s), "11 a"), True, share)  # noqa: FBT003
            for day, s, share in slices
        ]
        return choose(later, there, RULES).latest

    wide, sliver = ("2024-04-19", 5, 0.97), ("2024-04-19", 30, 0.03)
    older = ("2024-04-07", 5, 0.9)
    assert chosen(wide, sliver, older) == ("2024-04-19 5",)
    assert chosen(sliver, older) == ("2024-04-07 5",), "a sliver alone shows too little"
    assert chosen(sliver) == ("2024-04-19 30",), "and is better than nothing"


T1, T2 = box(121.0, 31.0, 121.6, 32.0), box(121.55, 31.0, 122.2, 32.0)
SEASON = ("2023-04-21", "2023-04-26", "2023-05-01", "2023-05-06")


def tiled(days: Iterable[str], tile: str, ground: BaseGeometry, stated: float) -> list[Acquisition]:
    return [showing(day, tile=tile, footprint=ground, stated=stated).acquisition for day in days]


def test_of_neighbouring_tiles_those_of_its_own_are_fetched() -> None:
    """Also where the neighbour, which overlaps by some kilometres, is stated clearer."""
    offered = [*tiled(SEASON, "51RUQ", T1, 0.05), *tiled(SEASON, "51RVQ", T2, 0.1)]
    found = wanted(LATER, [], offered, RULES, T2)
    assert len(found) == MOST_WANTED and {one.footprint for one in found} == {T2}
    on_its_way = Earlier(
        Moment("T1", Kind.OPTICAL, at("2023-05-01")), ready=False, share=overlap(T1, T2)
    )
    assert wanted(LATER, [on_its_way], offered, RULES, T2) == found, "it answers another question"
    assert wanted(LATER, [], tiled(SEASON, "51RTQ", box(119, 31, 120, 32), 0.0), RULES, T2) == ()


def test_ground_over_two_tiles_is_shown_whole() -> None:
    both = union_all([T1, T2])
    offered = [*tiled(SEASON, "51RUQ", T1, 0.05), *tiled(SEASON, "51RVQ", T2, 0.1)]
    found = wanted(LATER, [], offered, RULES, both)
    assert {one.footprint for one in found} == {T1, T2}
    halves = tiled(SEASON, "51RUQ", T1, 0.05)[:1] + tiled(SEASON, "51RVQ", T2, 0.9)[:1]
    assert wanted(LATER, [], halves, RULES, both) == tuple(halves)


def test_a_leap_day_has_a_year_before() -> None:
    assert year_before(at("2024-02-29")).date() == date(2023, 2, 28)
    assert year_before(at("2025-02-28")).date() == date(2024, 2, 28)


def test_each_unanswered_question_is_asked() -> None:
    days = ("2024-04-26", "2024-04-21", "2024-04-11", "2024-03-01", "2023-05-03", "2023-04-28")
    stated = (0.9, 0.1, 0.2, 0.05, 0.3, 0.01)
    offered = [
        showing(day, stated=cloud).acquisition for day, cloud in zip(days, stated, strict=True)
    ]
    names = {one.identifier: one.acquired.date().isoformat() for one in offered}

    def asked(there: list[Earlier]) -> list[str]:
        return [names[one.identifier] for one in wanted(LATER, there, offered, RULES, AREA)]

    assert asked([]) == ["2023-04-28", "2023-05-03", "2024-03-01", "2024-04-11", "2024-04-21"]
    assert len(asked([])) <= 2 * MOST_WANTED
    assert asked([optical("2024-04-21", ready=False)]) == ["2023-04-28", "2023-05-03"]
    assert asked([optical("2024-04-21", 0.1)]) == asked([])
    assert asked([optical("2023-05-01", 0.6)]) == ["2024-03-01", "2024-04-11", "2024-04-21"]
