"""The branches of identity, each as a law over places, sizes and statuses."""

import random
from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon

from geo.area import geodesic_area_m2
from geo.change_class import ChangeClass
from geo.crs import CGCS2000, SHANGHAI_PLANE, reproject_geometry
from geo.errors import InputError
from leads.domain.identity import Filing, FilingOutcome, KnownLead, Sighting, identity_rules, match
from leads.domain.status import CLOSED_STATUSES, OPEN_STATUSES, Status

EAST, NORTH = 620_000.0, 3_460_000.0  # EPSG:4549 metres, in Shanghai
HEAP, SOIL = ChangeClass.WASTE_HEAP, ChangeClass.BARE_SOIL

offsets = st.floats(0, 20_000)
widths = st.floats(30, 400)
open_statuses = st.sampled_from(sorted(OPEN_STATUSES))
closed_statuses = st.sampled_from(sorted(CLOSED_STATUSES))
statuses = st.sampled_from(sorted(Status))


def block(x: float, y: float, width: float, height: float | None = None) -> MultiPolygon:
    """A rectangle whose lower left corner lies x, y metres from (EAST, NORTH), in EPSG:4490."""
    box = shapely.box(EAST + x, NORTH + y, EAST + x + width, NORTH + y + (height or width))
    return reproject_geometry(MultiPolygon([box]), SHANGHAI_PLANE, CGCS2000)


def sighting(name: str, outline: MultiPolygon, change_class: ChangeClass = HEAP) -> Sighting:
    return Sighting(name, outline, geodesic_area_m2(outline, CGCS2000), change_class)


def lead(name: str, outline: MultiPolygon, status: Status, site: str = "") -> KnownLead:
    area_m2 = geodesic_area_m2(outline, CGCS2000)
    return KnownLead(name, site or f"site-{name}", 1, 0, status, outline, area_m2, HEAP)


@given(offsets, offsets, widths, statuses)
def test_nothing_near_is_a_new_site(x: float, y: float, width: float, status: Status) -> None:
    far = lead("K", block(x + width, y, width), status)  # a neighbour that shares an edge
    (filing,) = match([sighting("S", block(x, y, width))], [far])
    assert filing == Filing("S", FilingOutcome.NEW_SITE, "S", "S", 1, 0)
    assert filing.is_new_lead


@given(offsets, offsets, widths, st.floats(0, 0.5), open_statuses)
def test_open_takes_an_observation(
    x: float, y: float, width: float, shift: float, status: Status
) -> None:
    known = lead("K", block(x, y, width), status)
    (filing,) = match([sighting("S", block(x + shift * width, y, width), SOIL)], [known])
    assert filing == Filing("S", FilingOutcome.OBSERVATION, "K", "site-K", 1, 0)
    assert not filing.is_new_lead


@given(offsets, offsets, widths)
def test_withdrawn_is_passed_over(x: float, y: float, width: float) -> None:
    here = block(x, y, width)
    (filing,) = match([sighting("S", here)], [lead("K", here, Status.WITHDRAWN)])
    assert filing == Filing("S", FilingOutcome.NEW_SITE, "S", "S", 1, 0)


@given(offsets, offsets, widths, closed_statuses)
def test_a_withdrawn_rounds_number_stays_taken(
    x: float, y: float, width: float, status: Status
) -> None:
    here = block(x, y, width)
    again = replace(lead("L", here, Status.WITHDRAWN, site="site-K"), round=2, recurrence_count=1)
    (filing,) = match([sighting("S", here)], [lead("K", here, status), again])
    assert filing == Filing(
        "S", FilingOutcome.REOPENED_ROUND, "S", "site-K", 3, 1, parent_lead_id="K"
    )


@given(offsets, offsets, widths, closed_statuses, st.integers(1, 5))
def test_closed_comes_back_as_the_next_round(
    x: float, y: float, width: float, status: Status, rounds: int
) -> None:
    known = replace(
        lead("K", block(x, y, width), status), round=rounds, recurrence_count=rounds - 1
    )
    (filing,) = match([sighting("S", block(x, y, width))], [known])
    assert filing == Filing(
        "S", FilingOutcome.REOPENED_ROUND, "S", "site-K", rounds + 1, rounds, parent_lead_id="K"
    )


@given(offsets, offsets, widths, st.floats(0.4, 1.49), st.sampled_from([HEAP, ChangeClass(0)]))
def test_discarded_stays_discarded(
    x: float, y: float, width: float, growth: float, change_class: ChangeClass
) -> None:
    known = lead("K", block(x, y, width), Status.DISCARDED)
    seen = sighting("S", block(x, y, width, width * growth), change_class)
    (filing,) = match([seen], [known])
    assert filing == Filing("S", FilingOutcome.KEPT_DISCARDED, "K", "site-K", 1, 0)


