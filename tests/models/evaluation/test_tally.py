from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from geo.change_class import ChangeClass
from geo.errors import InputError
from geo.raster import ChangeMap, Pair
from models.evaluation.asked import Always, Asked
from models.evaluation.case import DECOY, Case
from models.evaluation.evaluate import look, report_of
from models.evaluation.pictures import choose, draw_chosen
from models.evaluation.tally import NOT_FOUND, tally_of
from tiles.synthetic.event import Lookalike


@dataclass(frozen=True)
class Painted:
    """Says what the after image's second band holds, and the class in its third."""

    name: str = "painted"
    bands: tuple[str, ...] = ()
    halo_px: int = 0
    multiple_px: int = 1
    weights_sha256: str | None = None

    @property
    def coefficients(self) -> dict[str, object]:
        return {}

    def calibrated(self, mean_probability: float) -> float:
        return mean_probability

    def fit(self, sample: Sequence[Pair]) -> "Painted":
        assert len(sample) == 1
        return self

    def __call__(self, pair: Pair) -> ChangeMap:
        _, probability, classes = pair.after.pixels
        return ChangeMap(pair.geobox, probability, pair.observed, classes.astype(np.uint8))


@pytest.fixture
def case(pair_of: Callable[..., Pair]) -> Case:
    """A heap found as a heap, a pit missed, a film and a decoy called, 40 x 40 px of 10 m."""
    changed, alike = np.zeros((40, 40), dtype=bool), np.zeros((40, 40), dtype=np.uint8)
    classes, said = alike.copy(), alike.copy()
    probability = np.zeros((40, 40), dtype=np.float32)
    changed[2:12, 2:12] = changed[30:38, 2:6] = True
    classes[2:12, 2:12], classes[30:38, 2:6] = ChangeClass.WASTE_HEAP, ChangeClass.EXCAVATION
    probability[2:12, 2:12], said[2:12, 2:12] = 0.75, ChangeClass.WASTE_HEAP
    alike[2:12, 22:32], alike[20:30, 22:32] = Lookalike.NURSERY_FILM, DECOY
    probability[2:12, 22:32] = 0.875
    after = np.stack([np.zeros_like(probability), probability, said])
    return Case("made", pair_of(np.zeros_like(after), after), changed, 10.0, classes, alike)


def test_everything_is_counted(case: Case) -> None:
    asked = Asked(Always(Painted()), against=Always(Painted()))
    report = report_of(list(look([lambda: case] * 2, asked)), asked, 0.0)
    assert (report.km2, report.false_candidates, report.candidates_per_km2) == (0.32, 2, 6.25)
    assert report.object_recall == 0.5 and report.object_precision == 0.5
    rows = {row.kind: (row.count, row.hit) for row in (*report.by_class, *report.by_lookalike)}
    assert rows == {
        "waste_heap": (2, 2),
        "excavation": (2, 0),
        "nursery_film": (2, 2),
        "decoy": (2, 0),
    }
    accuracy = report.class_accuracy_on_synthetic_ground
    assert accuracy is not None and (accuracy.count, accuracy.share) == (2, 1.0)
    assert report.recall_of_presentable.count == 2  # the pit has 32 pixels
    point = report.recall_at_1_per_km2
    assert (point.labelled, point.found, point.false_candidates) == (2, 0, 0)
    assert report.candidate_calibration_error == pytest.approx((0.25 + 0.875) / 2)
    assert report.against is not None and report.against.difference == 0


def test_what_is_ignored_is_not_counted(case: Case) -> None:
    ignored = np.zeros((40, 40), dtype=bool)
    ignored[:, 20:] = True
    change = Painted()(case.pair)
    found = tally_of(replace(case, ignored=ignored), change, 0.5, 50)
    assert (found.pixels, found.counts.false_alarms, len(found.lookalikes.codes)) == (800, 0, 0)
    assert found.labelled.scores.tolist() == [0.75, NOT_FOUND]


def test_best_worst_and_alarm_are_drawn(case: Case) -> None:
    quiet = replace(case, changed=np.zeros_like(case.changed))
    sources = [lambda: case, lambda: quiet]
    asked = Asked(Always(Painted()))
    chosen = choose([one.ours for one in look(sources, asked)])
    assert [(one.title, one.index) for one in chosen] == [
        ("best-1", 0),
        ("worst-1", 0),
        ("alarm-1", 1),
        ("alarm-2", 0),
    ]
    drawn = dict(draw_chosen(chosen, sources, asked, map))
    assert list(drawn) == [f"{one.title}.png" for one in chosen]
    assert all(png.startswith(b"\x89PNG") for png in drawn.values())


def test_wrong_questions_and_cases_are_refused(case: Case) -> None:
    for wrong in ({"threshold": 0.0}, {"min_object_px": 0}):
        with pytest.raises(InputError, match=r"need"):
            Asked(Always(Painted()), **wrong)
    with pytest.raises(InputError, match="make them equal"):
        replace(case, classes=np.zeros((3, 3), dtype=np.uint8))
    with pytest.raises(InputError, match="need more than 0"):
        replace(case, gsd_m=0.0)
