"""The GPU's bench: its form on the processor, and the network on a GPU where there is one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from models.bench.gpu import bench_gpu, missing

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_the_report_has_its_form_on_a_processor_too() -> None:
    report = json.loads(json.dumps(bench_gpu((128,), (1,), 0.2, ("cpu",))))
    assert report["differences"]["cpu float32"] == {
        "largest": 0.0, "mean": 0.0, "pixels_over_half_that_flip": 0.0,
    }  # fmt: skip
    assert 0 < report["differences"]["cpu bfloat16"]["largest"] < 0.2
    assert all(row["megapixels_per_second"] > 0 for row in report["network"] + report["tile"])
    assert [row["processes"] for row in report["feeding"]] == [1, 1]
    assert all(row["share_of_time_computing"] > 0 for row in report["feeding"])


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "models.bench.gpu", "--json"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 2
    assert ran.stderr.strip() == missing() and "sees no GPU" in ran.stderr
