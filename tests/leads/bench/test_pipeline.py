"""The bench of the line: what it reports, and that its parts add up."""

import pytest

from leads.bench.pipeline import bench_pipeline
from leads.bench.soak import soak

pytestmark = pytest.mark.slow


def test_the_figures_add_up() -> None:
    report = bench_pipeline(1, small_px=1024, large_px=2048)
    gigapixels = 2048**2 / 1e9
    total = report["fixed_cpu_s"] + report["marginal_overhead_cpu_s_per_gpx"] * gigapixels
    assert report["overhead_cpu_s_per_gpx"] * gigapixels == pytest.approx(total)
    assert 0 < report["ceiling_ratio"] < 1
    assert report["forward_megapixels_per_cpu_second"] > report["megapixels_per_cpu_second"] > 0
    assert report["halo_share"] > 0
    assert report["worker_memory_mb"] < report["peak_memory_mb"]
    if report["peer"] is None:
        assert report["peer_ratio"] is None and report["peer_ratio_default_overlap"] is None
    else:
        assert report["peer_ratio"] > report["peer_ratio_default_overlap"] > 0


def test_the_soak_sees_driver_and_workers() -> None:
    report = soak(0.01)
    assert report["gigapixels"] >= 0.01
    assert report["leads"] > 0
    assert report["driver_memory_mb"] and report["worker_memory_mb"]
    assert report["worker_peak_mb"] == max(report["worker_memory_mb"]) > 100
