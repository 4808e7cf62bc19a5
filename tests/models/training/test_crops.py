from pathlib import Path

import numpy as np
import pytest

from geo.change_class import ChangeClass
from models.network import BANDS
from models.training import crops as made
from models.training.bank import UNKNOWN, Tile, tile_of
from models.training.config import Source
from models.training.crops import Crops

EDGE = 64


def tile(bands: tuple[str, ...] = BANDS, size: int = 96, code: int = 1) -> Tile:
    rng = np.random.default_rng(3)
    before = rng.integers(50, 150, (len(bands), size, size)).astype(np.uint8)
    after = (before + rng.integers(0, 5, before.shape)).astype(np.uint8)
    changed = np.zeros((size, size), np.uint8)
    changed[30:60, 30:60] = 1
    return tile_of(bands, 2.0, before, after, changed, changed * np.uint8(code))


def crops_of(*tiles: Tile, seed: int = 5, **source: object) -> Crops:
    one = Source("made", "pairs", 1.0, **source)  # type: ignore[arg-type]
    return Crops((one,), (tiles,), (), seed, EDGE)


def test_a_crop_follows_from_its_number_alone() -> None:
    first, again = crops_of(tile()), crops_of(tile())
    again[7], again[1]
    for name in ("before", "after", "changed", "classes"):
        assert np.array_equal(getattr(first[3], name), getattr(again[3], name))
    assert not np.array_equal(first[3].before, first[4].before)
    assert not np.array_equal(first[3].before, crops_of(tile(), seed=6)[3].before)


def test_shapes_bands_and_codes() -> None:
    crops = crops_of(tile(BANDS[:3]))
    for number in range(12):
        crop = crops[number]
        assert crop.before.shape == crop.after.shape == (len(BANDS), EDGE, EDGE)
        assert not crop.before[3:].any() and not crop.after[3:].any()  # bands that are not there
        assert set(np.unique(crop.changed)) <= {0, 1, UNKNOWN}
        assert (crop.classes[crop.changed == 0] == 0).all()


def test_holes_are_blank_on_both_dates_and_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "HOLED", 1.0)
    monkeypatch.setattr(made, "HIDDEN_BANDS", 0.0)
    crops = crops_of(tile())
    holes = 0
    for number in range(12):
        crop = crops[number]
        hole = ~(crop.before.any(axis=0) | crop.after.any(axis=0))
        assert (crop.changed[hole] == UNKNOWN).all()
        holes += int(hole.any())
    assert holes > 6


def test_swapped_dates_turn_a_building_into_its_removal() -> None:
    new, gone = int(ChangeClass.BUILDING_NEW), int(ChangeClass.BUILDING_REMOVED)
    crops = crops_of(tile(code=new))
    told = set(np.concatenate([np.unique(crops[number].classes) for number in range(20)]).tolist())
    assert told == {0, new, gone}
    waste = crops_of(tile(code=int(ChangeClass.WASTE_HEAP)))
    told = set(np.concatenate([np.unique(waste[number].classes) for number in range(20)]).tolist())
    assert told == {0, int(ChangeClass.WASTE_HEAP), UNKNOWN}


def test_without_labels_no_change_is_learnt() -> None:
    crops = crops_of(tile(), labels=False)
    assert not any((crops[number].changed == 1).any() for number in range(12))


def test_outlines_are_not_learnt_from() -> None:
    changed = np.zeros((8, 8), np.uint8)
    changed[:, 4:] = 1
    sure = made._unsure_at_edges(changed)
    assert (sure[:, 4] == UNKNOWN).all() and (sure[:, 5:] == 1).all() and (sure[:, :3] == 0).all()


def test_a_tile_smaller_than_a_crop_is_enlarged(tmp_path: Path) -> None:
    del tmp_path
    assert crops_of(tile(size=70))[0].before.shape[-1] == EDGE
