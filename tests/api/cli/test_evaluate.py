import json
import warnings
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.errors import NotGeoreferencedWarning

from api.cli.main import run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pairs of grey noise with a bright square."""
    where = tmp_path_factory.mktemp("pairs")
    for number in range(2):
        rng = np.random.default_rng(number)
        before = rng.normal(90, 9, (3, 64, 64))
        after = before + rng.normal(0, 2, before.shape)
        label = np.zeros((1, 64, 64))
        label[:, 20:40, 20:40] = 255
        after[:, 20:40, 20:40] += np.array([90, 60, 20])[:, None, None]
        for part, pixels in (("A", before), ("B", after), ("label", label)):
            write(where / part / f"{number}.png", pixels.clip(0, 255).astype(np.uint8))
    return where


def write(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(exist_ok=True)
    size = {"count": len(pixels), "height": 64, "width": 64, "dtype": "uint8"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", driver="PNG", **size) as image:
            image.write(pixels)


def test_one_command_tells_everything(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--gsd", "2", "--against", "irmad", "--robustness", "--shift", "1"]
    pictures = tmp_path / "pictures"
    done = run(["evaluate", str(folder), *options, "--pictures", str(pictures), "--json"])
    report = json.loads(capsys.readouterr().out)
    assert done == 0
    assert list(report)[:12] == [
        *("detector", "weights_sha256", "pairs", "pixels", "precision", "recall", "f1", "iou"),
        *("object_precision", "object_recall", "seconds", "intervals"),
    ]
    assert report["km2"] == pytest.approx(report["pixels"] * 4 / 1e6)
    assert report["against"]["against"] == "irmad" and report["condition"] == "shift 1"
    assert len(report["robustness"]) == 8 and "by_lookalike" not in report
    assert {path.name for path in pictures.iterdir()} >= {"best-1.png", "worst-2.png"}


def test_people_read_lines_with_intervals(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["evaluate", str(folder), "--processes", "2"]) == 0
    told = capsys.readouterr().out
    assert "candidates_per_km2" in told and "95 % [" in told and "objects by size, px" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["made:nothing"], "no such made-up set"),
        (["made:quiet", "--robustness"], "takes no condition"),
        (["nowhere"], "no such folder"),
        (["made:ground", "--against", "nobody"], "nobody"),
    ],
)
def test_wrong_use_is_one_line(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["evaluate", *arguments]) == 2
    err = capsys.readouterr().err
    assert told in err and err.count("\n") == 1
