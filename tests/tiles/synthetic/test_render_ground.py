from dataclasses import replace
from datetime import date
from functools import cache

import cv2
import numpy as np
import pytest
from affine import Affine
from pyproj import CRS

from geo.change_class import ChangeClass
from geo.errors import GridError
from geo.geobox import GeoBox, Window
from tiles.synthetic.camera import MSI_10M, VHR_A, Camera
from tiles.synthetic.event import Lookalike
from tiles.synthetic.ground import Ground, make_ground
from tiles.synthetic.moment import Moment, moment_of
from tiles.synthetic.render import render
from tiles.synthetic.sky import Scl
from tiles.synthetic.truth import truth

_BEFORE = moment_of(date(2023, 3, 18), tide_m=1.0, seed=1)
_AFTER = moment_of(date(2024, 4, 6), tide_m=1.7, seed=1)
_QUIET = replace(MSI_10M, noise=0.0)


@cache
def _ground() -> Ground:
    return make_ground(31, 1920)


def _ten(moment: Moment, ground: Ground | None = None, camera: Camera = _QUIET) -> np.ndarray:
    ground = ground or _ground()
    return render(ground, moment, camera, ground.geobox(10.0)).raster.pixels


def test_a_window_is_the_crop_of_the_whole_bit_for_bit() -> None:
    whole = _ground().geobox(2.5)
    window = Window(300, 490, 60, 45)  # over the border of two blocks
    camera = replace(VHR_A, shift_m=(0.7, -0.4))
    around = window.pad(17)
    large = render(_ground(), _BEFORE, camera, whole.crop(around)).raster.pixels
    small = render(_ground(), _BEFORE, camera, whole.crop(window)).raster.pixels
    np.testing.assert_array_equal(small, large[:, 17:-17, 17:-17])


def test_the_same_seed_gives_the_same_pixels() -> None:
    first = _ten(_AFTER, make_ground(31, 1920), MSI_10M)
    np.testing.assert_array_equal(first, _ten(_AFTER, camera=MSI_10M))


def test_truth_holds_every_class_and_no_pixel_twice() -> None:
    classes, lookalikes = truth(_ground(), _ground().geobox(2.0), _BEFORE, _AFTER)
    assert set(np.unique(classes)) == set(ChangeClass)
    assert set(np.unique(lookalikes)) == set(Lookalike) - {Lookalike.AFLOAT}
    assert not ((classes > 0) & (lookalikes > 0)).any()


def test_truth_follows_the_outlines() -> None:
    classes, _ = truth(_ground(), _ground().geobox(1.0), _BEFORE, _AFTER)
    for event in (event for event in _ground().events if event.is_change):
        x, y = event.outline.T
        area = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
        (x0, y0), (x1, y1) = event.outline.min(axis=0), event.outline.max(axis=0)
        rows = slice(int(1920 - y1) - 1, int(1920 - y0) + 2)
        cut = classes[rows, int(x0) - 1 : int(x1) + 2]
        assert np.count_nonzero(cut == event.kind) == pytest.approx(area, rel=0.03)


def test_nothing_happens_within_one_day() -> None:
    classes, lookalikes = truth(_ground(), _ground().geobox(10.0), _AFTER, _AFTER)
    assert not classes.any() and not lookalikes.any()


def test_events_change_pixels_inside_their_outline_and_nowhere_far_from_it() -> None:
    bare = replace(_ground(), events=())
    differs = (_ten(_AFTER) != _ten(_AFTER, bare)).any(axis=0)
    never = moment_of(date(2020, 4, 6), tide_m=_AFTER.tide_m)
    classes, lookalikes = truth(_ground(), _ground().geobox(10.0), never, _AFTER)
    marked = ((classes > 0) | (lookalikes > 0)).astype(np.uint8)
    near = cv2.dilate(marked, np.ones((17, 17), np.uint8)) > 0  # shadows reach 64 m, blur 2 px
    assert not differs[~near].any()
    assert differs[marked > 0].mean() > 0.97


def test_what_did_not_change_differs_by_season_only() -> None:
    classes, lookalikes = truth(_ground(), _ground().geobox(10.0), _BEFORE, _AFTER)
    same = cv2.dilate((classes + lookalikes > 0).astype(np.uint8), np.ones((5, 5))) == 0
    before, after = _ten(_BEFORE)[2], _ten(replace(_AFTER, sun=_BEFORE.sun))[2]
    assert np.corrcoef(before[same], after[same])[0, 1] > 0.85
    changed = classes > 0
    step = np.abs(after - before)
    assert step[changed].mean() > 2 * step[same].mean()


def test_ten_metres_are_the_mean_of_two() -> None:
    ground = _ground()
    camera = replace(_QUIET, blur_px=0.0, step=1)
    coarse = render(ground, _BEFORE, camera, ground.geobox(10.0)).raster.pixels[2, 100:160, 20:80]
    window = Window(500, 100, 300, 300)
    fine = render(ground, _BEFORE, camera, ground.geobox(2.0).crop(window)).raster.pixels[2]
    mean = fine.reshape(60, 5, 60, 5).mean(axis=(1, 3))
    assert np.corrcoef(mean.ravel(), coarse.ravel())[0, 1] > 0.95
    assert mean.mean() == pytest.approx(coarse.mean(), rel=0.05)


def test_the_shift_moves_the_picture() -> None:
    ground = _ground()
    box = ground.geobox(2.0).crop(Window(520, 60, 200, 200))
    still = render(ground, _BEFORE, replace(VHR_A, noise=0.0), box).raster.pixels[1]
    moved = replace(VHR_A, noise=0.0, shift_m=(4.0, -6.0))  # two columns east, three rows south
    other = render(ground, _BEFORE, moved, box).raster.pixels[1]
    assert np.mean(np.abs(other[3:, 2:] - still[:-3, :-2]) > 1) < 0.001


def test_cloud_is_classified_and_masked() -> None:
    cloudy = moment_of(date(2023, 8, 5), cloud=0.4, seed=4)
    image = render(_ground(), cloudy, MSI_10M, _ground().geobox(10.0))
    assert image.scl is not None
    high = image.scl == Scl.CLOUD_HIGH
    assert 0.05 < high.mean() < 0.8
    assert not image.raster.valid[high].any()
    assert image.raster.pixels[0][high].mean() > image.raster.pixels[0][~high].mean() + 1000


def test_a_foreign_grid_is_refused() -> None:
    box = GeoBox(CRS.from_epsg(32651), Affine(10, 0, 380000, 0, -10, 3500000), 10, 10)
    with pytest.raises(GridError, match="EPSG:4549"):
        render(_ground(), _BEFORE, VHR_A, box)
