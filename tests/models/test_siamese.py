"""The network as a detector: what must hold whatever its weights are."""

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pyproj import CRS
from safetensors.torch import save_file
from scipy.special import logit

from geo.change_class import ChangeClass
from geo.errors import InputError, SceneError
from geo.geobox import GeoBox
from geo.raster import Float, Pair, Raster
from models import network, siamese
from models.bulk import LOG_ODDS
from models.detector import Detector
from models.difference import Difference
from models.forward import write_weights
from models.network import BANDS, PlainSiamese, Shape
from models.registry import DEFAULT_DETECTOR, DETECTORS, default_weights, detector_named
from models.siamese import REACH_PX, Siamese
from models.weights_file import Card, open_weights

RGB = BANDS[:3]


def net_of(seed: int) -> PlainSiamese:
    """Random weights, and statistics of batches that are not trivial."""
    torch.manual_seed(seed)
    net = PlainSiamese(Shape((8, 8, 16, 16), 8, 8)).eval()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 2.0)
    return net


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Siamese:
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    card = Card("small", slope=2.0, intercept=0.3, knots=((0.0, 0.0), (0.5, 0.2), (1.0, 0.9)))
    write_weights(path, net_of(1), card)
    return Siamese(open_weights(path), precision="float32")


def pair_of(
    seed: int,
    bands: tuple[str, ...] = RGB,
    shape: tuple[int, int] = (96, 112),
    seen: NDArray[np.bool_] | None = None,
) -> Pair:
    rng = np.random.default_rng(seed)
    grid = GeoBox(CRS.from_epsg(4549), Affine(2, 0, 0, 0, -2, 0), *shape)
    dates = rng.normal(100, 20, (2, len(bands), *shape)).astype(np.float32)
    everywhere = np.ones(shape, bool)
    return Pair(
        Raster(grid, bands, dates[0], everywhere),
        Raster(grid, bands, dates[1], everywhere if seen is None else seen),
    )


def log_odds(probability: Float) -> NDArray[np.float64]:
    """Within the bounds that the change vector is heard in."""
    return np.clip(logit(probability.astype(np.float64)), *LOG_ODDS)


def with_pixels(pair: Pair, change: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> Pair:
    def changed(raster: Raster) -> Raster:
        pixels = change(raster.pixels).astype(np.float32)
        grid = GeoBox(raster.geobox.crs, raster.geobox.transform, *pixels.shape[1:])
        return Raster(grid, raster.bands, pixels, np.ones(grid.shape, bool))

    return Pair(changed(pair.before), changed(pair.after))


@pytest.mark.parametrize("bands", [RGB, BANDS[:4], BANDS, ("blue", "green", "red", "nir")])
def test_it_says_how_sure_it_is_what_it_is_and_how_unsure(
    detector: Siamese, bands: tuple[str, ...]
) -> None:
    pair = pair_of(1, bands)
    found = detector.fit((pair,))(pair)
    assert found.probability.dtype == np.float32
    assert 0 <= found.probability.min() < found.probability.max() <= 1
    assert found.classes is not None
    assert set(np.unique(found.classes)) <= set(ChangeClass) - {ChangeClass.UNCLASSIFIED}
    assert found.uncertainty is not None
    assert 0 <= found.uncertainty.min() < found.uncertainty.max() <= 1


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 99), wild=st.sampled_from([0.0, -1e30, 3e38]))
def test_what_was_not_seen_is_no_change_and_has_no_say(
    detector: Siamese, seed: int, wild: float
) -> None:
    seen = np.random.default_rng(seed).random((96, 112)) < 0.8
    pair = pair_of(seed, seen=seen)
    after = np.where(seen, pair.after.pixels, np.float32(wild))
    odd = Pair(pair.before, replace(pair.after, pixels=after))
    fitted = detector.fit((pair,))
    found = fitted(odd)
    assert (found.probability[~seen] == 0).all()
    np.testing.assert_array_equal(found.observed, seen)
    np.testing.assert_array_equal(found.probability, fitted(pair).probability)


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 99),
    gain=st.floats(0.05, 50),
    offset=st.floats(-200, 2000),
)
def test_a_linear_stretch_changes_nothing(
    detector: Siamese, seed: int, gain: float, offset: float
) -> None:
    pair = pair_of(seed)
    stretched = with_pixels(pair, lambda x: x * np.float32(gain) + np.float32(offset))
    one, other = (detector.fit((p,))(p).probability for p in (pair, stretched))
    np.testing.assert_allclose(one, other, atol=5e-3)


