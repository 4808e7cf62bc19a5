"""Outlines say what the mask says, however the grid is cut."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pyproj import CRS
from shapely import MultiPolygon

from geo.change_class import ChangeClass
from geo.dissolve import candidates_of, dissolve
from geo.errors import GridError
from geo.geobox import GeoBox
from geo.raster import ChangeMap
from geo.tiling import Tile, tiles_of
from geo.vectorise import FULL, vectorise
from geo.water import Wet, wet_of

SIDE = 17
GRID = GeoBox(CRS.from_epsg(4549), Affine(2, 0, 570_000, 0, -2, 3_500_000), SIDE, SIDE)
REACH = 2
MASKS = arrays(np.bool_, (SIDE, SIDE), elements=st.booleans())


def change_map(mask: np.ndarray, seed: int = 0) -> ChangeMap:
    rng = np.random.default_rng(seed)
    probability = np.where(mask, rng.uniform(0.5, 1, mask.shape), rng.uniform(0, 0.49, mask.shape))
    classes = rng.integers(0, len(ChangeClass), mask.shape, dtype=np.uint8)
    unsure = rng.uniform(0, 1, mask.shape).astype(np.float32)
    observed = np.ones(mask.shape, dtype=np.bool_)
    return ChangeMap(GRID, probability.astype(np.float32), observed, classes, unsure)


def patches(
    change: ChangeMap, tile_px: int, speck_pixels: int = 1, dates: tuple | None = None
) -> list:
    found = []
    for tile in tiles_of(GRID.shape, tile_px, REACH if dates else 0):
        part = change.crop(*tile.core.slices, GRID.crop(tile.core))
        wet = dates and seen_by(tile, *dates)
        found += vectorise(part, tile.core, 0.5, speck_pixels, wet)
    return dissolve(found)


def seen_by(tile: Tile, before: np.ndarray, after: np.ndarray) -> Wet:
    """What one tile knows of water, its halo included; beyond the grid nothing was observed."""

    def padded(mask: np.ndarray) -> np.ndarray:
        top, left = tile.padded.row + REACH, tile.padded.col + REACH
        wide = np.pad(mask, REACH)
        return wide[top : top + tile.padded.height, left : left + tile.padded.width]

    observed = padded(np.ones((SIDE, SIDE), dtype=np.bool_))
    wet = wet_of(padded(before), padded(after), observed, REACH)
    return wet.crop(*tile.core_in_padded.slices)


@given(MASKS, st.integers(3, SIDE))
@settings(max_examples=60, deadline=None)
def test_any_tiling_gives_the_same_patches(mask: np.ndarray, tile_px: int) -> None:
    change = change_map(mask)
    whole, cut = patches(change, SIDE), patches(change, tile_px)
    assert [p.outline.wkb for p in cut] == [p.outline.wkb for p in whole]
    assert [p.class_sums for p in cut] == [p.class_sums for p in whole]
    assert [p.uncertainty_sum for p in cut] == [p.uncertainty_sum for p in whole]


@given(MASKS, MASKS, MASKS, st.integers(3, SIDE))
@settings(max_examples=60, deadline=None)
def test_any_tiling_counts_the_same_water(
    mask: np.ndarray, before: np.ndarray, after: np.ndarray, tile_px: int
) -> None:
    change, dates = change_map(mask), (before, after)
    whole, cut = patches(change, SIDE, dates=dates), patches(change, tile_px, dates=dates)
    assert [(p.outline.wkb, p.water) for p in cut] == [(p.outline.wkb, p.water) for p in whole]
    left = mask & ~(before & after)
    assert sum(p.pixels for p in whole) == left.sum()
    assert sum(p.water.before for p in whole) == (left & before).sum()
    assert sum(p.water.after for p in whole) == (left & after).sum()


@settings(deadline=None)
@given(MASKS, MASKS)
def test_patches_without_steady_water_are_as_if_nobody_asked(
    mask: np.ndarray, water: np.ndarray
) -> None:
    change = change_map(mask)
    wet = {replace(p, water=None) for p in patches(change, 7, dates=(water, water))}
    for dry in patches(change, 7):
        rows, cols = inside(dry.outline)
        if not water[rows, cols].any():
            assert dry in wet


def inside(outline: MultiPolygon) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the pixels of an outline in pixels."""
    rows, cols = np.mgrid[:SIDE, :SIDE]
    within = shapely.contains_xy(outline, cols + 0.5, rows + 0.5)
    return rows[within], cols[within]


