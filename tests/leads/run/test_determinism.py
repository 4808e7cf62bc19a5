"""One plan, one result; and for pointwise detectors, one result whatever the tile size."""

from dataclasses import replace
from pathlib import Path

import pytest

from leads.run.detect import detect
from leads.run.detection import Detection
from leads.run.request import Request
from leads.run.runner import Inline, pool


@pytest.fixture(scope="module")
def request_small(small_ground: Path) -> Request:
    return Request(
        before=str(small_ground / "before.tif"),
        after=str(small_ground / "after.tif"),
        layers=(small_ground / "layers.gpkg",),
        detector="difference",
        min_area_m2=200,
    )


@pytest.fixture(scope="module")
def whole(request_small: Request) -> Detection:
    return detect(request_small, Inline())


def test_it_finds_something(whole: Detection) -> None:
    assert len(whole.leads) > 3


def test_a_rerun_in_other_processes_gives_the_same_ids(
    request_small: Request, whole: Detection
) -> None:
    with pool(2) as runner:
        again = detect(request_small, runner)
    assert again.record.run_id == whole.record.run_id
    assert again.leads == whole.leads


@pytest.mark.parametrize("detector", ["difference", "irmad"])
@pytest.mark.parametrize("tile_px", [96, 200])
def test_tile_size_changes_nothing(request_small: Request, detector: str, tile_px: int) -> None:
    request = replace(request_small, detector=detector)
    one = detect(request, Inline())
    other = detect(replace(request, tile_px=tile_px), Inline())
    assert [(lead.geometry, lead.score, lead.overlaps) for lead in other.leads] == [
        (lead.geometry, lead.score, lead.overlaps) for lead in one.leads
    ]


def test_the_network_gives_the_same_in_other_processes(request_small: Request) -> None:
    request = replace(request_small, detector="siamese")
    one = detect(request, Inline())
    with pool(2) as runner:
        again = detect(request, runner)
    assert again.record.run_id == one.record.run_id
    assert again.leads == one.leads and one.leads
    assert all(lead.uncertainty is not None for lead in one.leads)


def test_order_of_the_tiles_changes_nothing(request_small: Request, whole: Detection) -> None:
    class Backwards(Inline):
        def map(self, function, items):  # noqa: ANN001, ANN202
            return super().map(function, reversed(list(items)))

    assert detect(request_small, Backwards()).leads == whole.leads


def test_other_inputs_give_another_run(request_small: Request, whole: Detection) -> None:
    other = detect(replace(request_small, threshold=0.9), Inline())
    assert other.record.run_id != whole.record.run_id
    assert not {lead.lead_id for lead in other.leads} & {lead.lead_id for lead in whole.leads}