def test_the_order_of_the_dates_does_not_matter_for_the_probability(detector: Siamese) -> None:
    pair = pair_of(3)
    fitted = detector.fit((pair,))
    swapped = Pair(pair.after, pair.before)
    np.testing.assert_allclose(fitted(pair).probability, fitted(swapped).probability, atol=1e-5)


@pytest.mark.parametrize("gsd_m", [None, 2.0, 10.0, 0.1])
def test_a_pixel_does_not_depend_on_its_tile(detector: Siamese, gsd_m: float | None) -> None:
    """On tiles whose halo covers the receptive field, up to rounding."""
    at = replace(detector, gsd_m=gsd_m, halo=REACH_PX)
    size = 2 * at.halo_px + 4 * at.multiple_px
    pair = pair_of(4, shape=(size, size))
    fitted = at.fit((pair,))
    whole = fitted(pair).probability
    step, inner = at.multiple_px, slice(at.halo_px + at.multiple_px, size - at.halo_px)
    part = slice(step, size)
    cut = Pair(*(cropped(r, part) for r in (pair.before, pair.after)))
    alone = fitted(cut).probability[at.halo_px : size - at.halo_px - step][:, : size - step]
    np.testing.assert_allclose(
        alone[:, at.halo_px : size - step - at.halo_px], whole[inner, inner], atol=1e-5
    )


def cropped(raster: Raster, part: slice) -> Raster:
    pixels, valid = raster.pixels[:, part, part], raster.valid[part, part]
    grid = GeoBox(raster.geobox.crs, raster.geobox.transform, *valid.shape)
    return Raster(grid, raster.bands, np.ascontiguousarray(pixels), valid.copy())


@settings(max_examples=8, deadline=None)
@given(height=st.integers(1, 70), width=st.integers(8, 70), gsd=st.sampled_from([None, 10, 0.1]))
def test_a_pair_of_any_size_will_do(
    detector: Siamese, height: int, width: int, gsd: float | None
) -> None:
    at = replace(detector, gsd_m=gsd)
    whole = pair_of(9, shape=(96, 96))
    fitted = at.fit((whole,))
    small = pair_of(10, shape=(height, width))
    found = fitted(small)
    assert found.probability.shape == (height, width) and np.isfinite(found.probability).all()
    assert found.classes is not None and found.classes.min() >= 1


def test_coarse_grids_are_enlarged_and_fine_ones_reduced(detector: Siamese) -> None:
    told = [
        (at.enlarge, at.reduce, at.multiple_px, at.halo_px)
        for at in (replace(detector, gsd_m=gsd) for gsd in (None, 10.0, 2.5, 0.5, 0.15, 0.05))
    ]
    assert told == [(1, 1, 16, 48), (2, 1, 8, 24), (1, 1, 16, 48), (1, 1, 16, 48),
                    (1, 2, 32, 96), (1, 6, 96, 288)]  # fmt: skip


def test_the_fit_travels_and_tells_what_it_found(detector: Siamese) -> None:
    pair = pair_of(5)
    fitted = detector.fit((pair, pair))
    again = pickle.loads(pickle.dumps(fitted))  # noqa: S301 (our own bytes)
    assert again == fitted == detector.fit((pair, pair))
    np.testing.assert_array_equal(again(pair).probability, fitted(pair).probability)
    told = json.loads(json.dumps(fitted.coefficients, allow_nan=False))
    assert told["bands"] == list(RGB) and told["precision"] == "float32"


def test_the_change_vector_has_the_say_its_card_gives_it(detector: Siamese) -> None:
    """Where a band alone stands out of the noise, odds rise by the weight times the log-odds."""
    pair = pair_of(7)
    after = pair.before.pixels + np.random.default_rng(8).normal(0, 1, pair.before.pixels.shape)
    after[:, 40:50, 40:50] += 30
    pair = Pair(pair.before, replace(pair.after, pixels=after.astype(np.float32)))
    card = replace(detector.weights.card, vector_weight=0.25)
    heard = replace(detector, weights=replace(detector.weights, card=card))
    alone, joined = (one.fit((pair,))(pair).probability for one in (detector, heard))
    vector = Difference().fit((pair,)).log_odds(pair)
    expected = log_odds(alone) + 0.25 * card.slope * vector
    inside = np.abs(expected) < 3.9
    assert inside.mean() > 0.5
    np.testing.assert_allclose(log_odds(joined)[inside], expected[inside], atol=1e-2)
    fine = replace(heard, gsd_m=0.15)
    blown_up = with_pixels(pair, lambda x: x.repeat(2, axis=1).repeat(2, axis=2))
    assert fine.reduce == 2
    found = fine.fit((blown_up,))(blown_up).probability[::2, ::2]
    assert np.abs(found - joined).mean() < 0.05  # the same ground, in finer pixels


