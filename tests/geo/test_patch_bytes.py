"""Patches come back from bytes as they were, and damaged bytes are told."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from shapely import MultiPolygon, box

from geo.errors import StoreError
from geo.geobox import Window
from geo.patch_bytes import patches_from_bytes, patches_to_bytes
from geo.raster import ChangeMap
from geo.vectorise import Patch, vectorise
from geo.water import wet_of
from tests.geo.test_vectorise import GRID, MASKS, SIDE, change_map


def as_values(patches: list[Patch]) -> list[tuple]:
    """Field by field, outlines by their bytes: order of parts, rings and corners counts."""
    names = [field.name for field in fields(Patch) if field.name != "outline"]
    return [
        (p.outline.wkb, *((getattr(p, n), type(getattr(p, n))) for n in names)) for p in patches
    ]


@settings(deadline=None)
@given(MASKS, st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6))
def test_patches_come_back_as_they_were(mask: np.ndarray, row: int, col: int) -> None:
    full = change_map(mask)
    wet = wet_of(mask, mask.T, full.observed, 2)
    for change in (full, ChangeMap(GRID, full.probability, full.observed)):
        found = vectorise(change, Window(row, col, SIDE, SIDE), 0.5, 1)
        found += vectorise(change, Window(row, col, SIDE, SIDE), 0.5, 1, wet)
        assert as_values(patches_from_bytes(patches_to_bytes(found))) == as_values(found)


@given(
    arrays(np.int64, 4, elements=st.integers(0, 2**62)),
    st.tuples(st.integers(1 - 2**30, 2**30 - 2), st.integers(1 - 2**30, 2**30 - 2)),
)
def test_large_numbers_come_back(totals: np.ndarray, corner: tuple[int, int]) -> None:
    col, row = corner
    outline = MultiPolygon([box(col, row, 2**30 - 1, 2**30 - 1)])
    pixels, probability, one, unsure = totals.tolist()
    patch = Patch(outline, pixels, probability, (one, 0), unsure, at_seam=True)
    assert as_values(patches_from_bytes(patches_to_bytes([patch]))) == as_values([patch])


def test_corners_between_pixels_are_refused() -> None:
    patch = Patch(MultiPolygon([box(0, 0, 1.5, 1)]), 1, 1, (1,), None, at_seam=False)
    with pytest.raises(ValueError, match="no whole pixels"):
        patches_to_bytes([patch])


def test_bytes_of_an_earlier_version_are_refused() -> None:
    kept = patches_to_bytes([])
    with pytest.raises(StoreError, match="another version wrote them"):
        patches_from_bytes(b"HXP1" + kept[4:])


@settings(deadline=None)
@given(st.data())
def test_damaged_bytes_are_told(data: st.DataObject) -> None:
    """Each byte changed, cut short or prolonged gives StoreError: deflate carries a checksum."""
    kept = patches_to_bytes(
        vectorise(change_map(np.eye(SIDE, dtype=bool)), Window(0, 0, 17, 17), 0.5, 1)
    )
    at = data.draw(st.integers(0, len(kept) - 1))
    other = data.draw(st.integers(1, 255))
    flipped = kept[:at] + bytes([kept[at] ^ other]) + kept[at + 1 :]
    for damaged in (kept[:at], kept + b"x", flipped):
        with pytest.raises(StoreError):
            patches_from_bytes(damaged)
