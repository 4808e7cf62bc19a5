"""Ships, foam and flats are no leads, the reclamation is; on made-up shores nobody tuned on."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from shapely import MultiPolygon, Polygon

from geo.candidate import Candidate
from geo.change_class import ChangeClass
from geo.crs import CGCS2000, SHANGHAI_PLANE, reproject_geometry
from geo.errors import InputError
from geo.geobox import Window
from geo.shore import ShorePlace
from geo.water import WaterCounts
from leads.domain.lead import Lead
from leads.run.by_water import with_shore
from leads.run.detect import detect
from leads.run.detection import Detection
from leads.run.request import Request, request_of
from leads.run.runner import Inline
from leads.run.tides import load_tides
from tests.leads.documents.made_leads import make_lead
from tiles.synthetic.afloat import with_afloat
from tiles.synthetic.camera import VHR_A, VHR_B, Camera
from tiles.synthetic.event import Lookalike
from tiles.synthetic.ground import Ground, make_ground
from tiles.synthetic.moment import moment_of
from tiles.synthetic.render import render

BEFORE, AFTER = date(2023, 3, 20), date(2024, 4, 2)
HIGH_M, LOW_M = 1.8, 0.5
TABLE = f"""station,lon,lat,time,height_m
甲站,121.77,31.56,2023-03-20T08:00+08:00,0.4
甲站,121.77,31.56,2023-03-20T10:30+08:00,{HIGH_M}
甲站,121.77,31.56,2024-04-02T10:30+08:00,{LOW_M}
甲站,121.77,31.56,2024-04-02T16:30+08:00,3.1
"""
NORTH = Window(0, 0, 448, 1024)
"""Sea, flat and some land of a ground of 2,048 m at 2 m."""


def shore(seed: int) -> Ground:
    ground = with_afloat(make_ground(seed, 2048.0), AFTER, LOW_M, 1, ships=4, foam=2, silt=2)
    return with_afloat(ground, BEFORE, LOW_M, 2, ships=2, foam=1, silt=0)


def photographed(ground: Ground, day: date, tide_m: float, camera: Camera, folder: Path) -> Path:
    """A STAC item of the north of a ground, taken at half past ten."""
    grid = ground.geobox(2.0).crop(NORTH)
    raster = render(ground, moment_of(day, tide_m=tide_m, seed=7), camera, grid).raster
    folder.mkdir()
    layout = {"driver": "GTiff", "dtype": camera.dtype, "count": 4, "alpha": "NO"}
    place = {"height": grid.height, "width": grid.width, "transform": grid.transform}
    with rasterio.open(
        folder / "bands.tif", "w", **layout, **place, crs=grid.crs, photometric="MINISBLACK"
    ) as image:
        image.write(raster.pixels.astype(camera.dtype))
        image.descriptions = raster.bands
    at = datetime(day.year, day.month, day.day, 2, 30, tzinfo=UTC).isoformat()
    item = {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": f"made-{day}",
        "geometry": None,
        "properties": {"datetime": at},
        "links": [],
        "assets": {
            "bands": {
                "href": "bands.tif",
                "eo:bands": [{"name": name, "common_name": name} for name in raster.bands],
            }
        },
    }
    path = folder / "item.json"
    path.write_text(json.dumps(item), encoding="utf-8")
    return path


def found_on(ground: Ground, folder: Path, tide: str | None) -> Detection:
    table = None
    if tide is not None:
        table = folder / "tide.csv"
        table.write_text(tide, encoding="utf-8")
    request = Request(
        before=str(photographed(ground, BEFORE, HIGH_M, VHR_A, folder / "before")),
        after=str(photographed(ground, AFTER, LOW_M, VHR_B, folder / "after")),
        detector="difference",
        min_area_m2=200,
        tide=table,
    )
    assert request_of(json.loads(json.dumps(request.as_json))) == request
    return detect(request, Inline())


def outlines(ground: Ground, kind: ChangeClass | Lookalike) -> list[Polygon]:
    return [
        Polygon(event.outline)
        for event in ground.events
        if event.kind is kind and event.differs(BEFORE, AFTER)
    ]


def hit(ground: Ground, leads: Sequence[Lead], wanted: Sequence[Polygon]) -> int:
    """How many of the outlines share a third of themselves, or of a lead, with a lead."""
    local = [
        shapely.transform(
            reproject_geometry(lead.geometry, CGCS2000, SHANGHAI_PLANE),
            lambda xy: xy - np.array(ground.origin),
        )
        for lead in leads
    ]
    return sum(
        any(one.intersection(p).area > min(one.area, p.area) / 3 for one in local) for p in wanted
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", [910_003, 920_007, 920_014])
def test_what_floats_is_held_and_what_is_built_is_a_lead(seed: int, tmp_path: Path) -> None:
    ground = shore(seed)
    found = found_on(ground, tmp_path, TABLE)
    afloat, built = outlines(ground, Lookalike.AFLOAT), outlines(ground, ChangeClass.RECLAMATION)
    assert len(afloat) >= 3 and built
    assert hit(ground, found.leads, afloat) == 0
    assert hit(ground, found.held, afloat) >= len(afloat) - 2  # silt is water: no change at all
    assert hit(ground, found.leads, built) == len(built)
    assert hit(ground, found.held, built) == 0
    for lead in found.leads:
        assert lead.shore is not None
        tide = lead.shore.tide
        if lead.shore.shore.place is ShorePlace.LAND:
            assert lead.tide_exposure_m == 0 and tide is None
        else:
            assert tide is not None and (tide.before_m, tide.after_m) == (HIGH_M, LOW_M)
            fell = HIGH_M - LOW_M if lead.shore.shore.fell_dry else 0
            assert lead.tide_exposure_m == pytest.approx(fell)
    assert found.record.water is not None and found.record.tide is not None
    assert any("水面" in note for note in found.summary.notes)


@pytest.mark.parametrize(
    ("seen", "instants", "expected"),
    [
        ("2023-03-12", ("10:30", "18:30"), 1.3),  # either may lie under it: what explains most
        ("2023-03-13", ("10:30", "18:30"), 0.3),  # the first part is older than what is under it
        ("2023-03-12", ("10:30", "06:00"), None),
        ("2023-03-12", (), None),
    ],
)
def test_against_a_composite_the_tide_of_each_part_that_may_lie_under_a_lead_is_asked(
    seen: str, instants: tuple[str, ...], expected: float | None, tmp_path: Path
) -> None:
    rows = ("2023-03-12T10:30", 1.8), ("2023-03-13T18:30", 0.8), ("2024-04-02T10:30", 0.5)
    lines = [f"a,121.77,31.56,{at}+08:00,{height}" for at, height in rows]
    (tmp_path / "tide.csv").write_text("\n".join(["station,lon,lat,time,height_m", *lines]))
    days = ("2023-03-12", "2023-03-13")
    parts = [
        datetime.fromisoformat(f"{day}T{at}+08:00").astimezone(UTC)
        for day, at in zip(days, instants, strict=False)
    ]
    outline = MultiPolygon([shapely.box(121.770, 31.560, 121.772, 31.562)])
    lead = make_lead(geometry=outline, date_before=date.fromisoformat(seen), date_after=AFTER)
    wet = WaterCounts(390, 10, 300, 60)
    dried = Candidate(outline, CGCS2000, 4e4, 400, 0.9, water=wet)
    after = datetime.fromisoformat("2024-04-02T10:30+08:00")
    (told,) = with_shore([lead], [dried], load_tides(tmp_path / "tide.csv"), (parts, after))
    assert told.tide_exposure_m == (expected if expected is None else pytest.approx(expected))


def test_a_table_that_is_not_there_or_no_text_is_told(tmp_path: Path) -> None:
    assert load_tides(None) is None
    with pytest.raises(InputError, match=r"none\.csv: cannot be read"):
        load_tides(tmp_path / "none.csv")
    (tmp_path / "gbk.csv").write_bytes("潮位站".encode("gbk"))
    with pytest.raises(InputError, match="UTF-8"):
        load_tides(tmp_path / "gbk.csv")
