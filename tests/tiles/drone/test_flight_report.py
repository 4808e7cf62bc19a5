"""A flight's report: every file is told of, and the map says what the list says."""

import json
from pathlib import Path

import pytest
import shapely

from geo.errors import SceneError
from tests.fakes.photos import LAT, LON, START, Made, lines, photo_bytes, write_flight, write_photo
from tiles.drone.check_page import check_page, sketch_of
from tiles.drone.findings import finding_of
from tiles.drone.flight_report import FlightReport, Verdict, look_at_file, report_on_files
from tiles.drone.seen import Filed
from tiles.limited import Limits, Outcome, limited_pool

AREA = shapely.box(LON - 0.0003, LAT - 0.0002, LON + 0.002, LAT + 0.0006)


class Here:
    """Looks at files in this process."""

    def each(self, function, items):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        for item in items:
            try:
                yield Outcome(item, function(item))
            except SceneError as error:
                yield Outcome(item, None, error)


def report(folder: Path, filed: Filed | None = None) -> FlightReport:
    files = [(path.name, path) for path in sorted(folder.iterdir())]
    return report_on_files(files, filed, Here(), now=START)


def broken(folder: Path) -> None:
    """A small flight with a gap, a frame from elsewhere, a damaged one, and a page in its name."""
    flight = lines(2, 5)
    del flight[2:4]
    write_flight(folder, flight)
    whole = photo_bytes(Made(seed=40))
    (folder / "DJI_0101.JPG").write_bytes(whole[: len(whole) // 2])
    (folder / "DJI_0102.JPG").write_bytes(whole[:200])
    write_photo(folder / "<b>&'\".JPG", Made(lon=-LON, seed=41))


def test_a_good_flight(tmp_path: Path) -> None:
    write_flight(tmp_path, lines(3, 5))
    found = report(tmp_path)
    assert (found.verdict, found.findings) == (Verdict.GOOD, ())
    assert found.flown_from == START and (found.flown_to or START) > START
    assert (found.device, found.gsd_m) == ("DJI MADE1", 0.125)
    assert found.area is not None and found.area.geom_type == "MultiPolygon"
    # three lines of 60 m, half over each other; five frames of 45 m, a quarter apart
    assert found.area.area * 110_870 * 95_000 == pytest.approx(120 * 90, rel=0.01)
    told = json.loads(json.dumps(found.as_json()))
    assert (told["verdict"], told["photos"], told["frames"]) == ("good", 15, 15)


def test_everything_that_is_wrong_is_told_once_and_on_the_map(tmp_path: Path) -> None:
    broken(tmp_path)
    found = report(tmp_path, Filed(AREA))
    codes = [finding.code for finding in found.findings]
    assert {"unreadable", "truncated", "position_jump", "forward_overlap"} <= set(codes)
    assert "area_not_covered" in codes and found.verdict is Verdict.USABLE
    unread = next(one for one in found.findings if one.code == "unreadable")
    assert unread.photos == ("DJI_0102.JPG",) and str(tmp_path) not in str(unread.as_json())
    told = found.as_json()
    assert tuple(map(finding_of, told["findings"])) == found.findings
    layer = json.loads(json.dumps(found.as_geojson()))["features"]
    frames = {
        one["properties"]["name"]: one["properties"]
        for one in layer
        if one["properties"]["what"] == "frame"
    }
    assert len(frames) == len(found.photos)
    for finding in found.findings:
        for name in finding.photos:
            if name in frames:
                assert dict(finding.words) in frames[name]["reasons"]
                assert frames[name]["severity"] != "good"
    kinds = {one["properties"]["what"] for one in layer}
    assert kinds == {"frame", "filed", "gap", "place"}
    for one in layer:
        assert shapely.geometry.shape(one["geometry"]).is_valid


def test_nothing_and_files_that_are_none(tmp_path: Path) -> None:
    assert report_on_files([], None, Here()).verdict is Verdict.GOOD
    found = report_on_files([("a.jpg", tmp_path / "none.jpg")], None, Here(), now=START)
    assert [one.code for one in found.findings] == ["unreadable"]
    assert found.area is None and found.flown_from is None and found.device is None


@pytest.mark.slow
def test_in_limited_children(tmp_path: Path) -> None:
    broken(tmp_path)
    files = [(path.name, path) for path in sorted(tmp_path.iterdir())]
    with limited_pool(2, Limits(memory_mb=2048, seconds=60)) as pool:
        found = report_on_files(files, Filed(AREA), pool, now=START)
    assert found.as_json() == report(tmp_path, Filed(AREA)).as_json()


def test_the_page_holds_all_it_needs(tmp_path: Path) -> None:
    broken(tmp_path)
    found = report(tmp_path, Filed(AREA))
    page = check_page({**found.as_json(), "map": found.as_geojson()}, "<i>堡镇</i>")
    assert "http:" not in page and "https:" not in page and "src=" not in page
    assert "<b>" not in page.split("<main>")[1].replace("<b>50 m</b>", "").replace(
        "<b>20 m</b>", ""
    )
    assert "&lt;i&gt;堡镇&lt;/i&gt;" in page and "<i>堡镇" not in page
    for finding in found.findings:
        assert finding.words["zh"].replace("&", "&amp;").split("<")[0] in page
    assert page.count('class="frame ') + page.count('class="dot ') == len(found.photos) - 1
    assert "1 项离得太远" in page
    nothing = report_on_files([], None, Here(), now=START)
    empty = check_page({**nothing.as_json(), "map": nothing.as_geojson()}, "none")
    assert "没有位置" in empty and "没有发现问题" in empty


def test_the_sketch_keeps_shape_and_north(tmp_path: Path) -> None:
    write_flight(tmp_path, lines(3, 5))
    sketch = sketch_of(report(tmp_path).as_geojson()["features"], [(LON, LAT, 1, "warn")])
    assert sketch is not None
    # 120 x 90 m, and a margin of six hundredths of the longer side all around
    assert sketch.width == pytest.approx(120 + 2 * 7.2, abs=1.5)
    assert sketch.height == pytest.approx(90 + 2 * 7.2, abs=1.5)
    x, y, number, kind = sketch.pins[0]
    assert (number, kind) == (1, "warn") and x < sketch.width / 2 and y > sketch.height / 2


def test_one_file_on_its_own(tmp_path: Path) -> None:
    path = write_photo(tmp_path / "a.jpg")
    photo, look = look_at_file(("x/a.jpg", path))
    assert photo.name == "x/a.jpg" and look.is_whole and len(look.sha256) == 64
