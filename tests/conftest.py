"""Hypothesis profiles: on how many examples a law is tried, and whether always on the same.

And the small ground that tests of the whole line share.
"""

import os
import shutil
from pathlib import Path

import pytest
import rasterio
import rasterio.windows
from hypothesis import HealthCheck, settings

# a shared machine may stall at any moment, which says nothing about a law
CALM = (HealthCheck.too_slow,)

settings.register_profile("quick", deadline=None, max_examples=50, suppress_health_check=CALM)
settings.register_profile(
    "steady", settings.get_profile("quick"), derandomize=True, database=None, print_blob=True
)
settings.register_profile("soak", settings.get_profile("quick"), max_examples=2000)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE", "steady" if "CI" in os.environ else "quick")
)

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "data_samples"
SMALL_PX = 320


@pytest.fixture(scope="session")
def small_ground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corner of the sample ground: before.tif, after.tif, truth.tif, layers.gpkg."""
    folder = tmp_path_factory.mktemp("small_ground")
    for name in ("before", "after"):
        crop(SAMPLES / "vhr" / f"{name}.tif", folder / f"{name}.tif")
    crop(SAMPLES / "truth.tif", folder / "truth.tif")
    shutil.copy(SAMPLES / "layers.gpkg", folder)
    return folder


def crop(source: Path, target: Path, row: int = 160, col: int = 600) -> None:
    """Copy SMALL_PX squared pixels of an image, with its place, names and date."""
    with rasterio.open(source) as image:
        window = rasterio.windows.Window(col, row, SMALL_PX, SMALL_PX)
        profile = image.profile | {
            "height": SMALL_PX,
            "width": SMALL_PX,
            "transform": image.window_transform(window),
        }
        with rasterio.open(target, "w", **profile) as copy:
            copy.write(image.read(window=window))
            copy.descriptions = image.descriptions
            copy.update_tags(**image.tags())
