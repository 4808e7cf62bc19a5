from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import InputError
from models.training.bank import LEAST_PX, UNKNOWN, Tile, load_bank
from models.training.config import Source
from models.training.verdicts import (
    BLOCK_M,
    held_out_of,
    is_held_out,
    learnt_from,
    verdict_cases,
)

Write = Callable[..., None]


def source(**values: object) -> Source:
    return Source("v", "verdicts", 1.0, path="v", **values)  # type: ignore[arg-type]


def bank(folder: Path, **values: object) -> list[Tile]:
    return load_bank(source(**values), folder, folder)


@pytest.fixture
def spread(tmp_path: Path, verdict: Write) -> Path:
    """Verdicts in twelve blocks of ground, and one that reaches over a block's edge."""
    for number in range(12):
        verdict(tmp_path / "v", f"lead-{number}", (number * BLOCK_M + 900, 0), shape=(32, 32))
    verdict(tmp_path / "v", "lead-edge", (BLOCK_M - 40, 0), shape=(32, 32))
    return tmp_path


@given(st.integers(-999, 999), st.integers(-999, 999), st.floats(0, 0.9), st.floats(0, 0.1))
def test_a_block_once_held_out_stays_out(x: int, y: int, share: float, more: float) -> None:
    assert not is_held_out(f"{x},{y}", 0)
    assert is_held_out(f"{x},{y}", share + more) or not is_held_out(f"{x},{y}", share)


def test_about_the_share_that_was_asked_for_is_held_out() -> None:
    held = [is_held_out(f"{x},{y}", 0.3) for x in range(60) for y in range(60)]
    assert np.mean(held) == pytest.approx(0.3, abs=0.03)


def test_nothing_is_learnt_from_ground_that_is_held_out(spread: Path) -> None:
    learnt, held = (f(source(held_out=0.5), spread) for f in (learnt_from, held_out_of))
    assert learnt and held and len(learnt) + len(held) <= len(verdict_cases(spread / "v"))
    assert not any(a.place.intersects(b.place) for a in learnt for b in held)
    assert not {one.block for one in learnt} & {one.block for one in held}
    assert learnt_from(source(), spread) == list(verdict_cases(spread / "v"))


def test_ground_to_keep_away_from_is_left_out(spread: Path, verdict: Write) -> None:
    verdict(spread / "fixed", "else", (3 * BLOCK_M + 910, 5), shape=(16, 16))
    away = learnt_from(source(away_from=("fixed",)), spread)
    assert len(away) == 12 and "lead-3" not in {one.files.label.stem for one in away}


def test_bands_go_by_name_and_classes_by_code(tmp_path: Path, verdict: Write) -> None:
    bands = ("blue", "green", "red", "rededge", "nir")
    verdict(tmp_path / "v", "a", bands=bands, shape=(160, 144), code=3)
    (tile,) = bank(tmp_path)
    assert tile.bands == ("red", "green", "blue", "nir") and tile.gsd_m == 2.0
    assert tile.shape == (160, 144) and set(np.unique(tile.classes)) == {0, 3}
    (case,) = (one() for one in verdict_cases(tmp_path / "v"))
    assert np.allclose(tile.before[0], case.pair.before.pixels[2], atol=0.5)  # red lies third


def test_what_was_not_seen_is_unknown_and_blank(tmp_path: Path, verdict: Write) -> None:
    verdict(tmp_path / "v", "a", shape=(160, 160), unseen=slice(10, 60))
    (tile,) = bank(tmp_path)
    gain, offset, centre, _ = tile.scales
    assert (tile.changed[10:60] == UNKNOWN).all() and (tile.changed[60:] != UNKNOWN).all()
    brought = tile.before * gain + offset
    assert np.allclose(brought[:, 10:60], centre[:, :1], atol=1.5)
    assert np.allclose(tile.after[:, 10:60], centre[:, :1], atol=1.0)


def test_a_small_tile_is_padded_with_the_unknown(tmp_path: Path, verdict: Write) -> None:
    verdict(tmp_path / "v", "a", shape=(20, 140))
    (tile,) = bank(tmp_path)
    assert tile.shape == (LEAST_PX, 140)
    assert (tile.changed[20:] == UNKNOWN).all() and (tile.changed[:20] != UNKNOWN).all()


def test_reflectance_keeps_its_digits(tmp_path: Path, verdict: Write) -> None:
    verdict(tmp_path / "v", "a", scale=1e-3)
    (tile,) = bank(tmp_path)
    assert tile.before.dtype == np.float32 and tile.before.std() > 0


def test_only_people_say_a_class(tmp_path: Path, verdict: Write) -> None:
    verdict(tmp_path / "v", "a", code=2, by="machine")
    verdict(tmp_path / "v", "b", (500, 0), code=0)
    machine, discarded = bank(tmp_path)
    assert set(np.unique(machine.classes[machine.changed == 1])) == {UNKNOWN}
    assert not (discarded.changed == 1).any() and not discarded.classes.any()


def test_a_pair_given_twice_counts_once(tmp_path: Path, verdict: Write) -> None:
    verdict(tmp_path / "v", "a")
    for part in ("A", "B", "label", "classes"):
        copied = (tmp_path / "v" / part / "a.tif").read_bytes()
        (tmp_path / "v" / part / "copy.tif").write_bytes(copied)
    assert len(bank(tmp_path)) == 1


def test_pairs_in_which_nothing_was_seen_are_passed_over(tmp_path: Path, verdict: Write) -> None:
    verdict(tmp_path / "v", "a", unseen=slice(None))
    with pytest.raises(InputError, match="no tile"):
        bank(tmp_path)
    verdict_cases.cache_clear()
    verdict(tmp_path / "v", "b", (500, 0))
    assert len(bank(tmp_path)) == 1


def test_no_verdicts_no_table_no_position_no_red(
    tmp_path: Path, verdict: Write, pairs: Callable[..., Path]
) -> None:
    with pytest.raises(InputError, match="no such folder"):
        bank(tmp_path)
    pairs(tmp_path / "v", ("a",), 16)
    with pytest.raises(InputError, match=r"labels\.json: no table"):
        bank(tmp_path)
    (tmp_path / "v" / "labels.json").write_text('{"labels": []}')
    with pytest.raises(InputError, match="carries no position"):
        bank(tmp_path)
    verdict(tmp_path / "two" / "v", "a", bands=("green", "nir"))
    with pytest.raises(InputError, match="no red, blue among green, nir"):
        bank(tmp_path / "two")


def test_dates_whose_bands_differ_are_not_mixed(tmp_path: Path, verdict: Write) -> None:
    verdict(tmp_path / "v", "a", shape=(16, 16))
    verdict(tmp_path / "w", "a", shape=(16, 16), bands=("blue", "green", "red"))
    (tmp_path / "w" / "B" / "a.tif").replace(tmp_path / "v" / "B" / "a.tif")
    with pytest.raises(InputError, match="bands red, green, blue in A, blue, green, red in B"):
        bank(tmp_path)
