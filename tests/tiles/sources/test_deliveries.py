"""Deliveries as a source: what is listed, what waits, what is refused, and what is made of it."""

import os
import shutil
import tarfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import rasterio
from shapely.geometry import box

from geo.errors import SceneError, SourceError, StoppedError
from tests.conftest import SAMPLES
from tests.fakes.bundles import (
    EAST,
    GF2,
    NORTH,
    Camera,
    gaofen,
    planet,
    rpb,
    rpc_text,
    true_ortho,
    write_image,
)
from tests.tiles.sources.delivered import AREA, AUGUST, beside_none, fetched, nothing, only, source
from tiles.ortho.heights import Heights
from tiles.ortho.rpc import rpc_of_text
from tiles.ortho.scaling import Calibration
from tiles.sources.acquisition import acquisition_of
from tiles.sources.source import Ask
from tiles.survey.shift import block_shift

PS = "20230815_023529_64_2459"


def position_m(folder: Path) -> tuple[float, float]:
    """(east, north) error of the fetched image in the middle, against the ground itself."""
    with rasterio.open(folder / "bands.tif") as file:
        row, col = file.height // 2, file.width // 2
        part = rasterio.windows.Window(col - 100, row - 100, 200, 200)
        west, south, east, north = file.window_bounds(part)
        mine = file.read(2, window=part).astype(float)
        gsd = file.res[0]
    truth = true_ortho((west, south, east, north), gsd)
    shift = block_shift(truth, mine, np.ones(truth.shape, bool))
    assert shift is not None and shift.quality > 6
    return shift.x_px * gsd, -shift.y_px * gsd


def test_a_delivery_is_listed_with_what_names_and_metadata_say(root: Path) -> None:
    found = only(source(root))
    assert found.identifier == GF2 and found.platform == "gf-2" and found.cloud_share == 0.07
    assert found.acquired == datetime(2023, 8, 15, 3, 2, 33, tzinfo=UTC)
    assert 0.003 < found.footprint.bounds[2] - found.footprint.bounds[0] < 0.01
    assert acquisition_of(found.as_json) == found
    assert source(root).cost(found, AREA).bytes > 0


def test_windows_are_half_open_and_areas_count(root: Path) -> None:
    ours = source(root)
    at = only(ours).acquired
    assert list(ours.search(Ask(AREA, at, at + timedelta(1)))) and not list(
        ours.search(Ask(AREA, at - timedelta(1), at))
    )
    assert not list(ours.search(replace(AUGUST, area=box(100, 20, 101, 21))))


def test_what_is_still_being_written_waits(root: Path) -> None:
    ours = source(root, settle_s=600.0)
    assert list(ours.search(AUGUST)) == [] and "quiet" in ours.look().waiting[0].why
    os.utime(root / GF2 / f"{GF2}-MSS1.tiff", (0, 0))  # a copy that keeps times hides nothing
    assert list(ours.search(AUGUST)) == []
    ours.clock = lambda: datetime.now(UTC) + timedelta(seconds=700)
    assert only(ours).published is not None


def test_level_1a_comes_onto_the_ground_sharp(root: Path, dem: Heights, tmp_path: Path) -> None:
    result, pixels = fetched(source(root, heights=dem), tmp_path / "out")
    assert result.bands == ("blue", "green", "red", "nir") and result.gsd_m == 0.8
    assert not result.reflectance and result.properties["processing:level"] == "L1A"
    assert (pixels > 0).all(axis=0).mean() > 0.5
    east, north = position_m(tmp_path / "out")
    assert np.hypot(east, north) < 0.3
    assert result.position_error_m == pytest.approx(50.0, abs=0.1)
    assert any("moved by 0.8" in step for step in result.steps), result.steps
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["bands.tif"]


@pytest.mark.slow
def test_one_height_serves_flat_land_and_calibration_gives_reflectance(
    root: Path, tmp_path: Path
) -> None:
    for path in (root / GF2).glob("*PAN*"):
        path.unlink()
    table = Calibration((0.15,) * 4, (1900.0, 1850.0, 1550.0, 1080.0))
    ours = source(
        root,
        heights=Heights(height_m=80.0, height_error_m=30.0),
        calibration={"GF2-PMS-2023": table},
        error_m={"GF2-PMS": 5.0},
    )
    result, pixels = fetched(ours, tmp_path / "a")
    assert result.reflectance and result.gsd_m == 3.2
    assert any("its PAN of 0.8 m was not there" in step for step in result.steps)
    assert result.properties["hongxian:meaning"] == "top-of-atmosphere reflectance"
    assert result.position_error_m == pytest.approx(np.hypot(5.0, 30 * 0.281), rel=0.01)
    assert 100 < np.median(pixels[pixels > 0]) < 6000


