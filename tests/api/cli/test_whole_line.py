"""The main job from the command line: demo, sheet, cloud, and the pipeline's own bench."""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from rasterio.features import rasterize

from api.cli.main import run
from leads.bench.pipeline import bench_pipeline

ROOT = Path(__file__).resolve().parents[3]
CLEAR, CLOUDY = (str(ROOT / "data_samples" / "s2" / day) for day in ("2023-03-23", "2023-08-05"))

pytestmark = pytest.mark.slow


def test_demo_writes_leads_and_a_sheet(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", "--no-serve", "--out", str(tmp_path)]) == 0
    assert str(tmp_path / "leads.gpkg") in capfd.readouterr().out
    leads = gpd.read_file(tmp_path / "leads.gpkg", layer="leads")
    assert len(leads) > 10 and leads.crs.to_epsg() == 4490
    page = (tmp_path / "leads.html").read_text(encoding="utf-8")
    assert "data:image/png;base64," in page and "疑似" in page


def test_nothing_under_cloud(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "leads.gpkg"
    many = ("--detector", "difference", "--min-area", "0")
    assert run(["detect", CLEAR, CLOUDY, *many, "--out", str(out), "--json"]) == 0
    report = json.loads(capfd.readouterr().out)
    assert 0 < report["valid_pixels"] < report["pixels"]
    with rasterio.open(Path(CLOUDY) / "SCL.tif") as image:
        scl, grid = image.read(1), image
        leads = gpd.read_file(out, layer="leads").to_crs(grid.crs)
        burnt = rasterize(leads.geometry, out_shape=scl.shape, transform=grid.transform)
    hidden = np.isin(scl, [0, 1, 3, 8, 9, 10, 11])
    assert hidden.any() and burnt.any()
    assert not (hidden & (burnt > 0)).any()


def test_the_pipeline_weighs_itself() -> None:
    report = bench_pipeline(runs=1, small_px=1024, large_px=2048)
    assert report["peer"] is None and report["peer_ratio"] is None
    assert 0 < report["ceiling_ratio"] < 1
    assert report["peak_memory_mb"] > 0 and report["overhead_cpu_s_per_gpx"] > 0
