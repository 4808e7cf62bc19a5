"""Made-up flights: drawn as files, brought together, counted."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from affine import Affine

from geo.crs import SHANGHAI_PLANE
from geo.geobox import GeoBox
from geo.raster import Pair, Raster
from models.evaluation import made_flights
from models.evaluation.asked import Always, Asked
from models.evaluation.case import Case
from models.evaluation.flown import BEFORES, Flown, flown_over
from models.evaluation.made_flights import Looked, flights_report, looked_at, tables
from models.registry import detector_named
from tiles.drone.bring import Placing

ASKED = Asked(Always(detector_named("difference")))
SEED = 1_000_001
SIZE = 160


def flown(east_m: float) -> Flown:
    """Noise in which a square of 12 m appears, of quarter-metre pixels; placed so well."""
    rng = np.random.default_rng(3)
    grid = GeoBox(SHANGHAI_PLANE, Affine(0.25, 0, 20_000, 0, -0.25, 30_000), SIZE, SIZE)
    before = rng.normal(120, 10, (3, SIZE, SIZE)).astype(np.float32)
    changed = np.zeros((SIZE, SIZE), np.bool_)
    changed[20:68, 30:78] = True
    after = before + rng.normal(0, 3, before.shape).astype(np.float32) + 90 * changed
    pair = Pair(
        *(
            Raster(grid, ("red", "green", "blue"), np.float32(pixels), np.ones_like(changed))
            for pixels in (before, after)
        )
    )
    placing = Placing(east_m, 0.0, 0.99, 0.1, applied=True, why="moved")
    case = Case("made", pair, changed, 0.25, changed.astype(np.uint8), np.zeros_like(changed, "u1"))
    return Flown(case, placing, 0.05 * east_m)


def test_a_report_adds_up_what_was_looked_at() -> None:
    looked = [looked_at(ASKED, "flight", "orthophoto", flown(shift), 1) for shift in (1.0, 3.0)]
    unmoved = replace(looked[0].placing, applied=False)
    looked += [Looked("flight", "quick_look", looked[0].changes, looked[0].heaps, unmoved, None)]
    report = tables(looked)
    changes = [row for row in report["objects"] if row["what"] == "changes"]
    assert [(row["made"], row["labelled"], row["found"]) for row in changes] == [
        ("orthophoto", 2, 2), ("quick_look", 1, 1)
    ]  # fmt: skip
    assert changes[0]["km2"] == pytest.approx(2 * 0.04**2)
    assert [(row["from_m2"], row["found"]) for row in report["by_area"][:3]] == [
        (25.0, 0), (60.0, 2), (200.0, 0)
    ]  # fmt: skip
    first, second = report["positions"]
    assert (first["flights"], first["moved"]) == (2, 2)
    assert first["off_rms_m"] == pytest.approx(0.05 * np.sqrt(5))
    assert first["off_worst_m"] == pytest.approx(0.15) and first["told_left_m"] == 0.1
    assert (second["moved"], second["off_rms_m"], second["told_left_m"]) == (0, None, None)


def test_the_floors_grow_with_the_earlier_pixel() -> None:
    floors = [against.floor_m2 for against in BEFORES.values()]
    assert floors == sorted(floors)


def each(function: Callable[[int], list[Any]], seeds: Iterable[int]) -> Iterator[list[Any]]:
    return map(function, seeds)


class Inline:
    """Runs everything here."""

    def run(self, function: Callable[..., Any], *args: object) -> Any:  # noqa: ANN401
        return function(*args)

    def map(self, function: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[Any]:
        return map(function, items)


@pytest.mark.slow
def test_a_flight_and_its_befores_lie_on_one_grid_with_their_truth() -> None:
    for one, gsd_m in zip(flown_over(SEED, ["flight", "aerial"], 60.0), (0.25, 0.5), strict=True):
        case = one.case
        assert case.pair.before.geobox == case.pair.after.geobox
        assert case.pair.bands == ("red", "green", "blue")
        assert case.changed.any() and case.gsd_m == pytest.approx(gsd_m)
        assert one.placing.applied and one.off_m is not None and one.off_m < 1.0


@pytest.mark.slow
def test_a_small_report_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made_flights, "PARTS", ((("satellite",), 640.0, 2.0),))
    report = flights_report(ASKED, 0.4, 1, each, Inline(), photographed=0)
    assert [(row["before"], row["what"]) for row in report["objects"]] == [
        ("satellite", "changes"), ("satellite", "heaps")
    ]  # fmt: skip
    assert 0.38 < report["objects"][0]["km2"] < 0.42
    assert report["positions"][0]["flights"] == 1