@given(offsets, offsets, widths, st.floats(1.51, 3))
def test_discarded_that_grew_is_looked_at_again(
    x: float, y: float, width: float, growth: float
) -> None:
    known = lead("K", block(x, y, width), Status.DISCARDED)
    (filing,) = match([sighting("S", block(x, y, width, width * growth))], [known])
    assert filing == Filing("S", FilingOutcome.GROWN, "S", "site-K", 2, 0, parent_lead_id="K")


@given(offsets, offsets, widths)
def test_discarded_of_another_class_is_looked_at_again(x: float, y: float, width: float) -> None:
    known = lead("K", block(x, y, width), Status.DISCARDED)
    (filing,) = match([sighting("S", block(x, y, width), SOIL)], [known])
    assert filing.outcome is FilingOutcome.GROWN


@given(offsets, offsets, widths)
def test_a_detector_that_names_no_class_brings_nothing_discarded_back(
    x: float, y: float, width: float
) -> None:
    known = lead("K", block(x, y, width), Status.DISCARDED)
    unnamed = replace(known, machine_class=ChangeClass.UNCLASSIFIED)
    (filing,) = match([sighting("S", block(x, y, width))], [unnamed])
    assert filing.outcome is FilingOutcome.KEPT_DISCARDED


@given(offsets, offsets, widths, st.floats(0.1, 0.45), open_statuses)
def test_split_leaves_the_larger_part_with_the_lead(
    x: float, y: float, width: float, share: float, status: Status
) -> None:
    known = replace(lead("K", block(x, y, width), status), recurrence_count=2)
    less = sighting("A", block(x, y, width, width * share))
    more = sighting("B", block(x, y + width * (share + 0.02), width, width * (0.98 - share)))
    split, stays = match([more, less], [known])
    assert stays == Filing("B", FilingOutcome.OBSERVATION, "K", "site-K", 1, 2)
    assert split == Filing("A", FilingOutcome.SPLIT, "A", "A", 1, 2, parent_lead_id="K")


@given(offsets, offsets, widths, st.floats(0.1, 0.45), open_statuses)
def test_the_next_pass_knows_both_parts_of_a_split(
    x: float, y: float, width: float, share: float, status: Status
) -> None:
    whole = lead("K", block(x, y, width), status)  # the lead keeps its old outline
    small = block(x, y, width, width * share)
    part = lead("P", small, Status.CANDIDATE)
    rest = sighting("B", block(x, y + width * (share + 0.02), width, width * (0.98 - share)))
    filings = match([sighting("A", small), rest], [whole, part])
    assert [(f.lead_id, f.outcome, f.merged_lead_ids) for f in filings] == [
        ("P", FilingOutcome.OBSERVATION, ()),
        ("K", FilingOutcome.OBSERVATION, ()),
    ]


@given(offsets, offsets, widths, st.floats(0.2, 0.9), open_statuses, open_statuses)
def test_merge_goes_to_the_larger_and_links_the_other(
    x: float, y: float, width: float, share: float, one: Status, other: Status
) -> None:
    larger = lead("L", block(x, y, width), one)
    lesser = lead("A", block(x + width, y, width, width * share), other)
    both = shapely.union_all([larger.geometry, lesser.geometry]).buffer(0)
    whole = sighting("S", MultiPolygon([both] if both.geom_type == "Polygon" else both.geoms))
    (filing,) = match([whole], [lesser, larger])
    assert filing == Filing(
        "S", FilingOutcome.OBSERVATION, "L", "site-L", 1, 0, merged_lead_ids=("A",)
    )


def test_open_comes_before_closed_before_discarded() -> None:
    here = block(0, 0, 100)
    known = [
        lead("D", here, Status.DISCARDED),
        lead("C", here, Status.CLOSED),
        lead("O", block(0, 0, 100, 60), Status.ACCEPTED),
    ]
    assert match([sighting("S", here)], known)[0].lead_id == "O"
    assert match([sighting("S", here)], known[:2])[0].parent_lead_id == "C"
    assert match([sighting("S", here)], known[:1])[0].outcome is FilingOutcome.KEPT_DISCARDED


