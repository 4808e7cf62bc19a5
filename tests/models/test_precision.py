"""Which device and arithmetic are chosen, and what a network on another device must hold."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from geo.errors import WorkerError
from leads.run.fit import chosen_detector
from models import precision
from models.forward import ready, run, spent
from models.precision import Speed, chosen, kinds_on, self_test
from models.registry import default_weights, detector_named
from models.siamese import Siamese
from models.weights_file import open_weights

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU that torch can use")


@pytest.fixture
def shipped() -> tuple[Path, str]:
    weights = open_weights(default_weights())
    return weights.path, weights.sha256


@pytest.mark.parametrize(
    ("rates", "processors", "expected"),
    [
        ((1.0, 1.1, 0, 0), 1, ("cpu", "float32")),  # not worth the digits
        ((1.0, 1.3, 0, 0), 1, ("cpu", "bfloat16")),
        ((2.0, 4.0, 300, 900), 16, ("cuda", "bfloat16")),
        ((2.0, 4.0, 300, 310), 16, ("cuda", "float32")),
        ((2.0, 4.0, 20, 30), 64, ("cpu", "bfloat16")),  # a small GPU in a large machine
    ],
)
def test_the_fastest_way_is_taken_if_it_is_worth_its_digits(
    monkeypatch: pytest.MonkeyPatch,
    rates: tuple[float, ...],
    processors: int,
    expected: tuple[str, str],
) -> None:
    ways = [(place, kind) for place in ("cpu", "cuda") for kind in ("float32", "bfloat16")]
    told = tuple(Speed(*way, rate) for way, rate in zip(ways, rates, strict=True))
    monkeypatch.setattr(precision, "gpu_works", lambda: rates[2] > 0)
    monkeypatch.setattr(precision, "kinds_on", lambda _: ["float32", "bfloat16"])
    monkeypatch.setattr(precision.os, "sched_getaffinity", lambda _: range(processors))
    monkeypatch.setattr(
        precision,
        "self_test",
        lambda _p, _s, asked: [s for s in told if (s.device, s.precision) in asked],
    )
    assert chosen(Path("any"), "", "auto", "auto") == expected


def test_what_was_asked_for_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "self_test", lambda *_: pytest.fail("tried"))
    assert chosen(Path("any"), "", "cpu", "bfloat16") == ("cpu", "bfloat16")


def test_every_way_is_timed_on_the_network_itself(shipped: tuple[Path, str]) -> None:
    found = self_test(*shipped, (("cpu", "float32"),))
    assert [(one.device, one.precision) for one in found] == [("cpu", "float32")]
    assert found[0].megapixels_per_second > 0
    assert kinds_on("cpu") == ["float32", "bfloat16"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_run_goes_on_only_where_its_device_is() -> None:
    again = chosen_detector("siamese", 2.0, "cpu", "bfloat16")
    assert (again.device, again.dtype) == ("cpu", "bfloat16")
    with pytest.raises(WorkerError, match="device 'cuda' is not on this machine, which has cpu"):
        chosen_detector("siamese", 2.0, "cuda", "bfloat16")
    with pytest.raises(WorkerError, match="difference runs on cpu only, not on cuda"):
        chosen_detector("difference", 2.0, "cuda", "float32")


def test_time_in_the_network_is_counted(shipped: tuple[Path, str]) -> None:
    net = ready(*shipped, ("red", "green", "blue"), (1.0, 1.0, 1.0), "float32")
    dates = np.zeros((2, 3, 256, 256), np.float32)
    before = spent()
    run(net, dates[0], dates[1])
    assert 0 < spent() - before < 10


@needs_gpu
@pytest.mark.parametrize(("kind", "atol"), [("float32", 1e-4), ("bfloat16", 0.1)])
def test_a_gpu_says_what_the_processor_says(
    shipped: tuple[Path, str], kind: str, atol: float
) -> None:
    dates = np.random.default_rng(0).normal(0, 20, (2, 3, 256, 256)).astype(np.float32)
    said = []
    for device, arithmetic in (("cpu", "float32"), ("cuda", kind), ("cuda", kind)):
        net = ready(*shipped, ("red", "green", "blue"), (20.0,) * 3, arithmetic, device)
        logit, _, _ = run(net, dates[0], dates[1])
        said.append(1 / (1 + np.exp(-logit)))
    np.testing.assert_allclose(said[1], said[0], atol=atol)
    np.testing.assert_array_equal(said[2], said[1])


@needs_gpu
def test_the_plan_takes_the_gpu() -> None:
    detector = detector_named("siamese", 2.0).settled()
    assert isinstance(detector, Siamese)
    assert detector.device == "cuda"
    assert replace(detector, device="cpu").settled().device == "cpu"
