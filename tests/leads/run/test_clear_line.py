"""The whole line under clouds: no lead where either date is unseen; composites date their leads."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path

import cv2
import numpy as np
import pytest
from rasterio.features import geometry_mask
from shapely import box

from geo.crs import CGCS2000, SHANGHAI_PLANE, reproject_geometry
from geo.geobox import Window
from leads.run.detect import detect
from leads.run.detection import Detection
from leads.run.request import Request
from leads.run.runner import Inline, pool
from tests.tiles.clear.conftest import Look, looked_at
from tiles.clear.cloud import disc
from tiles.clear.composite import latest_clear
from tiles.clear.mask_scene import mask_scene
from tiles.files.open_scene import open_scene
from tiles.files.write_item import write_item
from tiles.reading.read import PairReader
from tiles.scene import Scene
from tiles.sources.acquisition import Acquisition, Kind

FIRST, SECOND, LAST = date(2024, 3, 2), date(2024, 3, 22), date(2024, 4, 11)
SIZE = 360


def change(look: Look, spots: Sequence[tuple[int, int]]) -> Look:
    """Fresh soil of 8 x 8 pixels at (row, column), seen through the same sky."""
    soil = np.array([0.13, 0.19, 0.25, 0.34], np.float32)[:, None, None]
    for row, col in spots:
        at = (slice(row, row + 8), slice(col, col + 8))
        opacity = look.sky[at]
        look.pixels[(slice(None), *at)] = soil * (1 - 0.55 * look.shade[at]) * (1 - opacity) + (
            0.62 * opacity
        )
    return look


def kept(folder: Path, look: Look, *, scl: bool = False) -> Scene:
    """Fetched, masked and described, as a pass is."""
    folder.mkdir(parents=True)
    fetched = look.fetched(folder, scl=scl)
    mask_scene(folder, fetched)
    seen = datetime.combine(look.moment.day, time(2, 30), UTC)
    offered = Acquisition("test", "made", folder.name, Kind.OPTICAL, seen, box(121, 31, 122, 32))
    write_item(folder, offered, fetched, {})
    return open_scene(str(folder))


def found_between(before: Scene, after: Scene) -> Detection:
    request = Request(before.source, after.source, detector="difference", min_area_m2=400)
    with pool(1) as runner:
        return detect(request, runner)


SPOTS = [(row, col) for row in range(30, SIZE - 30, 50) for col in range(30, SIZE - 30, 50)]


@pytest.mark.parametrize(("seed", "scl"), [(3, True), (17, True), (11, False), (12, False)])
def test_no_lead_touches_ground_that_either_date_did_not_see(
    tmp_path: Path, seed: int, *, scl: bool
) -> None:
    before = looked_at(0.2, seed, SIZE, day=FIRST)
    after = change(looked_at(0.3, seed + 1, SIZE, day=LAST), SPOTS)
    scenes = kept(tmp_path / "a", before, scl=scl), kept(tmp_path / "b", after, scl=scl)
    request = Request(*(one.source for one in scenes), detector="difference", min_area_m2=400)
    detection = detect(request, Inline())
    assert len(detection.leads) >= 5
    grid = detection.record.plan.grid
    reader = PairReader(*scenes, detection.reader.bands, grid)
    observed = reader.read(Window(0, 0, *grid.shape), detection.record.fit).observed
    large = disc(5).astype(np.uint8)  # masks are made on cells: what is smaller is not seen
    cloud = ((before.sky > 0.6) | (after.sky > 0.6)).astype(np.uint8)
    cloud = cv2.morphologyEx(cloud, cv2.MORPH_OPEN, large) > 0
    for lead in detection.leads:
        outline = reproject_geometry(lead.geometry, CGCS2000, SHANGHAI_PLANE)
        under = geometry_mask([outline], grid.shape, grid.transform, invert=True)
        assert observed[under].all()
        assert not cloud[under].any()


def test_leads_against_a_composite_are_dated_by_what_lies_under_them(tmp_path: Path) -> None:
    first = kept(tmp_path / "first", looked_at(0.0, 1, SIZE, day=FIRST))
    half = looked_at(0.0, 2, SIZE, day=SECOND)
    half.sky[:, : SIZE // 2] = 1
    half.pixels[:, :, : SIZE // 2] = np.array([0.62, 0.62, 0.63, 0.66])[:, None, None]
    second = kept(tmp_path / "second", half, scl=True)
    folder = tmp_path / "composite"
    folder.mkdir()
    fetched = latest_clear([first, second], second.geobox, folder)
    span = {"start_datetime": f"{FIRST}T02:00:00Z", "end_datetime": f"{SECOND}T03:00:00Z"}
    write_item(folder, None, fetched, span)
    before = open_scene(str(folder))
    after = kept(tmp_path / "after", change(looked_at(0.0, 3, SIZE, day=LAST), SPOTS))
    detection = found_between(before, after)
    assert len(detection.leads) >= 30
    seam = 640_000 + 10 * (SIZE // 2)
    dated = {FIRST: 0, SECOND: 0}
    for lead in detection.leads:
        outline = reproject_geometry(lead.geometry, CGCS2000, SHANGHAI_PLANE)
        west = outline.bounds[0]
        assert lead.date_after == LAST
        dated[lead.date_before] += 1
        if west < seam:
            assert lead.date_before == FIRST
        elif west > seam + 100:
            assert lead.date_before == SECOND
    assert min(dated.values()) > 10
