"""Two drone images: compared on a grid that suits the detector, floored by their own pixels."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from affine import Affine

from geo.crs import SHANGHAI_PLANE
from geo.geobox import GeoBox
from leads.run.prepared import Planned, plan_pair
from leads.run.request import Request
from leads.run.runner import Inline
from tiles.common_grid import gsd_m
from tiles.synthetic.sample import write_tif


def planned(folder: Path, gsd: float, before_gsd: float | None = None, **more: float) -> Planned:
    paths = []
    for day, size in ((date(2023, 5, 1), before_gsd or gsd), (date(2024, 5, 1), gsd)):
        edge = round(20 / size)
        grid = GeoBox(SHANGHAI_PLANE, Affine(size, 0, 20_000, 0, -size, 30_000), edge, edge)
        pixels = np.random.default_rng(day.year).integers(1, 255, (3, edge, edge), np.uint8)
        paths.append(folder / f"{day}.tif")
        write_tif(paths[-1], grid, pixels, ("red", "green", "blue"), day)
    request = Request(str(paths[0]), str(paths[1]), detector="difference", **more)  # type: ignore[arg-type]
    return plan_pair(request, Inline())


def test_5_cm_pixels_are_put_together_and_keep_their_floor(tmp_path: Path) -> None:
    plan = planned(tmp_path, 0.05).plan
    assert gsd_m(plan.grid) == pytest.approx(0.25)
    assert plan.min_area_m2 == 25


def test_a_coarser_before_decides_grid_and_floor(tmp_path: Path) -> None:
    plan = planned(tmp_path, 0.05, 0.5).plan
    assert gsd_m(plan.grid) == pytest.approx(0.5)
    assert plan.min_area_m2 == 200


def test_a_floor_that_is_asked_for_is_kept(tmp_path: Path) -> None:
    assert planned(tmp_path, 0.05, min_area_m2=4).plan.min_area_m2 == 4
