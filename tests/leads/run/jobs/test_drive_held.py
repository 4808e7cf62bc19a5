"""What lies amid water is looked at again on every later image: an island is a lead, a ship not."""

from datetime import date
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
import rasterio
from affine import Affine
from shapely import MultiPolygon, box
from sqlalchemy import Engine, select

from geo.crs import CGCS2000, SHANGHAI_PLANE, reproject_geometry
from geo.water import WaterLine
from leads.domain.held import HeldPlace
from leads.run.look_again import look_at
from leads.run.request import Request
from leads.store.engine import reading
from leads.store.pass_tables import held_candidates, held_looks
from leads.store.schema import leads
from tests.leads.run.jobs.made_runs import driven, submitted
from tiles.files.open_scene import open_scene

EDGE = 400
GRID = Affine(10, 0, 5.6e5, 0, -10, 3.48e6)
DAYS = [date(2026, 9, 30), date(2026, 10, 5), date(2026, 10, 15), date(2026, 10, 25)]
ISLAND, SHIP = (slice(300, 312), slice(200, 212)), (slice(350, 358), slice(80, 100))
BANDS = ("blue", "green", "red", "nir")
WATER, LAND = (700, 900, 950, 350), (800, 950, 1100, 2500)
NEW = (1900, 2100, 2300, 2700)


def image(folder: Path, day: date, *there: tuple[slice, slice], clouded: bool = False) -> Path:
    """Land in the north, water below, and what lies there; 4 km at 10 m."""
    draw, same = np.random.default_rng(day.toordinal()), np.random.default_rng(5)
    texture = cv2.GaussianBlur(same.normal(0, 1, (EDGE, EDGE)), (0, 0), 2) * 900
    roofs = same.integers(5, 90, (40, 2))
    pixels = np.empty((4, EDGE, EDGE))
    for band, (water, land) in enumerate(zip(WATER, LAND, strict=True)):
        pixels[band] = water
        pixels[band, :100] = land + texture[:100] * (2 if band == 3 else 1)
        for row, col in roofs:
            pixels[band, row : row + 5, 4 * col : 4 * col + 6] = 3800
        for place in there:
            pixels[band][place] = NEW[band]
    pixels += draw.normal(0, 15, pixels.shape)
    if clouded:
        pixels[:, 305:308, 205:208] = 0
    path = folder / f"{day}.tif"
    with rasterio.open(
        path, "w", driver="GTiff", height=EDGE, width=EDGE, count=4, dtype="uint16", nodata=0,
        crs=SHANGHAI_PLANE, transform=GRID,
    ) as target:  # fmt: skip
        target.write(pixels.clip(1 - clouded, 65535).astype("uint16"))
        target.descriptions = BANDS
        target.update_tags(TIFFTAG_DATETIME=f"{day:%Y:%m:%d} 10:30:00")
    return path


def test_an_island_is_a_lead_on_the_next_image_and_a_ship_is_none(
    store: Engine, tmp_path: Path
) -> None:
    """Each image is compared with the latest clear one, which shows the island from then on."""
    images = [
        image(tmp_path, DAYS[0]),
        image(tmp_path, DAYS[1], ISLAND, SHIP),
        image(tmp_path, DAYS[2], ISLAND),
        image(tmp_path, DAYS[3], ISLAND, SHIP),  # another ship at the same anchor
    ]
    outcomes = []
    for before, after in pairwise(images):
        request = Request(str(before), str(after), detector="difference")
        done = driven(store, submitted(store, request))
        assert done.result is not None
        outcomes.append(done.result["outcomes"])
    assert outcomes == [{}, {"new_site": 1}, {}]
    with reading(store) as connection:
        [lead] = connection.execute(select(leads)).all()
        looks = connection.execute(select(held_looks).order_by(held_looks.c.day)).all()
        held = {row.held_id: row for row in connection.execute(select(held_candidates))}
    x, y = GRID @ (206, 306)
    inside = reproject_geometry(lead.geometry, CGCS2000, SHANGHAI_PLANE)
    assert inside.contains(box(x - 20, y - 20, x + 20, y + 20))
    assert (lead.date_before, lead.date_after) == tuple(DAYS[:2])
    seen = [(look.day, look.there, look.sighting_id) for look in looks]
    assert (DAYS[2], True, lead.lead_id) in seen and (DAYS[3], True, None) in seen
    assert (DAYS[2], False, None) in seen  # what is there on the last day is another ship
    assert len(seen) == 4 and {look.held_id for look in looks} <= set(held)


@pytest.mark.parametrize(
    ("seen", "clouded", "there"),
    [((ISLAND,), False, True), ((), False, False), ((ISLAND,), True, None)],
)
def test_a_place_is_there_or_gone_or_not_seen(
    tmp_path: Path,
    seen: tuple[tuple[slice, slice], ...],
    clouded: bool,  # noqa: FBT001
    there: bool | None,  # noqa: FBT001
) -> None:
    scene = open_scene(str(image(tmp_path, DAYS[1], *seen, clouded=clouded)))
    line = WaterLine(("green", "nir"), 1.5, 1.5)
    looked = look_at(scene, scene.bands[0].geobox, line, [place("a", 200, 300), place("b", 395, 9)])
    assert [one.there for one in looked] == ([] if there is None else [there])


def place(held_id: str, col: int, row: int) -> HeldPlace:
    """12 pixels square; from column 395 on it reaches over the edge."""
    (west, north), (east, south) = GRID @ (col, row), GRID @ (col + 12, row + 12)
    outline = MultiPolygon([box(west, south, east, north)])
    return HeldPlace(held_id, reproject_geometry(outline, SHANGHAI_PLANE, CGCS2000))
