"""A radar pair through the queue: a witness for the leads of another run, and none of its own."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from sqlalchemy import Engine, select

from geo.crs import CGCS2000, SHANGHAI_PLANE, reproject_geometry
from geo.errors import SceneError
from geo.geobox import GeoBox
from geo.raster import Raster
from leads.domain.witness import radar_saw
from leads.run.by_radar import RADAR_NOTE
from leads.run.detect import detect
from leads.run.request import Request
from leads.run.runner import Inline
from leads.store.engine import reading
from leads.store.pass_tables import held_candidates, radar_looks
from leads.store.schema import leads
from leads.store.witness import witnesses_of_each
from tests.leads.run.jobs.made_runs import driven, submitted
from tiles.synthetic.camera import MSI_10M
from tiles.synthetic.ground import Ground, make_ground
from tiles.synthetic.moment import Moment, moment_of
from tiles.synthetic.radar import radar
from tiles.synthetic.render import render

FIRST, LATER = (moment_of(date(2023, 4, 2), seed=1), moment_of(date(2024, 3, 28), seed=2))
"""Every event of the ground lies between them."""


@pytest.fixture(scope="module")
def ground() -> Ground:
    return make_ground(77, 1500, changes_per_km2=8)


def written(path: Path, raster: Raster, moment: Moment) -> Path:
    """A raster as a file whose bands and day are told; the swath ends before the east edge."""
    grid: GeoBox = raster.geobox
    with rasterio.open(
        path, "w", driver="GTiff", dtype="float32", count=len(raster.bands), crs=grid.crs,
        width=grid.width, height=grid.height, transform=grid.transform, nodata=np.nan,
    ) as image:  # fmt: skip
        image.write(raster.pixels)
        image.descriptions = raster.bands
        image.update_tags(TIFFTAG_DATETIME=f"{moment.day:%Y:%m:%d} 10:30:00")
    return path


@pytest.fixture(scope="module")
def pairs(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> tuple[Request, Request]:
    """An optical pair and a radar pair of the same ground."""
    folder = tmp_path_factory.mktemp("pairs")
    grid = ground.geobox(10.0)
    files = []
    for number, moment in enumerate((FIRST, LATER)):
        image = render(ground, moment, MSI_10M, grid).raster
        files.append(written(folder / f"optical{number}.tif", image, moment))
        seen = radar(ground, moment, grid)
        seen.pixels[:, :, 135:] = np.nan
        seen.pixels[:, 20, 20] = np.nan  # a stray pixel spoils no tile
        files.append(written(folder / f"radar{number}.tif", seen, moment))
    optical = Request(str(files[0]), str(files[2]), detector="difference")
    return optical, Request(str(files[1]), str(files[3]), detector="log-ratio", tile_px=64)


def test_a_radar_run_is_heard_and_makes_no_lead(
    store: Engine, pairs: tuple[Request, Request]
) -> None:
    optical, by_radar = pairs
    driven(store, submitted(store, optical))
    with reading(store) as connection:
        before = {row.lead_id: row for row in connection.execute(select(leads))}
    assert before
    done = driven(store, submitted(store, by_radar))
    assert done.state == "done"
    assert done.result is not None
    assert done.result["outcomes"] == {}
    assert RADAR_NOTE in done.result["notes"]
    with reading(store) as connection:
        after = {row.lead_id: row for row in connection.execute(select(leads))}
        said = witnesses_of_each(connection, list(after))
        held = connection.execute(select(held_candidates)).all()
        (look,) = connection.execute(select(radar_looks)).all()
    assert after.keys() == before.keys()
    assert len(held) == done.result["candidates"] > 0
    told = {lead_id: radar_saw(some) for lead_id, some in said.items()}
    assert True in told.values()
    for lead_id, seen in told.items():
        gain = after[lead_id].likelihood - before[lead_id].likelihood
        assert gain >= 0
        assert (gain > 0) <= bool(seen)
        if seen is None:  # in the strip that the swath left out
            assert not shapely.covers(look.ground, after[lead_id].geometry)


def test_ground_is_told_without_a_store_too(ground: Ground, pairs: tuple[Request, Request]) -> None:
    found = detect(pairs[1], Inline())
    assert found.ground is not None
    whole = reproject_geometry(found.ground, CGCS2000, SHANGHAI_PLANE)
    rows = ground.geobox(10.0).height
    assert whole.area == pytest.approx(2 * 64 * rows * 100, rel=0.01)  # two of three columns


def test_radar_needs_its_own_detector(pairs: tuple[Request, Request]) -> None:
    _, by_radar = pairs
    for name in ("difference", "irmad"):
        request = Request(by_radar.before, by_radar.after, detector=name)
        with pytest.raises(SceneError, match=f"{name} cannot compare: take --detector log-ratio"):
            detect(request, Inline())


def test_two_kinds_of_imagery_are_refused(pairs: tuple[Request, Request]) -> None:
    optical, by_radar = pairs
    request = Request(optical.before, by_radar.after, detector="difference")
    with pytest.raises(SceneError, match="compare radar with radar"):
        detect(request, Inline())


def test_any_tiling_gives_the_same_spots(pairs: tuple[Request, Request]) -> None:
    _, by_radar = pairs
    sizes = (None, 64, 100)
    found = [
        detect(Request(by_radar.before, by_radar.after, detector="log-ratio", tile_px=px), Inline())
        for px in sizes
    ]
    outlines = [{lead.geometry.wkb for lead in one.leads} for one in found]
    assert outlines[0] == outlines[1] == outlines[2]
    assert outlines[0]
