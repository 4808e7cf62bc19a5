"""`hongxian bench detector` on a tile and matrices so small that only its form is looked at."""

import json
from pathlib import Path

import pytest
import torch

from models.bench import compiled as compiling
from models.bench.clock import seconds_in_turns
from models.bench.detector import bench_detector
from models.bench.networks import SEEN, folded_detector, noise, operations
from models.bench.peak import gigaflops, trials
from models.bench.peers import PEERS, Way, ways


def test_calls_are_timed_in_turns_after_one_for_warming_up() -> None:
    called: list[str] = []
    calls = {name: lambda name=name: called.append(name) for name in "ab"}
    taken = seconds_in_turns(calls, 3)
    assert called == list("ab" * 4)
    assert {name: len(seconds) for name, seconds in taken.items()} == {"a": 3, "b": 3}


def test_operations_of_a_convolution_are_counted_twice_per_weight_and_pixel() -> None:
    net = torch.nn.Conv2d(3, 7, 3, padding=1)

    class Siamese(torch.nn.Module):
        def forward(self, before: torch.Tensor, after: torch.Tensor) -> torch.Tensor:
            return net(before) + net(after)

    assert operations(Siamese(), noise(16, "float32")) == 2 * 2 * 3 * 7 * 9 * 16**2


def test_the_peak_is_the_fastest_call() -> None:
    found = trials("float32", (16,), (8,))
    assert set(found) == {"matmul_16", "conv3x3_8px"}
    times = {"matmul_16": [2.0, 1.0], "conv3x3_8px": [1.0, 4.0]}
    rates = gigaflops(found, times)
    assert rates["matmul_16"] == pytest.approx(2 * 16**3 / 1e9)
    assert rates["conv3x3_8px"] == pytest.approx(2 * 2 * 9 * 128**2 * 8**2 / 1e9)


@pytest.mark.slow
def test_values_do_not_fade_into_denormals() -> None:
    dates = noise(64, "float32")
    for net in (folded_detector("float32"), *(w.network("float32") for w in ways() if w.folded)):
        with torch.inference_mode():
            said = net(*dates)
        change = said[0] if isinstance(said, tuple) else said
        assert float(change.std()) > 1e-6


def test_a_way_is_of_a_peer_that_is_there() -> None:
    with pytest.raises(ValueError, match="nobody"):
        Way("nobody", "contiguous", folded=True)
    with pytest.raises(ValueError, match="sideways"):
        Way(PEERS[0], "sideways", folded=True)


def test_without_a_compiler_the_compiled_figures_are_null(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    found = compiling.compiled("float32", 16, 1, 1)
    assert found["ratio"] is None
    assert found["reason"] == "no C++ compiler here"


def test_a_compiler_that_takes_too_long_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    compiler = tmp_path / "g++"
    compiler.write_text("#!/bin/sh\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    found = compiling.compiled("float32", 16, 1, 0.01)
    assert found["reason"] == "the compiler took over 0.01 s"


@pytest.mark.slow
def test_a_report_has_all_figures_and_is_json() -> None:
    report = bench_detector(2, 0, 64, (64,), (8,))
    assert json.loads(json.dumps(report)) == report
    assert report["megapixels_per_cpu_second"] > 0 and report["peak_share"] > 0
    assert report["peer"] == "fc_siam_diff"
    assert report["peer_ratio"] == report["peers"]["fc_siam_diff"]["ratio"] > 0
    assert report["megapixels_per_cpu_second_compiled"] is None
    assert report["compiled_reason"] == "not asked for"
    assert 20 < report["kmac_per_px"] < 25
    assert (report["tile_px"], report["bands"], report["threads"]) == (64, len(SEEN), 1)
    assert report["matrix_peak_gflops"] == max(report["peaks_gflops"].values())