@settings(deadline=None)
@given(MASKS)
def test_outlines_are_valid_and_hold_their_pixels(mask: np.ndarray) -> None:
    found = patches(change_map(mask), 5)
    assert sum(p.pixels for p in found) == mask.sum()
    for patch in found:
        assert patch.outline.is_valid
        assert patch.outline.area == patch.pixels


@settings(deadline=None)
@given(MASKS, st.integers(2, 9), st.integers(3, SIDE))
def test_specks_go_and_only_specks(mask: np.ndarray, speck: int, tile_px: int) -> None:
    change = change_map(mask)
    kept = [p for p in patches(change, tile_px, speck) if p.pixels >= speck]
    all_of_them = [p for p in patches(change, tile_px, 1) if p.pixels >= speck]
    assert [p.outline.wkb for p in kept] == [p.outline.wkb for p in all_of_them]


def test_unobserved_pixels_make_nothing() -> None:
    full = change_map(np.ones((SIDE, SIDE), dtype=np.bool_))
    hidden = ChangeMap(GRID, full.probability, np.zeros((SIDE, SIDE), dtype=np.bool_))
    assert patches(hidden, 5) == []


def test_candidate_carries_score_class_and_area() -> None:
    mask = np.zeros((SIDE, SIDE), dtype=np.bool_)
    mask[3:9, 4:14] = True
    probability = np.where(mask, np.float32(0.75), np.float32(0.1)).astype(np.float32)
    classes = np.full(mask.shape, ChangeClass.WASTE_HEAP, dtype=np.uint8)
    change = ChangeMap(GRID, probability, np.ones(mask.shape, dtype=np.bool_), classes)
    (candidate,) = candidates_of(patches(change, 7), GRID, min_area_m2=200, min_pixels=50)
    assert candidate.pixels == 60
    assert abs(candidate.score - 0.75) < 1 / FULL
    assert candidate.change_class is ChangeClass.WASTE_HEAP
    assert candidate.uncertainty is None
    assert abs(candidate.area_m2 - 240) < 0.3
    assert candidate.geometry.bounds == (570_008, 3_499_982, 570_028, 3_499_994)


def test_candidate_carries_uncertainty_over_seams() -> None:
    mask = np.zeros((SIDE, SIDE), dtype=np.bool_)
    mask[3:9, 4:14] = True
    unsure = np.where(np.arange(SIDE) < 9, 0.25, 0.75) * np.ones((SIDE, 1))
    change = replace(change_map(mask), uncertainty=unsure.astype(np.float32))
    (candidate,) = candidates_of(patches(change, 7), GRID, min_area_m2=200, min_pixels=50)
    assert candidate.uncertainty == pytest.approx(0.5, abs=1 / FULL)
    with pytest.raises(GridError, match="uncertainty"):
        replace(candidate, uncertainty=1.5)


def test_a_class_nobody_knows_is_refused() -> None:
    change = change_map(np.ones((SIDE, SIDE), dtype=np.bool_))
    unknown = np.full((SIDE, SIDE), len(ChangeClass), dtype=np.uint8)
    with pytest.raises(GridError, match="class code 12"):
        replace(change, classes=unknown)


def test_small_candidates_are_not_presented() -> None:
    mask = np.zeros((SIDE, SIDE), dtype=np.bool_)
    mask[2:9, 2:9] = True
    found = patches(change_map(mask), SIDE)
    assert candidates_of(found, GRID, min_area_m2=0, min_pixels=50) == []
    assert candidates_of(found, GRID, min_area_m2=200, min_pixels=1) == []
    assert len(candidates_of(found, GRID, min_area_m2=190, min_pixels=49)) == 1
