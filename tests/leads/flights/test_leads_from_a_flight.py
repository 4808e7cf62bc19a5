"""From photos over the synthetic ground to leads, held against the truth."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from shapely import Point, Polygon

from geo.crs import CGCS2000, SHANGHAI_PLANE, reproject_geometry
from leads.domain.flight import FlightState, Product
from leads.run.detect import detect
from leads.run.request import request_of
from leads.run.runner import Inline
from leads.store.engine import connect
from models.evaluation.flown import OTHER_DRONE
from tests.leads.flights.made_flyer import Field
from tiles.synthetic.flight import made_flight, waste_with_signs
from tiles.synthetic.ground import make_ground
from tiles.synthetic.moment import moment_of
from tiles.synthetic.orthophoto import write_orthophoto

BEFORE, AFTER = date(2023, 1, 20), date(2024, 4, 6)


@pytest.mark.slow
def test_leads_of_a_flight_are_where_the_ground_changed(sqlite_url: str, tmp_path: Path) -> None:
    ground = make_ground(31, 1920)
    x, y = waste_with_signs(ground)
    area, earlier = (x - 60, y - 60, x + 60, y + 60), tmp_path / "earlier" / "ortho.tif"
    write_orthophoto(earlier, ground, moment_of(BEFORE, seed=5), area, 0.1, camera=OTHER_DRONE)
    over = (x - 28, y - 28, x + 28, y + 28)
    _, photos = made_flight(tmp_path / "photos", ground, AFTER, area=over, height_m=45.0)
    field = Field(connect(sqlite_url), tmp_path / "data")
    field.add_people()
    assert field.flown(earlier).state is FlightState.KEPT
    row = field.flown(*sorted(photos.folder.iterdir()))
    assert (row.state, row.product) == (FlightState.QUEUED, Product.QUICK_LOOK), row.reason
    placing = dict(row.placing or {})
    assert placing["applied"], placing
    leads = detect(request_of(field.job(row.run_job_id).payload), Inline()).leads
    changes = [
        Polygon(ground.to_world(event.outline))
        for event in ground.events
        if event.is_change and event.differs(BEFORE, AFTER)
    ]
    middle = Point(*ground.to_world(np.array([x, y])))
    (dump,) = (one for one in changes if one.contains(middle))
    found = [reproject_geometry(lead.geometry, CGCS2000, SHANGHAI_PLANE) for lead in leads]
    error_m = placing["left_m"]
    allowed = dump.buffer(error_m)
    inside = [one for one in found if allowed.contains(one)]
    assert max(one.area for one in inside) > 200.0
    outside = sum(one.difference(allowed).area for one in found)
    assert outside < 0.15 * sum(one.area for one in found)  # shadows and growth: not none
