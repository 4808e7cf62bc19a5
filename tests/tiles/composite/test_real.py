from pathlib import Path

import cv2
import numpy as np
import pytest

from geo.errors import InputError
from tests.tiles.composite.made_scenes import scene
from tiles.composite import RealHeap, real_heaps
from tiles.composite.real import MAX_EDGE_PX, placed


def write(folder: Path, stem: str, mask: np.ndarray, suffix: str = ".png") -> None:
    for name in ("image", "mask"):
        (folder / name).mkdir(exist_ok=True)
    image = scene(len(stem), 3, mask.shape[0]).astype(np.uint8).transpose(1, 2, 0)
    cv2.imwrite(str(folder / "image" / f"{stem}.png"), image)
    cv2.imwrite(str(folder / "mask" / f"{stem}{suffix}"), mask)


def test_each_part_of_a_mask_is_a_heap(tmp_path: Path) -> None:
    mask = np.zeros((200, 200), np.uint8)
    mask[20:40, 30:60] = 255
    mask[100:110, 100:120] = 255
    mask[5, 5] = 255
    write(tmp_path, "a", mask)
    write(tmp_path, "b", np.ones((200, 200), np.uint8))
    large, small, whole = real_heaps(tmp_path)
    assert large.mask.sum() == 20 * 30 and small.mask.sum() == 10 * 20
    assert large.pixels.shape == (3, 26, 36) and large.pixels.dtype == np.float32
    assert max(whole.mask.shape) == MAX_EDGE_PX
    assert large.pixels.min() > -0.5 and large.pixels.max() < 1.5


def test_a_mask_may_be_a_jpeg(tmp_path: Path) -> None:
    mask = np.zeros((120, 120), np.uint8)
    mask[40:80, 40:80] = 255
    write(tmp_path, "a", mask, ".jpeg")
    (heap,) = real_heaps(tmp_path)
    assert heap.mask.sum() == pytest.approx(1600, rel=0.03)


def test_a_heap_is_placed_at_its_size() -> None:
    mask = np.zeros((30, 40), np.bool_)
    mask[10:20, 5:35] = True
    heap = RealHeap(np.ones((3, 30, 40), np.float32), mask)
    for seed in range(8):
        field, levels = placed(np.random.default_rng(seed), heap, 100, 30.0)
        assert field.shape == (100, 100) and levels.shape == (3, 100, 100)
        assert (field > 0).sum() == pytest.approx(60 * 20, rel=0.15)
        rows, cols = np.nonzero(field > 0)
        assert abs(rows.mean() - 50) < 2 and abs(cols.mean() - 50) < 2


def test_a_heap_that_fills_its_cut_ends_there() -> None:
    heap = RealHeap(np.ones((3, 20, 20), np.float32), np.ones((20, 20), np.bool_))
    for seed in range(8):
        field, _ = placed(np.random.default_rng(seed), heap, 120, 20.0)
        assert (field > 0).sum() == pytest.approx(40 * 40, rel=0.15)


def test_folders_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        real_heaps(tmp_path)
    write(tmp_path, "a", np.zeros((30, 30), np.uint8))
    with pytest.raises(InputError, match="no heap of 20 pixels"):
        real_heaps(tmp_path)
    (tmp_path / "image" / "b.png").write_bytes(b"")
    with pytest.raises(InputError, match="'b' is in one"):
        real_heaps(tmp_path)


def test_a_heap_without_pixels_is_refused() -> None:
    with pytest.raises(InputError, match="a pixel of the heap"):
        RealHeap(np.zeros((3, 4, 4), np.float32), np.zeros((4, 4), np.bool_))
