"""`hongxian train` with verdicts and a gate, as an operator meets it, on a tiny net."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from api.cli.main import run
from models.registry import default_weights
from tests.models.training.made_folders import tiny_weights, write_pairs, write_verdict

CONFIG = """
name = "tuned"
start = "{start}"
steps = 2
batch = 2
crop_px = 64
learning_rate = 1e-9
[[source]]
name = "verdicts"
kind = "verdicts"
path = "verdicts"
share = 0.5
held_out = 0.5
[[source]]
name = "old"
kind = "pairs"
path = "old"
share = 0.5
gsd_m = 2.0
[gate]
target = "verdicts"
sets = ["fixed"]
least = 2
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Verdicts in ten blocks, old pairs, a fixed set; weights in use that see nothing."""
    for number in range(10):
        write_verdict(
            tmp_path / "verdicts", f"lead-{number}", (2000.0 * number + 900, 0), shape=(32, 32)
        )
    write_pairs(tmp_path / "old", ("1_1", "2_1"), 64)
    write_pairs(tmp_path / "fixed", ("9_1", "9_2", "9_3"), 48)
    use = tmp_path / "promoted"
    use.mkdir()
    tiny_weights(use / "siamese.safetensors", bias=-99.0)
    tiny_weights(tmp_path / "eager.safetensors", bias=99.0)
    monkeypatch.setenv("HONGXIAN_WEIGHTS", str(use))
    return tmp_path


@pytest.fixture
def train(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def command(start: str, *options: str) -> tuple[int, str, str]:
        (folder / "tuned.toml").write_text(CONFIG.format(start=start))
        out = ["--data", str(folder), "--out", str(folder / "out")]
        code = run(["train", str(folder / "tuned.toml"), *out, *options])
        told = capsys.readouterr()
        return code, told.out, told.err

    return command


@pytest.mark.slow
def test_a_better_challenger_is_promoted_a_like_one_is_not(
    folder: Path, train: Callable[..., tuple[int, str, str]]
) -> None:
    before = default_weights().read_bytes()
    code, said, wrong = train("siamese", "--promote")
    assert code == 1 and "not promoted: verdicts is not won" in wrong.splitlines()[-1]
    assert "verdicts: F1" in said and "fixed: F1" in said and "waste_heap: found" in said
    assert default_weights().read_bytes() == before
    shutil.rmtree(folder / "out")
    code, said, _ = train(str(folder / "eager.safetensors"), "--promote", "--json")
    report = json.loads(said)
    assert code == 0 and report["gate"]["wins"] and report["gate"]["reasons"] == []
    assert str(default_weights()) == report["promoted"]
    written = json.loads((folder / "out" / "gate.json").read_text("utf-8"))
    assert written["challenger"] == report["weights_sha256"] and written["asked"]["least"] == 2
    again, _, wrong = train(str(folder / "eager.safetensors"), "--promote")
    assert again == 1 and "not won" in wrong  # against itself


def test_a_gate_that_cannot_be_is_told_before_training(
    folder: Path, train: Callable[..., tuple[int, str, str]]
) -> None:
    shutil.copytree(folder / "old", folder / "fixed", dirs_exist_ok=True)
    code, said, wrong = train("siamese")
    assert (code, said) == (2, "") and wrong.count("\n") == 1
    assert "images of" in wrong and not (folder / "out").exists()