def test_scores_go_by_the_card(detector: Siamese) -> None:
    assert [round(detector.calibrated(p), 3) for p in (0.0, 0.5, 0.75, 1.0)] == [0, 0.2, 0.55, 0.9]


def test_it_asks_for_red_green_and_blue(detector: Siamese) -> None:
    with pytest.raises(InputError, match="needs red, green and blue; the pair has nir, swir16"):
        detector.fit((pair_of(6, ("nir", "swir16")),))


def test_an_empty_sample_is_refused_in_one_line(detector: Siamese) -> None:
    with pytest.raises(SceneError, match="nothing to compare: 0 pixels"):
        detector.fit(())


@pytest.fixture
def odd_files(tmp_path: Path) -> Path:
    (tmp_path / "short.safetensors").write_bytes(b"\x01")
    (tmp_path / "text.safetensors").write_bytes(b"not weights at all, but long enough to read")
    (tmp_path / "huge.safetensors").write_bytes(b"\xff" * 64)
    return tmp_path


def test_network_and_detector_agree_on_bands_step_and_reach() -> None:
    told = (siamese.BANDS, siamese.STRIDE, siamese.REACH_PX)
    assert told == (network.BANDS, network.STRIDE, network.REACH_PX)


def test_weights_that_changed_since_the_plan_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    write_weights(path, net_of(1), Card("one"))
    planned = Siamese(open_weights(path), precision="float32").fit((pair_of(1),))
    write_weights(path, net_of(2), Card("two"))
    with pytest.raises(InputError, match="changed since the run was planned"):
        planned(pair_of(1))
    assert open_weights(path).card.name == "two"


@pytest.mark.parametrize(
    "odd",
    [{"slope": float("nan")}, {"knots": []}, {"knots": [[0, 0], [1, 5]]}, {"name": 3}, [], "x"],
)
def test_a_card_that_cannot_be_is_refused(tmp_path: Path, odd: object) -> None:
    path = tmp_path / "odd.safetensors"
    table = {"name": "n", **odd} if isinstance(odd, dict) else odd
    save_file({"a": torch.zeros(1)}, path, {"card": json.dumps(table)})
    with pytest.raises(InputError):
        open_weights(path)


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    write_weights(path, net_of(1), Card("one"))
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(InputError, match="cut short"):
        open_weights(path)


def test_a_file_may_not_pass_for_a_detector_with_a_name(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    write_weights(path, net_of(1), Card("difference"))
    assert detector_named(str(path)).name.startswith("difference-")


@pytest.mark.parametrize("name", ["short", "text", "huge", "absent"])
def test_other_files_are_no_weights(odd_files: Path, name: str) -> None:
    with pytest.raises(InputError, match="no weights file of `hongxian train`") as error:
        detector_named(str(odd_files / f"{name}.safetensors"))
    assert "\n" not in str(error.value)


def test_the_default_is_the_shipped_network() -> None:
    assert DEFAULT_DETECTOR in DETECTORS
    shipped: Detector = detector_named(DEFAULT_DETECTOR, 2.5)
    assert isinstance(shipped, Siamese)
    assert shipped.weights.path == default_weights()
    assert default_weights().stat().st_size < 8 << 20


def test_a_link_to_weights_that_are_gone_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "siamese.safetensors").symlink_to(tmp_path / "gone.safetensors")
    monkeypatch.setenv("HONGXIAN_WEIGHTS", str(tmp_path))
    with pytest.raises(InputError, match=r"points at gone\.safetensors, which is not there"):
        default_weights()


def test_only_the_bands_it_knows_are_read_in_its_order(detector: Siamese) -> None:
    sentinel = ("coastal", "blue", "green", "red", "rededge071", "nir", "nir08", "swir16", "swir22")
    assert detector.looks_at(sentinel) == ("red", "green", "blue", "nir", "swir16")
    assert detector.looks_at(("blue", "green", "red")) == ("red", "green", "blue")
    assert detector.looks_at(("green", "nir")) == ("green", "nir")  # `fit` says what is missing
