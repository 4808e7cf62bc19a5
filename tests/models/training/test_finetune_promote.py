from collections.abc import Callable
from pathlib import Path

import pytest

from geo.errors import InputError
from models.registry import default_weights, detector_named
from models.siamese import SHIPPED
from models.training.config import Config, Gate, Source
from models.training.promote import GATE, prepared, promote
from models.weights_file import WeightsFile, open_weights

Weights = Callable[..., WeightsFile]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "promoted"
    folder.mkdir()
    monkeypatch.setenv("HONGXIAN_WEIGHTS", str(folder))
    return folder


def test_without_a_promotion_the_shipped_weights_count(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert default_weights() == SHIPPED and not list(installed.iterdir())
    monkeypatch.setenv("HONGXIAN_WEIGHTS", "")
    assert default_weights() == SHIPPED


def test_promoted_weights_are_the_default_and_earlier_ones_stay(
    installed: Path, tmp_path: Path, weights: Weights
) -> None:
    names = []
    for bias in (0.0, 1.0):
        made = weights(tmp_path / "trained.safetensors", bias=bias)
        (tmp_path / GATE).write_text(f'{{"bias": {bias}}}')
        copy = promote(made)
        assert default_weights() == copy and open_weights(copy).sha256 == made.sha256
        assert detector_named("siamese").weights_sha256 == made.sha256
        assert copy.with_suffix(".json").read_text() == f'{{"bias": {bias}}}'
        names.append(copy.name)
    assert {path.name for path in installed.glob("*.safetensors")} == {
        *names,
        "siamese.safetensors",
    }
    link = installed / "siamese.safetensors"  # back to the first by hand
    link.unlink()
    link.symlink_to(names[0])
    assert default_weights().name == names[0]


def test_what_cannot_end_in_a_promotion_is_told_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Config("n", sources=(Source("g", "ground", 1.0, count=1),))
    assert prepared(plain, tmp_path, promote=False) == ()
    with pytest.raises(InputError, match=r"no \[gate\]"):
        prepared(plain, tmp_path, promote=True)
    gated = Config("n", sources=plain.sources, gate=Gate("made:ground"))
    monkeypatch.delenv("HONGXIAN_WEIGHTS", raising=False)
    with pytest.raises(InputError, match="nowhere to promote to"):
        prepared(gated, tmp_path, promote=True)
    monkeypatch.setenv("HONGXIAN_WEIGHTS", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="no such folder"):
        prepared(gated, tmp_path, promote=False)
