import pickle
from collections.abc import Callable, Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import InputError
from geo.persistence import PersistenceRule
from models.difference import Difference
from models.evaluation.asked import Always
from models.evaluation.series import PLANS, SAME_SEASON, SEASONS, SeriesPlan, series_report
from models.evaluation.series_rows import EVENT_KINDS, KINDS, SeriesCounts

DIFFERENCE = Always(Difference())

numbers = st.dictionaries(
    st.tuples(st.sampled_from(KINDS), st.sampled_from(["events", "held", "places"])),
    st.integers(0, 99),
)
counts = st.builds(SeriesCounts, numbers, st.integers(0, 999))


@given(st.lists(counts, max_size=5))
def test_counts_add_up(several: list[SeriesCounts]) -> None:
    total = SeriesCounts.sum(several)
    assert total == SeriesCounts.sum(several[::-1])
    assert total.candidates == sum(one.candidates for one in several)
    for kind in KINDS:
        rows = [one.row(kind) for one in several]
        assert total.row(kind) == {name: sum(row[name] for row in rows) for name in total.row(kind)}


def test_the_work_on_a_ground_can_be_sent_to_a_child() -> None:
    def sent(
        function: Callable[[int], dict[str, SeriesCounts]], seeds: Iterable[int]
    ) -> Iterator[dict[str, SeriesCounts]]:
        assert pickle.loads(pickle.dumps(function)) == function  # noqa: S301 (our own bytes)
        return iter([dict.fromkeys(PLANS, SeriesCounts({}, 9)) for _ in seeds])

    report = series_report(DIFFERENCE, 5.0, each=sent)
    assert report["candidates_per_km2"] == pytest.approx(9 / 5 / 4.194304)
    assert len(report["kinds"]) == len(PLANS) * len(KINDS)


@pytest.mark.slow
@pytest.mark.parametrize(
    "plan",
    [
        SeriesPlan(4.0, SAME_SEASON, min_object_px=25),
        SeriesPlan(10.0, SAME_SEASON, min_object_px=12),
    ],
    ids=["clear", "cloudy"],
)
def test_changes_hold_and_look_alikes_fade(plan: SeriesPlan) -> None:
    report = series_report(DIFFERENCE, 4.0, plans={"one": plan})
    rows = {row["kind"]: row for row in report["kinds"]}
    assert set(rows) == set(KINDS)
    raised, held = rows["change"]["raised"], rows["change"]["held"]
    waiting = rows["change"]["pending"] if plan.is_multispectral else 0  # too often under cloud
    assert held + waiting >= 0.8 * raised > 10 and held >= 0.6 * raised
    assert rows["change"]["faded"] == 0
    fading = [rows[kind] for kind in ("ploughing", "nursery_film", "drained_pond", "dust_net")]
    assert sum(row["raised"] for row in fading) > 5
    assert sum(row["held"] for row in fading) <= 0.2 * sum(row["raised"] for row in fading)
    for kind in EVENT_KINDS:
        told = [rows[kind][name] for name in ("held", "pending", "faded")]
        assert sum(told) <= rows[kind]["events"]
    (series,) = report["series"]
    assert series["held_per_km2"] < series["places_per_km2"] <= series["candidates_per_km2"]


@pytest.mark.slow
def test_a_strict_rule_holds_less_of_the_same_candidates() -> None:
    plans = {"10 m": SeriesPlan(10.0, SEASONS[:3], min_object_px=12)}
    usual = series_report(DIFFERENCE, 1.0, 1, plans=plans)
    strict = series_report(DIFFERENCE, 1.0, 1, plans=plans, rule=PersistenceRule(3, 3))
    assert strict["candidates_per_km2"] == usual["candidates_per_km2"]
    assert strict["series"][0]["held_per_km2"] < usual["series"][0]["held_per_km2"]


@pytest.mark.parametrize("days", [(60,), (0, 60), (60, 60), ()])
def test_days_that_make_no_series_are_refused(days: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="later images on days"):
        SeriesPlan(days=days)


def test_no_ground_is_refused() -> None:
    with pytest.raises(InputError, match="needs more than 0"):
        series_report(DIFFERENCE, 0.0)
