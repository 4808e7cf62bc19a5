from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import InputError
from models.training.bank import in_split, load_bank, tile_of
from models.training.config import Config, Source
from models.training.run import tuning_cases

COLUMNS = st.lists(st.integers(0, 20), max_size=8)


@given(st.integers(0, 20), st.integers(0, 99), COLUMNS)
def test_a_column_is_trained_on_or_kept_never_both(column: int, row: int, kept: list[int]) -> None:
    stem = f"{column:02d}_{row}"
    trained, tuned = in_split(stem, columns_out=kept), in_split(stem, columns_only=kept)
    assert trained is not tuned or not kept


def test_without_columns_any_name_goes_and_with_them_none_without_one() -> None:
    assert in_split("any name")
    with pytest.raises(InputError, match="12_31"):
        in_split("any name", columns_out=[1])


def test_training_and_tuning_tiles_are_disjoint(tmp_path: Path, pairs: Callable[..., Path]) -> None:
    pairs(tmp_path / "p", ("1_1", "1_2", "2_1", "3_1"))
    source = Source("p", "pairs", 1.0, path="p", columns_out=(1,))
    config = Config("n", sources=(source,), tuning_columns=(1,))
    assert len(load_bank(source, tmp_path, tmp_path)) == 2
    assert [case.name for case in tuning_cases(config, tmp_path)] == ["1_1", "1_2"]


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (Source("x", "pictures", 1.0), "kind 'pictures'"),
        (Source("x", "pairs", 1.0, path="nowhere"), "no such folder"),
        (Source("x", "pairs", 1.0, path="p", columns_out=(1, 2)), "no tile"),
        (Source("x", "ground", 1.0), "no tile"),
        (Source("x", "ground", 1.0, first=900_000, count=1), "training may use"),
    ],
)
def test_nothing_to_load_is_told(
    source: Source, told: str, tmp_path: Path, pairs: Callable[..., Path]
) -> None:
    pairs(tmp_path / "p", ("1_1", "2_1"), edge=16)
    with pytest.raises(InputError, match=told):
        load_bank(source, tmp_path, tmp_path)


@given(st.floats(0.5, 2.0), st.floats(-20, 20), st.integers(0, 99))
def test_gains_bring_the_dates_together_where_seen(gain: float, offset: float, seed: int) -> None:
    before = np.random.default_rng(seed).normal(100, 20, (3, 24, 24)).astype(np.float32)
    after = before * np.float32(gain) + np.float32(offset)
    seen = np.ones((24, 24), dtype=bool)
    seen[:, :6] = False
    before[:, ~seen], after[:, ~seen] = -999, 999
    nothing = np.zeros((24, 24), np.uint8)
    tile = tile_of(("red", "green", "blue"), 2.0, before, after, nothing, nothing, seen)
    brought = before * tile.scales[0] + tile.scales[1]
    assert np.allclose(brought[:, seen], after[:, seen], atol=0.1)
