"""Outlines are what the union of the pixels' squares would be, ring for ring."""

import cv2
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from geo.outlines import outlines

MASKS = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=14), elements=st.booleans())


def components(mask: np.ndarray) -> tuple[np.ndarray, int]:
    count, labels = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)
    return labels, count


def squares(mask: np.ndarray) -> shapely.MultiPolygon:
    """The pixels' squares in one, bare of corners on straight edges."""
    rows, cols = np.nonzero(mask)
    union = shapely.union_all(shapely.box(cols, rows, cols + 1, rows + 1))
    bare = shapely.normalize(shapely.simplify(shapely.normalize(union), 0, preserve_topology=False))
    return shapely.normalize(shapely.multipolygons(shapely.get_parts(bare)))


@settings(deadline=None)
@given(MASKS, st.data())
def test_an_outline_is_the_union_of_its_pixels(mask: np.ndarray, data: st.DataObject) -> None:
    labels, count = components(mask)
    wanted = np.zeros(count, np.bool_)
    chosen = st.lists(st.booleans(), min_size=count - 1, max_size=count - 1)
    wanted[1:] = data.draw(chosen)
    if not wanted.any():
        return
    found = outlines(mask, labels, wanted)
    assert [one.wkb for one in found] == [
        squares(labels == label).wkb for label in np.flatnonzero(wanted)
    ]
    assert shapely.is_valid(found).all()


@pytest.mark.parametrize(
    ("rows", "parts", "holes"),
    [
        (["#"], 1, 0),
        (["###", "#.#", "###"], 1, 1),
        (["#.", ".#"], 2, 0),  # two pixels at a corner: two parts of one component
        ([".##", "#.#", "###"], 1, 1),  # the ring is closed by a corner alone: still a hole
        (["#####", "#.#.#", "#####"], 1, 2),
        (["#####", "#.###", "##.##", "#####"], 1, 2),  # holes that touch at a corner
        (["#####", "#...#", "#.#.#", "#...#", "#####"], 1, 1),  # an island is a component apart
    ],
)
def test_parts_and_holes(rows: list[str], parts: int, holes: int) -> None:
    mask = np.array([[pixel == "#" for pixel in row] for row in rows])
    labels, count = components(mask)
    wanted = np.zeros(count, np.bool_)
    wanted[labels[0, -1] or 1] = True
    (found,) = outlines(mask, labels, wanted)
    assert len(found.geoms) == parts
    assert sum(len(part.interiors) for part in found.geoms) == holes