def test_only_the_newest_round_of_a_site_counts() -> None:
    here = block(0, 0, 100)
    first = lead("C", here, Status.CLOSED, site="P")
    second = replace(lead("D", here, Status.DISCARDED, site="P"), round=2)
    for known in ([first, second], [second, first]):
        assert match([sighting("S", here)], known)[0].outcome is FilingOutcome.KEPT_DISCARDED


def test_pieces_that_together_outgrow_what_was_discarded_come_back() -> None:
    known = lead("K", block(0, 0, 100), Status.DISCARDED)
    pieces = [sighting("A", block(0, 0, 100, 40)), sighting("B", block(0, 50, 100, 120))]
    split, grown = match(pieces, [known])
    assert (grown.outcome, grown.site_id, grown.round) == (FilingOutcome.GROWN, "site-K", 2)
    assert (split.outcome, split.site_id, split.parent_lead_id) == (FilingOutcome.SPLIT, "A", "K")


def test_two_discarded_seen_as_one_have_not_grown() -> None:
    known = [lead("K", block(0, 0, 100), Status.DISCARDED),
             lead("M", block(100, 0, 90, 100), Status.DISCARDED)]  # fmt: skip
    (filing,) = match([sighting("S", block(0, 0, 190, 100))], known)
    assert (filing.outcome, filing.lead_id) == (FilingOutcome.KEPT_DISCARDED, "K")


def test_parts_of_a_closed_place_are_back_with_it() -> None:
    known = lead("K", block(0, 0, 100), Status.CLOSED)
    parts = [sighting("A", block(0, 0, 100, 30)), sighting("B", block(0, 40, 100, 60))]
    split, back = match(parts, [known])
    assert (back.site_id, back.round, back.recurrence_count) == ("site-K", 2, 1)
    assert (split.site_id, split.parent_lead_id, split.recurrence_count) == ("A", "K", 1)


@st.composite
def scenes(draw: st.DrawFn) -> tuple[list[Sighting], list[KnownLead]]:
    """Blocks strewn over a few hundred metres: disjoint sightings, overlapping known leads."""
    cells = draw(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), unique=True, max_size=8))
    classes = st.sampled_from([HEAP, SOIL, ChangeClass.UNCLASSIFIED])
    seen = [
        sighting(f"S{n}", block(50.0 * i, 50.0 * j, draw(st.floats(10, 50))), draw(classes))
        for n, (i, j) in enumerate(cells)
    ]
    places = draw(st.lists(st.tuples(offsets, offsets, widths, statuses), max_size=8))
    known = [
        replace(
            lead(f"K{n}", block(x % 300, y % 300, width % 150 + 10), status, f"P{n % 5}"),
            round=n // 5 + 1,
        )
        for n, (x, y, width, status) in enumerate(places)
    ]
    return seen, known


@given(scenes(), st.randoms(use_true_random=False))
def test_order_is_no_matter(
    scene: tuple[list[Sighting], list[KnownLead]], order: random.Random
) -> None:
    seen, known = scene
    filings = match(seen, known)
    order.shuffle(seen)
    order.shuffle(known)
    assert match(seen, known) == filings


@given(scenes())
def test_every_sighting_is_filed_once_and_no_round_twice(
    scene: tuple[list[Sighting], list[KnownLead]],
) -> None:
    seen, known = scene
    filings = match(seen, known)
    assert [f.sighting_id for f in filings] == sorted(s.lead_id for s in seen)
    rounds = [(f.site_id, f.round) for f in filings if f.is_new_lead]
    assert len(set(rounds)) == len(rounds)
    assert not set(rounds) & {(k.site_id, k.round) for k in known}
    ids = {k.lead_id for k in known}
    for filing in filings:
        assert (filing.lead_id in ids) is not filing.is_new_lead
        assert filing.lead_id not in filing.merged_lead_ids


def test_places_far_apart_are_each_measured_in_their_plane() -> None:
    beijing = shapely.transform(block(0, 0, 100), lambda xy: xy + np.array([-5.0, 9.0]))
    filings = match(
        [sighting("A", beijing), sighting("B", block(0, 0, 100))],
        [lead("K", beijing, Status.CANDIDATE), lead("L", block(0, 0, 100), Status.CANDIDATE)],
    )
    assert [f.lead_id for f in filings] == ["K", "L"]


def test_an_id_given_twice_is_refused() -> None:
    with pytest.raises(InputError, match="given twice"):
        match([sighting("S", block(0, 0, 50)), sighting("S", block(90, 0, 50))], [])


def test_the_shares_are_those_the_design_names() -> None:
    assert identity_rules().growth_share == 0.5
    assert 0 < identity_rules().match_share < 1
    assert 0 < identity_rules().merge_share <= 1
