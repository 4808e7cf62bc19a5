"""Sentinel-2 on both sides of baseline 04.00, opened as it is: the offset is fitted."""

import json
from pathlib import Path

import numpy as np
import pytest

from geo.geobox import Window
from geo.raster import Raster
from tests.fakes.cogs import GROUND, cog_of
from tests.tiles.sources.stac_items import BANDS, KEYS, item
from tiles.files.gdal_env import gdal_env
from tiles.files.open_scene import open_scene
from tiles.reading.read import read_scene
from tiles.survey.gain import apply_gains, fit_gains

BLANK = 10


def opened(folder: Path, ground: Path, *, added: int, baseline: str) -> Raster:
    """An item of a public catalogue with its files beside it; nothing states what is missing."""
    folder.mkdir()
    told = item(0, "", **{"s2:processing_baseline": baseline})
    for key, file in KEYS.items():
        shift = 0 if key == "scl" else added
        (folder / f"{file}.tif").write_bytes(cog_of(file, ground, added=shift, blank=BLANK))
        told["assets"][key] |= {"href": f"{file}.tif"}
        told["assets"][key].pop("raster:bands")
    (folder / "item.json").write_text(json.dumps(told))
    scene = open_scene(str(folder))
    with gdal_env():
        return read_scene(scene, BANDS, scene.geobox, Window(0, 0, *scene.geobox.shape))


@pytest.mark.parametrize("later", [GROUND, GROUND.parent / "2024-04-11"])
def test_the_offset_between_two_dates_does_not_matter(tmp_path: Path, later: Path) -> None:
    """After the gains, the earlier date is what it would be without the change of baseline."""
    before = opened(tmp_path / "before", GROUND, added=0, baseline="03.01")
    shifted = opened(tmp_path / "shifted", later, added=1000, baseline="05.09")
    plain = opened(tmp_path / "plain", later, added=0, baseline="03.01")
    np.testing.assert_array_equal(shifted.valid, plain.valid)
    seen = before.valid & plain.valid
    assert seen.any() and not seen[:, : BLANK // 2].any()
    x, y = (raster.pixels[:, seen].astype(np.float64) for raster in (before, plain))
    corrected = apply_gains(before, fit_gains(BANDS, x, y)).pixels[:, seen] - y
    as_well = apply_gains(before, fit_gains(BANDS, x, y + 1000)).pixels[:, seen]
    left = as_well - shifted.pixels[:, seen]
    np.testing.assert_allclose(left, corrected, atol=0.01)
