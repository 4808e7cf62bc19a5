"""The training loop as a whole: it learns, and what stops it leaves no trace in the weights."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from geo.errors import InputError
from models.training import checkpoint, loop
from models.training.bank import UNKNOWN
from models.training.config import Config, Source
from models.training.losses import change_loss, class_loss
from models.training.run import run_training
from models.training.start import START, begun_with, first_net
from models.weights_file import WeightsFile

ROOT = Path(__file__).resolve().parents[3]
SMALL = Config(
    "small",
    widths=(8, 8, 8, 8),
    steps=20,
    batch=2,
    crop_px=64,
    learning_rate=1e-2,
    warmup=2,
    checkpoint_steps=4,
    sources=(Source("p", "pairs", 1.0, path="p", gsd_m=2.0),),
)


def silent(_line: dict[str, float]) -> None:
    pass


@pytest.fixture
def data(tmp_path: Path, pairs: Callable[..., Path]) -> Path:
    pairs(tmp_path / "p", ("1_1", "2_1", "3_1"))
    return tmp_path


def test_the_loss_falls(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "REPORT_STEPS", 5)
    lines: list[dict[str, float]] = []
    loop.train(SMALL, data, data / "out", data, lines.append)
    assert [line["step"] for line in lines] == [5, 10, 15, 20]
    assert lines[-1]["change"] < 0.9 * lines[0]["change"]


def test_batches_of_nothing_known_teach_nothing() -> None:
    logits = torch.zeros(2, 1, 8, 8, requires_grad=True)
    loss = change_loss(logits, torch.full((2, 8, 8), UNKNOWN))
    loss.backward()
    assert float(loss.detach()) == 0 and logits.grad is not None and not logits.grad.any()
    unsure = torch.full((2, 8, 8), UNKNOWN)
    assert float(class_loss(torch.ones(2, 11, 2, 2), unsure)) == 0


def test_fine_tuning_begins_with_the_weights_it_names(
    tmp_path: Path, weights: Callable[..., WeightsFile]
) -> None:
    began = weights(tmp_path / "other.safetensors")
    config = replace(SMALL, widths=(), start=str(began.path))
    net = first_net(config, tmp_path)
    for name, tensor in load_file(began.path).items():
        assert torch.equal(net.state_dict()[name], tensor)
    (tmp_path / checkpoint.LAST).touch()  # something has grown from them
    weights(began.path, bias=3.0)  # others are there now; going on still begins with the first
    kept = begun_with(config, tmp_path)
    assert kept is not None and kept.sha256 == began.sha256 and kept.path == tmp_path / START


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"start": "nowhere.safetensors"}, "no weights file"),
        ({"network": "fc_siam_diff"}, "weights of plain_siamese"),
        ({"widths": (8, 8, 8, 9)}, "leave widths out"),
        ({"network": "nobody"}, "no network"),
    ],
)
def test_weights_that_do_not_fit_are_told(
    change: dict, told: str, tmp_path: Path, weights: Callable[..., WeightsFile]
) -> None:
    path = weights(tmp_path / "tiny.safetensors").path
    with pytest.raises(InputError, match=told):
        first_net(replace(SMALL, **{"start": str(path), **change}), tmp_path / "")


def test_without_tuning_tiles_the_calibration_stays(
    data: Path, weights: Callable[..., WeightsFile]
) -> None:
    began = weights(data / "tiny.safetensors", slope=2.0, intercept=-1.0)
    config = replace(SMALL, steps=1, batch=1, widths=(), start=str(began.path))
    done = run_training(config, data, data / "out", data, silent)
    card = done.weights.card
    assert (card.slope, card.intercept, card.parents) == (2.0, -1.0, (began.sha256,))
    assert done.tuning_tiles == 0 and (data / "out" / "curves.png").exists()
    fresh = run_training(replace(SMALL, steps=1, batch=1), data, data / "new", data, silent)
    assert fresh.weights.card.parents == () and fresh.weights.card.slope == 1.0


CONFIG = """
name = "small"
widths = [8, 8, 8, 8]
steps = 60
batch = 2
crop_px = 64
warmup = 2
checkpoint_steps = 3
[[source]]
name = "p"
kind = "pairs"
path = "p"
share = 1.0
gsd_m = 2.0
"""


def command(data: Path, out: str) -> list[str]:
    code = "import sys; from api.cli.main import main; main(sys.argv[1:])"
    arguments = ["train", str(data / "small.toml"), "--data", str(data), "--out", str(data / out)]
    return [sys.executable, "-c", code, *arguments]


@pytest.mark.slow
def test_killed_in_the_middle_it_ends_with_the_same_weights(data: Path) -> None:
    (data / "small.toml").write_text(CONFIG)
    alone = {**os.environ, "OMP_NUM_THREADS": "1"}
    whole = subprocess.run(command(data, "whole"), cwd=ROOT, env=alone, check=False)  # noqa: S603
    assert whole.returncode == 0
    with subprocess.Popen(command(data, "killed"), cwd=ROOT, env=alone) as cut:  # noqa: S603
        while not (data / "killed" / checkpoint.LAST).exists():
            assert cut.poll() is None
            time.sleep(0.01)
        cut.send_signal(signal.SIGKILL)
    assert cut.returncode == -signal.SIGKILL
    assert not (data / "killed" / "weights.safetensors").exists()
    again = subprocess.run(command(data, "killed"), cwd=ROOT, env=alone, check=False)  # noqa: S603
    assert again.returncode == 0
    one, other = (load_file(data / out / checkpoint.LAST) for out in ("whole", "killed"))
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        assert np.array_equal(tensor.numpy(), other[name].numpy()), name