@pytest.mark.slow
@pytest.mark.parametrize("correct_m", [0.0, 30.0])
def test_a_reference_tells_the_shift_and_may_take_it_out(
    tmp_path: Path, dem: Heights, correct_m: float
) -> None:
    gaofen(tmp_path / "in" / GF2, rows=128, bias_m=(9.0, -6.0))
    grey = true_ortho((EAST, NORTH - 1200, EAST + 1200, NORTH), 2.0)
    pixels = np.stack([grey * 4000 + 200, grey * 4500 + 300]).astype(np.uint16)
    place = rasterio.transform.from_origin(EAST, NORTH, 2.0, 2.0)
    reference = write_image(tmp_path / "ref_20230101.tif", pixels, crs="EPSG:4549", transform=place)
    with rasterio.open(reference, "r+") as file:
        file.descriptions = ("green", "red")
    ours = source(tmp_path / "in", heights=dem, reference=str(reference), correct_m=correct_m)
    result, _ = fetched(ours, tmp_path / "out")
    left, told = np.hypot(*position_m(tmp_path / "out")), result.position_error_m
    assert told is not None
    if correct_m:
        assert left < 0.5 and told < 1.0
    else:
        assert left == pytest.approx(10.8, abs=0.5) and told == pytest.approx(10.8, abs=0.6)


@pytest.mark.slow
def test_a_stop_keeps_what_is_done(root: Path, dem: Heights, tmp_path: Path) -> None:
    calls = []

    def stop() -> None:
        calls.append(1)
        if len(calls) == 12:
            raise StoppedError("told to")

    with pytest.raises(StoppedError):
        fetched(source(root, heights=dem), tmp_path / "out", stop)
    assert not (tmp_path / "out" / "bands.tif").exists()
    kept = [path.name for path in (tmp_path / "out" / ".parts").iterdir()]
    assert "pan.tif" in kept
    result, _ = fetched(source(root, heights=dem), tmp_path / "out")
    assert result.gsd_m == 0.8 and not (tmp_path / "out" / ".parts").exists()


@pytest.mark.slow
def test_jilins_delivery_without_metadata(gf2: Path, dem: Heights, tmp_path: Path) -> None:
    scene = "JL1GF02A_PMS1_20230815103254_200050001_102_0013_001_L1"
    (tmp_path / "in").mkdir()
    for about in ("PAN", "MSS"):
        stem = tmp_path / "in" / f"{scene}_{about}"
        shutil.copy(gf2 / f"{GF2}-{about}1.tiff", f"{stem}.tif")
        rpc = rpc_of_text((gf2 / f"{GF2}-{about}1.rpb").read_text(), about)
        Path(f"{stem}_rpc.txt").write_text(rpc_text(rpc))
    ours = source(tmp_path / "in", heights=dem)
    assert only(ours).acquired == datetime(2023, 8, 15, 2, 32, 54, tzinfo=UTC)
    result, _ = fetched(ours, tmp_path / "out")
    assert result.bands == ("blue", "green", "red", "nir") and result.gsd_m < 0.85
    assert np.hypot(*position_m(tmp_path / "out")) < 0.3


@pytest.mark.slow
def test_parts_of_a_wide_camera_are_put_together(tmp_path: Path, dem: Heights) -> None:
    scene = "GF6_WFV_E121.3_N31.2_20230815_L1A1420343042"
    (tmp_path / "in").mkdir()
    for part, east in ((1, 300.0), (2, 1100.0)):
        camera = Camera(60, 60, 16.0, middle=(EAST + east, NORTH - 600.0))
        picture = (camera.picture() * 900 + 50).astype(np.uint16)
        stem = tmp_path / "in" / f"{scene}-{part}"
        write_image(Path(f"{stem}.tiff"), np.stack([picture + 10 * n for n in range(8)]))
        Path(f"{stem}.rpb").write_text(rpb(camera.rpc()))
    ours = source(tmp_path / "in", heights=replace(dem, height_m=80.0))
    west, _, east, _ = only(ours).footprint.bounds
    assert (east - west) * 95_000 > 1600
    result, pixels = fetched(ours, tmp_path / "out")
    assert result.bands[-1] == "yellow" and result.gsd_m == 16.0
    assert (pixels[0] > 0).sum() * 256 > 1.4e6


def test_planets_delivery_with_its_mask(tmp_path: Path) -> None:
    planet(tmp_path / "in" / "order")
    result, pixels = fetched(source(tmp_path / "in"), tmp_path / "out")
    assert result.reflectance and result.has_scl and result.position_error_m is None
    assert result.bands[0] == "coastal" and result.bands[2] == "green05"
    with rasterio.open(tmp_path / "in" / "order" / f"{PS}_3B_AnalyticMS_SR_8b_clip.tif") as file:
        np.testing.assert_array_equal(pixels, file.read())
    with rasterio.open(tmp_path / "out" / "scl.tif") as file:
        codes = file.read(1)
    assert [int(codes[r, 60]) for r in (5, 60, 85, 105)] == [7, 9, 3, 7] and codes[3, 3] == 0


