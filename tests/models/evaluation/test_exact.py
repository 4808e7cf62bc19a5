import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, chi2, poisson

from geo.errors import InputError
from models.evaluation.exact import Rate, binomial_interval, poisson_interval


@given(st.integers(0, 5000))
def test_the_poisson_interval_is_garwoods(count: int) -> None:
    low, high = poisson_interval(count)
    assert low == pytest.approx(chi2.ppf(0.025, 2 * count) / 2 if count else 0.0)
    assert high == pytest.approx(chi2.ppf(0.975, 2 * count + 2) / 2)
    assert low <= count <= high


@given(st.integers(0, 200), st.floats(0.5, 0.99))
def test_its_ends_leave_the_promised_tails(count: int, confidence: float) -> None:
    low, high = poisson_interval(count, confidence)
    assert poisson.cdf(count, high) == pytest.approx((1 - confidence) / 2)
    if count:
        assert poisson.sf(count - 1, low) == pytest.approx((1 - confidence) / 2)


def test_known_values() -> None:
    assert poisson_interval(0) == pytest.approx((0, 3.689), abs=1e-3)
    assert poisson_interval(10) == pytest.approx((4.795, 18.390), abs=1e-3)
    nothing = Rate(0, 1000.0)
    assert nothing.per(100) == 0 and nothing.interval(100)[1] == pytest.approx(0.3689, abs=1e-4)


@given(st.integers(0, 300), st.integers(0, 300))
def test_the_binomial_interval_is_scipys(one: int, other: int) -> None:
    hit, count = min(one, other), max(one, other)
    found = binomial_interval(hit, count)
    if count == 0:
        assert found is None
        return
    want = binomtest(hit, count).proportion_ci(method="exact")
    assert found == pytest.approx((want.low, want.high))


@pytest.mark.parametrize(("count", "km2"), [(-1, 1.0), (0, 0.0), (3, float("nan"))])
def test_a_rate_needs_a_count_and_an_area(count: int, km2: float) -> None:
    with pytest.raises(InputError, match="needs a count and an area"):
        Rate(count, km2)
