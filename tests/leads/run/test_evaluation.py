from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from geo.errors import InputError
from leads.domain.status import Priority
from leads.run.detection import Detection
from leads.run.evaluation import SETS, SetRequest, evaluate_set
from leads.run.quiet import QuietGround, QuietLine, quiet_report
from leads.run.request import Request
from leads.run.runner import Inline
from models.evaluation.asked import Always, Asked
from models.evaluation.conditions import Condition
from models.evaluation.made_ground import made_pair
from models.registry import detector_named
from tiles.files.open_scene import open_scene
from tiles.synthetic.ground import make_ground

ASKED = Asked(Always(detector_named("difference")))


def test_leads_worth_a_trip_are_told_per_100_km2() -> None:
    grounds = [
        QuietGround(500.0, Counter({Priority.P2: 1, Priority.P3: 4, Priority.P4: 70})),
        QuietGround(500.0, Counter({Priority.P4: 25})),
    ]
    report = quiet_report(iter(grounds))
    assert (report["grounds"], report["km2"], report["candidates"]) == (2, 1000.0, 100)
    assert report["candidates_per_km2"] == 0.1
    assert (report["leads_p1_to_p3"], report["leads_p1_to_p3_per_100_km2"]) == (5, 0.5)
    low, high = report["intervals"]["leads_p1_to_p3_per_100_km2"]
    assert (low, high) == pytest.approx((0.1623, 1.1668), abs=1e-4)
    assert report["leads_by_priority"] == {"P1": 0, "P2": 1, "P3": 4, "P4": 95}


@pytest.mark.parametrize(
    ("name", "request_", "told"),
    [
        ("nothing", SetRequest(ASKED, "difference"), "there are made:ground, made:quiet"),
        ("ground", SetRequest(ASKED, "difference", pairs=Path()), "only made:dumps"),
        (
            "quiet",
            SetRequest(Asked(ASKED.detector, condition=Condition(haze=0.1)), "difference"),
            "takes no condition",
        ),
        ("quiet", SetRequest(ASKED, "difference", pictures=Path("x")), "draws no pictures"),
        ("series", SetRequest(Asked(ASKED.detector, 0.7), "difference"), "fixed threshold"),
    ],
)
def test_questions_a_set_cannot_answer(name: str, request_: SetRequest, told: str) -> None:
    with pytest.raises(InputError, match=told):
        evaluate_set(name, request_, Inline())


@pytest.mark.slow
def test_quiet_ground_is_seen_in_all_its_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four bands of 8 bits are no colours with transparency."""
    small = replace(made_pair(940_000), ground=make_ground(940_000, 1500.0))
    looked: list[tuple[str, ...]] = []

    def opened(request: Request, *_: object, **__: object) -> Detection:
        looked.extend(
            open_scene(path, date(2024, 1, 1)).band_names
            for path in (request.before, request.after)
        )
        raise InputError("seen")

    monkeypatch.setattr("leads.run.quiet.made_pair", lambda _: small)
    monkeypatch.setattr("leads.run.quiet.detect", opened)
    with pytest.raises(InputError, match="seen"):
        QuietLine("difference", 0.5)(940_000)
    assert looked == [("blue", "green", "red", "nir")] * 2


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(SETS) - {"flights"}))
def test_a_made_set_gives_a_report(name: str) -> None:
    report = evaluate_set(name, SetRequest(ASKED, "difference", km2=1.0), Inline())
    assert (report["set"], report["detector"]) == (f"made:{name}", "difference")
    assert 4.0 < report["km2"] <= 4.2 and report["seconds"] > 0
    low, high = report["intervals"]["candidates_per_km2"]
    assert low <= report["candidates_per_km2"] <= high