@pytest.mark.slow
def test_an_archive_is_unpacked_and_stands_back_where_it_is_unpacked_already(
    root: Path, dem: Heights, tmp_path: Path
) -> None:
    with tarfile.open(root / f"{GF2}.tar.gz", "w:gz") as tar:
        tar.add(root / GF2, arcname=GF2)
    ours = source(root, heights=dem)
    assert not only(ours).detail["archive"] and "unpacked, or twice" in ours.refused()[0].why
    shutil.rmtree(root / GF2)
    assert only(ours).detail["archive"]
    result, _ = fetched(ours, tmp_path / "out")
    assert result.gsd_m == 0.8


def spoil(folder: Path, case: str) -> None:
    """Make a delivery bad in one way."""
    image, rpc = folder / f"{GF2}-MSS1.tiff", folder / f"{GF2}-MSS1.rpb"
    pan = folder / f"{GF2}-PAN1.tiff"
    shapes = {"bands": (3, 128, 128), "size": (4, 100, 128)}
    if case in shapes:  # GDAL removes what lies beside a file that it writes anew: so move it there
        write_image(folder.parent.parent / "new.tif", np.ones(shapes[case], np.uint16))
        shutil.move(folder.parent.parent / "new.tif", image)
    elif case == "truncated":
        image.write_bytes(image.read_bytes()[:60_000])
    elif case == "rpc of PAN":
        shutil.copy(folder / f"{GF2}-PAN1.rpb", rpc)
    elif case == "rpc elsewhere":
        rpc.write_text(rpc.read_text().replace("latOffset = 31", "latOffset = 30"))
    elif case == "rpc cut":
        rpc.write_text(rpc.read_text()[:700])
    elif case == "noise":
        pan.write_bytes(b"no image")


BAD = {
    "truncated": "copy it again|not a readable",
    "bands": "3 bands, .* states 4",
    "size": "100 rows, .* states 128",
    "rpc of PAN": "their RPCs, swapped|another scene",
    "rpc elsewhere": "another scene",
    "rpc cut": "RPC without",
    "noise": "not a readable",
}


@pytest.mark.slow
@pytest.mark.parametrize("case", BAD)
def test_bad_bundles_are_refused_in_a_line_that_names_the_file(
    root: Path, dem: Heights, tmp_path: Path, case: str
) -> None:
    spoil(root / GF2, case)
    with pytest.raises(SceneError, match=BAD[case]) as caught:
        fetched(source(root, heights=dem), tmp_path / "out")
    told = str(caught.value)
    assert GF2 in told and "\n" not in told and beside_none(told, tmp_path)
    assert not (tmp_path / "out" / "bands.tif").exists()


def test_metadata_of_another_day_and_broken_metadata_are_refused_not_lost(root: Path) -> None:
    xml = root / GF2 / f"{GF2}-MSS1.xml"
    good = xml.read_bytes()
    xml.write_bytes(good.replace(b"2023-08-15", b"2022-08-15"))
    ours = source(root)
    assert list(ours.search(AUGUST)) == [] and "another scene" in ours.refused()[0].why
    xml.write_bytes(b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + good)
    assert list(ours.search(AUGUST)) == [] and "DOCTYPE" in ours.refused()[0].why
    xml.write_bytes(good)
    assert only(ours).identifier == GF2 and ours.refused() == ()


def test_files_that_change_after_they_were_listed_are_searched_again(
    root: Path, dem: Heights, tmp_path: Path
) -> None:
    ours = source(root, heights=dem)
    one = only(ours)
    (root / GF2 / f"{GF2}-PAN1.rpb").write_text("other")
    tmp_path.joinpath("out").mkdir()
    with pytest.raises(SourceError, match="search again"):
        ours.fetch(one, AREA, tmp_path / "out", nothing)


@pytest.mark.slow
def test_plain_stacks_are_taken_with_their_own_pixels(tmp_path: Path) -> None:
    (tmp_path / "in" / "site").mkdir(parents=True)
    shutil.copy(SAMPLES / "vhr" / "before.tif", tmp_path / "in" / "site" / "s_20230815.tif")
    (tmp_path / "in" / "broken").mkdir()
    (tmp_path / "in" / "broken" / "x_20230815.tif").write_bytes(b"II*\0")
    ours = source(tmp_path / "in")
    everything = Ask(box(-180, -90, 180, 90), datetime(1980, 1, 1, tzinfo=UTC), datetime.now(UTC))
    (one,) = ours.search(everything)
    assert one.identifier == "site"
    told = ours.refused()[0].why
    assert "broken/x_20230815.tif" in told and beside_none(told, tmp_path)
    (tmp_path / "out").mkdir()
    with rasterio.open(tmp_path / "in" / "site" / "s_20230815.tif") as file:
        whole = file.read()
    result = ours.fetch(one, one.footprint, tmp_path / "out", nothing)
    with rasterio.open(tmp_path / "out" / "bands.tif") as file:
        found = file.read()
    assert not result.reflectance and found.shape[1:] == whole.shape[1:]
    assert (np.sort(found.mean(axis=(1, 2))) > 0).all()
