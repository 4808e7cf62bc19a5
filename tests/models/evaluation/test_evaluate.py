import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.errors import NotGeoreferencedWarning

from geo.errors import InputError, SceneError
from geo.raster import ChangeMap, Pair
from models.evaluation.detection import changed_where, normalised
from models.evaluation.evaluate import evaluate
from models.evaluation.folder import labelled_files, read_pairs
from models.registry import detector_named

SUFFIX = {"PNG": "png", "WEBP": "webp", "GTiff": "tif"}


def write(path: Path, pixels: np.ndarray, driver: str = "PNG", **options: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = pixels.shape
    size = {"count": count, "height": height, "width": width, "dtype": pixels.dtype.name}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", driver=driver, **size, **options) as file:
            file.write(pixels)


def write_pair(folder: Path, stem: str, pair: Pair, changed: np.ndarray, driver: str) -> None:
    lossless = {"LOSSLESS": True} if driver == "WEBP" else {}
    for part, raster in (("A", pair.before), ("B", pair.after)):
        pixels = raster.pixels.clip(0, 255).astype(np.uint8)
        write(folder / part / f"{stem}.{SUFFIX[driver]}", pixels, driver, **lossless)
    write(folder / "label" / f"{stem}.png", changed[None].astype(np.uint8) * 255)


@pytest.fixture
def folder(tmp_path: Path, change: Callable[..., Any]) -> Path:
    for seed, driver in enumerate(SUFFIX):
        write_pair(tmp_path, f"{seed}_{driver}", *change(seed, 64), driver)
    (tmp_path / "A" / "notes.txt").write_text("passed over")
    return tmp_path


@pytest.mark.parametrize("name", ["difference", "irmad"])
def test_the_report_has_the_promised_keys(folder: Path, name: str) -> None:
    detector = detector_named(name)
    report = json.loads(json.dumps(evaluate(folder, detector).as_json(), allow_nan=False))
    assert list(report) == [
        *("detector", "weights_sha256", "pairs", "pixels", "precision", "recall", "f1", "iou"),
        *("object_precision", "object_recall", "seconds", "intervals"),
        *("km2", "false_candidates", "candidates_per_km2", "recall_of_presentable"),
        *(
            "recall_at_1_per_km2",
            "objects_by_size",
            "calibration_error",
            "candidate_calibration_error",
            "uncertainty_puts_errors_first",
            "reliability",
        ),
        *("threshold", "condition"),
    ]
    assert (report["detector"], report["pairs"]) == (detector.name, 3)
    assert report["pixels"] == 3 * 64 * 64
    assert report["f1"] > 0.7 and report["object_recall"] == 1.0
    assert report["intervals"]["f1"][0] <= report["f1"] <= report["intervals"]["f1"][1]


def test_bands_and_masks_are_read_as_they_are(tmp_path: Path) -> None:
    rgba = np.full((4, 8, 8), 255, dtype=np.uint8)
    rgba[:3] = 40
    rgba[3, :2] = 0  # two transparent rows
    write(tmp_path / "A" / "x.png", rgba)
    write(tmp_path / "B" / "x.tif", rgba[:3], "GTiff", nodata=7)
    label = np.zeros((4, 8, 8), dtype=np.uint8)
    label[3] = 255
    label[1, 5, 5] = 1
    write(tmp_path / "label" / "x.png", label)
    (one,) = read_pairs(labelled_files(tmp_path))
    assert one.pair.bands == ("red", "green", "blue")
    assert one.pair.observed.sum() == 48 and not one.pair.observed[:2].any()
    assert np.argwhere(one.changed).tolist() == [[5, 5]]


def test_only_observed_pixels_are_counted(tmp_path: Path, change: Callable[..., Any]) -> None:
    pair, changed = change(1, 64)
    write_pair(tmp_path, "x", pair, changed, "PNG")
    hole = np.where(changed, 0, pair.before.pixels.clip(1, 255)).astype(np.uint8)
    (tmp_path / "A" / "x.png").unlink()
    write(tmp_path / "A" / "x.tif", hole, "GTiff", nodata=0)
    report = evaluate(tmp_path, detector_named("difference"))
    assert report.pixels == (~changed).sum()
    assert report.recall == 1.0  # nothing that could be seen was missed


@dataclass(frozen=True)
class Wide:
    """Wants multiples of 32 and a halo; calls all it sees changed."""

    name: str = "wide"
    bands: tuple[str, ...] = ()
    halo_px: int = 40
    multiple_px: int = 32
    weights_sha256: str | None = "f00d"

    @property
    def coefficients(self) -> dict[str, object]:
        return {}

    def calibrated(self, mean_probability: float) -> float:
        return mean_probability

    def fit(self, sample: Sequence[Pair]) -> "Wide":
        assert len(sample) == 1
        return self

    def __call__(self, pair: Pair) -> ChangeMap:
        assert pair.geobox.height % 32 == pair.geobox.width % 32 == 0
        return ChangeMap(pair.geobox, pair.observed.astype(np.float32), pair.observed)


def test_a_network_gets_its_halo_and_multiples(change: Callable[..., Any]) -> None:
    pair, _ = change(1, 50)
    assert changed_where(pair, Wide(), 0.5).shape == (50, 50)
    assert changed_where(pair, Wide(), 0.5).all()
    with pytest.raises(InputError, match="wide needs the bands nir"):
        changed_where(pair, Wide(bands=("nir",)), 0.5)


def test_gains_are_fitted_per_pair(
    change: Callable[..., Any], pair_of: Callable[..., Pair]
) -> None:
    pair, changed = change(1)
    hazy = pair_of(pair.before.pixels, pair.after.pixels * 0.6 + 50)
    left = (normalised(hazy).after.pixels - normalised(hazy).before.pixels)[:, ~changed]
    assert np.abs(np.median(left)) < 0.5


@pytest.mark.parametrize(
    ("break_it", "told"),
    [
        (lambda f: (f / "B" / "1_WEBP.webp").unlink(), r"B: 1 of 3 pairs lack .* first '1_WEBP'"),
        (
            lambda f: (f / "label" / "0_PNG.png").rename(f / "label" / "z.png"),
            "A: 1 of 4 pairs lack .* first 'z'",
        ),
        (lambda f: [p.unlink() for p in f.rglob("*.*")], "hold no .png, .webp, .tif"),
        (lambda f: (f / "A").rename(f / "before"), "A: no such folder; give a folder that holds"),
        (
            lambda f: write(f / "B" / "0_PNG.tif", np.zeros((3, 9, 9), np.uint8), "GTiff"),
            "same stem",
        ),
        (
            lambda f: write(f / "B" / "0_PNG.png", np.zeros((3, 9, 8), np.uint8)),
            "0_PNG: sizes differ",
        ),
        (
            lambda f: write(f / "B" / "0_PNG.png", np.zeros((1, 64, 64), np.uint8)),
            "3 bands in A, 1 in B",
        ),
    ],
)
def test_a_folder_that_cannot_be_used(
    folder: Path, break_it: Callable[[Path], object], told: str
) -> None:
    break_it(folder)
    with pytest.raises(InputError, match=told) as error:
        evaluate(folder, detector_named("difference"))
    assert "\n" not in str(error.value)


def test_a_broken_image_is_named(folder: Path) -> None:
    good = (folder / "A" / "0_PNG.png").read_bytes()
    for broken in (b"no image", good[: len(good) // 2]):
        (folder / "A" / "0_PNG.png").write_bytes(broken)
        with pytest.raises(SceneError, match=r"0_PNG\.png") as error:
            evaluate(folder, detector_named("difference"))
        assert "\n" not in str(error.value)


def test_an_unseen_pair_is_named(folder: Path) -> None:
    write(folder / "A" / "2_GTiff.tif", np.zeros((3, 64, 64), np.uint8), "GTiff", nodata=0)
    with pytest.raises(SceneError, match="2_GTiff: nothing to compare: 0 pixels"):
        evaluate(folder, detector_named("difference"))


def test_images_lie_where_they_say_or_are_as_large_as_told(
    tmp_path: Path, change: Callable[..., Any]
) -> None:
    pair, changed = change(0, 32)
    write_pair(tmp_path, "nowhere", pair, changed, "PNG")
    pixels = pair.after.pixels.clip(0, 255).astype(np.uint8)
    lonlat = Affine(1e-4, 0, 121.5, 0, -1e-4, 31.2)
    for part in ("A", "B"):
        write(tmp_path / part / "placed.tif", pixels, "GTiff", crs="EPSG:4490", transform=lonlat)
    write(tmp_path / "label" / "placed.png", changed[None].astype(np.uint8))
    codes = np.where(changed, 2, 0).astype(np.uint8)
    write(tmp_path / "lookalike" / "placed.png", codes[None])
    nowhere, placed = read_pairs(labelled_files(tmp_path), nominal_gsd_m=2.5)
    assert (nowhere.gsd_m, nowhere.lookalikes) == (2.5, None)
    assert placed.gsd_m == pytest.approx(10.3, abs=0.1)
    assert np.array_equal(placed.lookalikes, codes)
