"""What is checked on the laptop: folders, archives, orthophotos, and an area as apps write it."""

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from PIL import Image

from geo.errors import InputError, LayerError
from leads.flights.check_folder import check_folder
from leads.flights.read_area import read_area
from leads.run.runner import Inline
from tests.fakes.photos import LAT, LON, lines, photo_bytes, texture, write_flight
from tiles.drone.check_page import check_page
from tiles.drone.seen import Filed

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def checked(folder: Path, filed: Filed | None = None) -> dict[str, Any]:
    scratch = folder.parent / f"{folder.name}-scratch"
    scratch.mkdir(exist_ok=True)
    found = check_folder([folder], filed, Inline(), scratch, NOW)
    assert check_page(json.loads(json.dumps(found)), folder.name)
    return found


def codes(found: dict[str, Any]) -> dict[str, str]:
    return {one["code"]: one["severity"] for one in found["findings"]}


def ortho(path: Path, lon: float = LON) -> Path:
    step = 5e-7
    profile = {"driver": "GTiff", "height": 400, "width": 500, "count": 3, "dtype": "uint8",
               "crs": "EPSG:4326", "transform": Affine(step, 0, lon, 0, -step, LAT)}  # fmt: skip
    with rasterio.open(path, "w", **profile) as out:
        out.write(np.stack([texture(500, 400, n) for n in range(3)]))
    return path


def test_a_folder_with_an_archive_in_it_is_one_flight(tmp_path: Path) -> None:
    folder = tmp_path / "flight"
    paths = write_flight(folder, lines(3, 5))
    with zipfile.ZipFile(folder / "rest.zip", "w") as archive:
        for path in paths[8:]:
            archive.write(path, path.name)
            path.unlink()
    (folder / "flight.log").write_text("kept aside")
    found = checked(folder)
    assert (found["verdict"], found["photos"], found["findings"]) == ("good", 15, [])
    names = {one["properties"].get("name") for one in found["map"]["features"]}
    assert "rest.zip/DJI_0009.JPG" in names


def test_files_that_lie_are_told_beside_those_that_do_not(tmp_path: Path) -> None:
    folder = tmp_path / "flight"
    write_flight(folder, lines(1, 5))
    (folder / "vrt.tif").write_text('<VRTDataset rasterXSize="9" rasterYSize="9"/>')
    (folder / "text.jpg").write_text("<html>")
    (folder / "nested.zip").write_bytes(b"")
    with zipfile.ZipFile(folder / "evil.zip", "w") as archive:
        archive.writestr("../../evil.jpg", photo_bytes())
    found = checked(folder)
    assert codes(found) == {
        "ortho_refused": "warn",
        "unreadable": "warn",
        "archive_refused": "warn",
    }
    assert found["verdict"] == "usable" and str(tmp_path) not in json.dumps(found)
    for path in folder.glob("DJI_*"):
        path.unlink()
    assert set(codes(checked(folder)).values()) == {"stop"}


def test_orthophotos_are_held_against_the_filed_area(tmp_path: Path) -> None:
    folder = tmp_path / "flight"
    folder.mkdir()
    ortho(folder / "2026-11-20.tif")
    near = Filed(shapely.box(LON + 0.00001, LAT - 0.00019, LON + 0.0002, LAT - 0.00001))
    found = checked(folder, near)
    assert found["verdict"] == "good" and codes(found) == {"ortho_degrees": "note"}
    assert found["orthophotos"][0]["day"] == "2026-11-20"
    far = Filed(shapely.box(LON + 0.001, LAT, LON + 0.002, LAT + 0.001))
    assert codes(checked(folder, far))["area_not_covered"] == "stop"
    ortho(folder / "2031-01-01.tif")
    assert codes(checked(folder))["ortho_future"] == "stop"


def placed(path: Path, crs: str, east: float, north: float) -> Path:
    place = Affine(0.05, 0, east, 0, -0.05, north)
    profile = {"driver": "GTiff", "height": 400, "width": 500, "count": 3, "dtype": "uint8",
               "crs": crs, "transform": place}  # fmt: skip
    with rasterio.open(path, "w", **profile) as out:
        out.write(np.stack([texture(500, 400, n) for n in range(3)]))
    return path


@pytest.mark.parametrize(
    ("crs", "filed", "code", "severity"),
    [
        ("EPSG:32651", False, None, None),
        ("EPSG:32615", False, "outside_city", "warn"),  # Minnesota's zone
        ("EPSG:32615", True, "another_city", "stop"),
        ("EPSG:32751", False, "outside_city", "warn"),  # the south: at 58 degrees
    ],
)
def test_an_orthophoto_in_a_wrong_zone(
    tmp_path: Path,
    crs: str,
    filed: bool,  # noqa: FBT001
    code: str | None,
    severity: str | None,
) -> None:
    folder = tmp_path / "flight"
    folder.mkdir()
    placed(folder / "ortho.tif", crs, 351_000.0, 3_460_000.0)
    found = codes(checked(folder, Filed(shapely.box(121.4, 31.2, 121.5, 31.3)) if filed else None))
    assert found == ({} if code is None else {code: severity})


