"""A real Sentinel-2 tile on three dates, thinned to 120 m: masks, hectares, composite, detection.

At 120 m this tests the logic, not what is detected. HONGXIAN_SHARED_DATA names the folder that
holds `s2-l2a-33TWL`.
"""

import json
import os
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.features import geometry_mask
from shapely import box
from shapely.geometry.base import BaseGeometry

from geo.crs import CGCS2000, reproject_geometry
from geo.geobox import GeoBox
from geo.hectares import sight_bytes, sight_of_bytes
from leads.run.detect import detect
from leads.run.request import Request
from leads.run.runner import Inline
from tiles.clear.composite import latest_clear
from tiles.clear.mask_scene import MaskFacts, mask_scene
from tiles.clear.sight import clear_share, sight_of
from tiles.files.new_cog import new_cog
from tiles.files.open_scene import open_scene
from tiles.files.write_item import DATES_FILE, verify_item, write_item
from tiles.reading.masks import SCL_NOT_OBSERVED
from tiles.scene import Scene
from tiles.sources.acquisition import Acquisition, Kind
from tiles.sources.source import BANDS_FILE, SCL_FILE, Fetched

pytestmark = pytest.mark.slow

FOLDER = Path(os.environ.get("HONGXIAN_SHARED_DATA", "")) / "s2-l2a-33TWL"
BANDS = {"blue": "B02", "green": "B03", "red": "B04", "nir": "B08"}


@dataclass(frozen=True, slots=True, eq=False)
class Pass:
    """One date, masked twice: by its pixels alone, and joined with its classification."""

    scene: Scene
    facts: MaskFacts
    own: NDArray[np.uint8]
    said: NDArray[np.uint8]
    seen: NDArray[np.bool_]


def read(path: Path) -> NDArray[np.generic]:
    with rasterio.open(path) as image:
        found: NDArray[np.generic] = image.read(1)
        return found


@pytest.fixture(scope="module")
def passes(tmp_path_factory: pytest.TempPathFactory) -> list[Pass]:
    if not FOLDER.is_dir():
        pytest.skip("HONGXIAN_SHARED_DATA names no folder with s2-l2a-33TWL")
    folders = sorted(FOLDER.glob("S2*"), key=lambda folder: folder.name.split("_")[2])
    return [fetched(folder, tmp_path_factory.mktemp(folder.name)) for folder in folders]


def fetched(source: Path, folder: Path) -> Pass:
    with rasterio.open(source / "B04.tif") as image:  # its CRS lies in a file beside it
        grid = GeoBox(CRS.from_epsg(32633), image.transform, *image.shape)
    item = json.loads(next(source.glob("*.json")).read_text("utf-8"))["properties"]
    about = {name: value for name, value in item.items() if name.startswith("view:sun")}
    planes = np.stack([read(source / f"{stem}.tif") for stem in BANDS.values()])
    with new_cog(folder / BANDS_FILE, grid, tuple(BANDS), "uint16") as image:
        image.write(planes)
    mask_scene(folder, Fetched(tuple(BANDS), 120.0, has_scl=False, properties=about))
    own = read(folder / SCL_FILE).astype(np.uint8)
    said = read(source / "SCL.tif").astype(np.uint8)
    with new_cog(folder / SCL_FILE, grid, ("scl",), "uint8", nodata=None) as image:
        image.write(said, 1)
    what = Fetched(tuple(BANDS), 120.0, has_scl=True, properties=about)
    facts = mask_scene(folder, what)
    seen = datetime.fromisoformat(item["datetime"])
    offered = Acquisition("test", "s2", source.name, Kind.OPTICAL, seen, _ground(grid))
    write_item(folder, offered, what, {})
    return Pass(open_scene(str(folder)), facts, own, said, (planes > 0).all(axis=0))


def _ground(grid: GeoBox) -> BaseGeometry:
    return reproject_geometry(box(*grid.bounds), grid.crs, CGCS2000)


def test_own_masks_agree_with_the_classification(passes: list[Pass]) -> None:
    for one, least, most in zip(passes, (0.95, 0.85, 0.95), (0.25, 0.01, 0.06), strict=True):
        cloud = np.isin(one.said, (8, 9)) & one.seen
        ground = np.isin(one.said, (4, 5, 6)) & one.seen
        hidden = np.isin(one.own, SCL_NOT_OBSERVED)
        assert hidden[cloud].mean() > least
        assert hidden[ground].mean() < most  # grown by a cell, which is 120 m here


def test_a_classification_is_completed_and_hectares_counted(passes: list[Pass]) -> None:
    clear = [one.facts.clear_share for one in passes]
    assert clear[0] < 0.35
    assert 0.8 < clear[2] < clear[1]
    for one in passes:
        said_hidden = np.isin(one.said, SCL_NOT_OBSERVED) | (one.said > 11)
        now = read(Path(one.scene.source) / SCL_FILE)
        assert np.isin(now, [*SCL_NOT_OBSERVED, 12])[said_hidden].all()
        sight = sight_of(one.scene)
        assert sight.crs == CRS.from_epsg(32633)
        assert sight_of_bytes(sight_bytes(sight)).seen.sum() == sight.seen.sum()
        # what hides grows by two pixels, which are 240 m here
        assert clear_share(sight, _ground(one.scene.geobox)) <= one.facts.clear_share
        verify_item(Path(one.scene.source))


def test_the_composite_of_the_first_two_dates_its_leads(passes: list[Pass], tmp_path: Path) -> None:
    first, second, last = (one.scene for one in passes)
    folder = tmp_path / "composite"
    folder.mkdir()
    found = latest_clear([first, second], last.geobox, folder)
    span = {"start_datetime": f"{first.date}T00:00:00Z", "end_datetime": f"{second.date}T00:00:00Z"}
    write_item(folder, None, found, span)
    days = read(folder / DATES_FILE)
    known = {date(1970, 1, 1).toordinal() + int(day) for day in np.unique(days[days > 0])}
    assert known == {first.date.toordinal(), second.date.toordinal()}
    assert (days > 0).mean() > 0.92
    request = Request(str(folder), last.source, detector="difference", min_area_m2=30_000)
    detection = detect(request, Inline())
    assert detection.leads
    grid = detection.record.plan.grid
    seen = detection.summary.valid_pixels / detection.summary.pixels
    assert 0.5 < seen < 0.95
    for lead in detection.leads:
        assert first.date <= lead.date_before <= second.date < lead.date_after
        outline = reproject_geometry(lead.geometry, CGCS2000, grid.crs)
        under = geometry_mask([outline], grid.shape, grid.transform, invert=True)
        if lead.date_before == second.date and grid == last.geobox:
            assert (days[under] == (second.date - date(1970, 1, 1)).days).all()