def test_an_orthophoto_south_of_the_equator_by_its_sign(tmp_path: Path) -> None:
    folder = tmp_path / "flight"
    folder.mkdir()
    placed(folder / "ortho.tif", "EPSG:32751", 351_000.0, 10_000_000.0 - 3_460_000.0)
    assert codes(checked(folder)) == {"latitude_sign": "stop"}


def test_names_lie_and_bytes_do_not(tmp_path: Path) -> None:
    folder = tmp_path / "flight"
    folder.mkdir()
    placed(folder / "ortho.tif", "EPSG:32651", 351_000.0, 3_460_000.0).rename(folder / "ortho.jpg")
    found = checked(folder)
    assert found["verdict"] == "good" and [o["name"] for o in found["orthophotos"]] == ["ortho.jpg"]


def test_single_bands_without_a_maker_are_frames(tmp_path: Path) -> None:
    folder = tmp_path / "flight"
    write_flight(folder, lines(3, 5))
    for number in range(3):
        band = Image.fromarray(np.full((96, 128), 900 + number, np.uint16))
        band.save(folder / f"DJI_000{number}_MS_NIR.TIF")
    found = checked(folder)
    assert codes(found) == {"multispectral": "note"}
    assert len(found["findings"][0]["photos"]) == 3


def test_files_refused_alike_are_told_together_in_both_languages(tmp_path: Path) -> None:
    folder = tmp_path / "flight"
    write_flight(folder, lines(3, 5))
    for name in ("a.tif", "b.tif"):
        (folder / name).write_bytes(b"II*\0" + bytes(60))
    (one,) = checked(folder)["findings"]
    assert one["photos"] == ["a.tif", "b.tif"] and set(one["values"]["details"]) == {
        "a.tif",
        "b.tif",
    }
    assert "文件损坏" in one["words"]["zh"] or "格式" in one["words"]["zh"]
    assert not any(
        c.isascii() and c.isalpha() for c in one["words"]["zh"].replace(".tif", "") if c not in "ab"
    )


def test_nothing_to_check(tmp_path: Path) -> None:
    folder = tmp_path / "flight"
    folder.mkdir()
    with pytest.raises(InputError, match="no file"):
        checked(folder)
    (folder / "notes.txt").write_text("nothing")
    assert codes(checked(folder)) == {"nothing": "stop"}


EAST, NORTH = LON + 0.01, LAT + 0.01
RING = f"{LON},{LAT},0 {EAST},{LAT},0\n{EAST},{NORTH} {LON},{NORTH},0 {LON},{LAT},0"
INNER = f"{LON + 0.002},{LAT + 0.002} {LON + 0.004},{LAT + 0.002} {LON + 0.004},{LAT + 0.004}"


def kml(outer: str, inner: str = "") -> str:
    def ring(kind: str, text: str) -> str:
        return f"<{kind}><LinearRing><coordinates>{text}</coordinates></LinearRing></{kind}>"

    hole = ring("innerBoundaryIs", inner) if inner else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2">'
        "<Document><Placemark><name>区域</name><Polygon>"
        f"{ring('outerBoundaryIs', outer)}{hole}</Polygon></Placemark></Document></kml>"
    )


def test_an_area_of_kml_kmz_and_geojson_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.kml").write_text(kml(RING), encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "a.kmz", "w") as archive:
        archive.writestr("doc.kml", kml(RING))
    square = shapely.box(LON, LAT, LON + 0.01, LAT + 0.01)
    (tmp_path / "a.geojson").write_text(shapely.to_geojson(square))
    for name in ("a.kml", "a.kmz", "a.geojson"):
        assert read_area(tmp_path / name).equals(square)
    (tmp_path / "hole.kml").write_text(kml(RING, INNER), encoding="utf-8")
    assert read_area(tmp_path / "hole.kml").area == pytest.approx(square.area - 2e-6, rel=1e-6)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no xml", "not well-formed"),
        ('<!DOCTYPE k [<!ENTITY a "b">]><kml/>', "DOCTYPE"),
        ("<kml/>", "no polygon"),
        (kml("1,2 x,y 3,4"), "no list of positions"),
        (kml("1,2 3,4"), "no list of positions"),
        (kml("300000,3400000 300010,3400000 300010,3400010"), "no degrees"),
    ],
)
def test_areas_that_are_none(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "a.kml").write_text(text, encoding="utf-8")
    with pytest.raises(LayerError, match=said):
        read_area(tmp_path / "a.kml")
    with pytest.raises(LayerError, match="no such file"):
        read_area(tmp_path / "none.kml")
