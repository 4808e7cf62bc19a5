"""`hongxian detect` as its users meet it: good runs, and every kind of bad input as one line."""

import json
import shutil
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine

from api.cli.main import run
from geo.gcj02 import wgs_to_gcj
from leads.layers.gcj02_check import known_districts

KEYS = {
    "detector",
    "weights_sha256",
    "before",
    "after",
    "pixels",
    "valid_pixels",
    "seconds",
    "megapixels_per_second",
    "coregistration_px",
    "candidates",
    "leads",
    "held",
    "out",
}

Said = pytest.CaptureFixture[str]


def copy_of(source: Path, target: Path, **changes: object) -> Path:
    """The image again, with another profile or other pixels, and no tags."""
    with rasterio.open(source) as image:
        pixels = changes.pop("pixels", image.read())
        profile = image.profile | changes
        with rasterio.open(target, "w", **profile) as copy:
            copy.write(pixels)
            if len(pixels) == image.count:
                copy.descriptions = image.descriptions
    return target


def refused(said: Said, *arguments: object) -> str:
    """Run it, expecting exit 2, one line, and no file left behind."""
    assert run([str(argument) for argument in ("detect", *arguments)]) == 2
    out, err = said.readouterr()
    lines = [line for line in err.splitlines() if line.startswith("hongxian:")]
    assert out == "" and len(lines) == 1 and "Traceback" not in err
    return lines[0]


DATES = ("--before-date", "2023-03-18", "--after-date", "2024-04-06")


@pytest.fixture
def before(small_ground: Path) -> Path:
    return small_ground / "before.tif"


@pytest.fixture
def after(small_ground: Path) -> Path:
    return small_ground / "after.tif"


@pytest.mark.parametrize("ending", ["gpkg", "geojson", "parquet"])
def test_leads_by_extension(small_ground: Path, tmp_path: Path, capfd: Said, ending: str) -> None:
    out = tmp_path / f"leads.{ending}"
    layers = small_ground / "layers.gpkg"
    pair = [str(small_ground / "before.tif"), str(small_ground / "after.tif")]
    how = ["--detector", "difference", "--layers", str(layers)]
    assert run(["detect", *pair, *how, "--out", str(out), "--json"]) == 0
    report = json.loads(capfd.readouterr().out)
    assert set(report) >= KEYS
    layer = {"layer": "leads"} if ending == "gpkg" else {}
    frame = gpd.read_parquet(out) if ending == "parquet" else gpd.read_file(out, **layer)
    assert frame.crs.to_epsg() == 4490
    assert len(frame) == report["leads"] > 0
    assert set(frame["change_class"]) == {"unclassified"}
    assert frame["district_code"].notna().all()


def test_swapped_dates(before: Path, after: Path, tmp_path: Path, capfd: Said) -> None:
    line = refused(capfd, after, before, "--out", tmp_path / "leads.gpkg")
    assert "2023-03-18" in line and "2024-04-06" in line
    assert list(tmp_path.iterdir()) == []


def test_missing_date(before: Path, after: Path, tmp_path: Path, capfd: Said) -> None:
    undated = copy_of(after, tmp_path / "undated.tif")
    assert "--after-date" in refused(capfd, before, undated)


def test_unreadable_date(before: Path, after: Path, capfd: Said) -> None:
    assert "YYYY-MM-DD" in refused(capfd, before, after, "--before-date", "18.3.2023")


def test_missing_crs(before: Path, after: Path, tmp_path: Path, capfd: Said) -> None:
    assert "CRS" in refused(capfd, before, copy_of(after, tmp_path / "x.tif", crs=None), *DATES)


def test_no_overlap(before: Path, after: Path, tmp_path: Path, capfd: Said) -> None:
    far = Affine(2, 0, 500_000, 0, -2, 3_300_000)
    line = refused(capfd, before, copy_of(after, tmp_path / "far.tif", transform=far), *DATES)
    assert "overlap" in line


def test_one_band(before: Path, after: Path, tmp_path: Path, capfd: Said) -> None:
    with rasterio.open(after) as image:
        one = image.read([1])
    assert "band" in refused(
        capfd, before, copy_of(after, tmp_path / "one.tif", count=1, pixels=one), *DATES
    )


def test_all_nodata(before: Path, after: Path, tmp_path: Path, capfd: Said) -> None:
    with rasterio.open(after) as image:
        nothing = np.zeros_like(image.read())
    blank = copy_of(after, tmp_path / "blank.tif", nodata=0, pixels=nothing)
    line = refused(capfd, before, blank, *DATES, "--out", tmp_path / "leads.gpkg")
    assert "observed" in line
    assert not (tmp_path / "leads.gpkg").exists()


def test_truncated_tiff(before: Path, after: Path, tmp_path: Path, capfd: Said) -> None:
    cut = tmp_path / "cut.tif"
    whole = after.read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    assert "cut.tif" in refused(capfd, before, cut, *DATES, "--out", tmp_path / "leads.gpkg")
    assert not (tmp_path / "leads.gpkg").exists()


def test_header_of_65535_bands(before: Path, tmp_path: Path, capfd: Said) -> None:
    claim = tmp_path / "claim.tif"
    with rasterio.open(
        claim,
        "w",
        driver="GTiff",
        width=8,
        height=8,
        count=1,
        dtype="uint8",
        crs=4549,
        transform=Affine(2, 0, 570_000, 0, -2, 3_490_000),
    ) as image:
        image.write(np.ones((1, 8, 8), np.uint8))
    raw = bytearray(claim.read_bytes())
    entry = raw.index(bytes([0x15, 0x01, 0x03, 0x00]))  # SamplesPerPixel, SHORT
    raw[entry + 8 : entry + 10] = (65535).to_bytes(2, "little")
    claim.write_bytes(raw)
    assert "claim.tif" in refused(capfd, before, claim, *DATES)


def test_no_such_file(before: Path, tmp_path: Path, capfd: Said) -> None:
    assert "none.tif" in refused(capfd, before, tmp_path / "none.tif")


@pytest.mark.parametrize("out", ["leads.shp", "nowhere/leads.gpkg"])
def test_bad_output_is_refused_first(
    before: Path, after: Path, tmp_path: Path, capfd: Said, out: str
) -> None:
    refused(capfd, before, after, "--out", tmp_path / out)


def test_unknown_detector(before: Path, after: Path, capfd: Said) -> None:
    assert "difference" in refused(capfd, before, after, "--detector", "psychic")


def box_layer(path: Path) -> Path:
    boxes = [shapely.box(121.75 + i / 50, 31.54, 121.77 + i / 50, 31.57) for i in range(3)]
    rows = {"name": ["甲地块", "乙地块", "丙地块"], "geometry": boxes}
    gpd.GeoDataFrame(rows, crs=4326).to_file(path, encoding="GBK")
    return path


def test_parcels_without_crs(before: Path, after: Path, tmp_path: Path, capfd: Said) -> None:
    box_layer(tmp_path / "parcels.shp")
    (tmp_path / "parcels.prj").unlink()
    assert "parcels.shp" in refused(capfd, before, after, "--layers", tmp_path / "parcels.shp")


def test_gbk_without_cpg_zipped_in_a_sub_folder(
    before: Path, after: Path, tmp_path: Path, capfd: Said
) -> None:
    inner = tmp_path / "pack" / "数据"
    inner.mkdir(parents=True)
    box_layer(inner / "parcels.shp")
    (inner / "parcels.cpg").unlink()
    shutil.make_archive(str(tmp_path / "parcels"), "zip", tmp_path / "pack")
    out = tmp_path / "leads.gpkg"
    arguments = [before, after, "--layers", tmp_path / "parcels.zip", "--out", out]
    assert run(["detect", *map(str, arguments)]) == 0
    assert "GB" in capfd.readouterr().err
    assert "甲地块" in set(gpd.read_file(out, layer="overlaps")["name"])


def test_invalid_polygons_are_repaired_and_counted(
    before: Path, after: Path, tmp_path: Path, capfd: Said
) -> None:
    bow_tie = shapely.Polygon([(121.75, 31.54), (121.77, 31.57), (121.77, 31.54), (121.75, 31.57)])
    path = tmp_path / "eco_redline.geojson"
    gpd.GeoDataFrame({"name": ["结"], "geometry": [bow_tie]}, crs=4326).to_file(path)
    assert run(["detect", str(before), str(after), "--layers", str(path)]) == 0
    assert "1" in capfd.readouterr().err


def gcj02_square(code: str) -> shapely.Polygon:
    """A square of the district's known area around its known middle, moved to GCJ-02."""
    lon, lat, km2 = known_districts()[code]
    high = 500 * km2**0.5 / 110_900  # half an edge in degrees of latitude
    wide = high / np.cos(np.radians(lat))
    square = shapely.box(lon - wide, lat - high, lon + wide, lat + high)
    return shapely.transform(square, lambda xy: np.column_stack(wgs_to_gcj(*xy.T)))


def test_gcj02_districts_labelled_wgs84(
    before: Path, after: Path, tmp_path: Path, capfd: Said
) -> None:
    codes = sorted(known_districts())[:6]
    squares = [gcj02_square(code) for code in codes]
    path = tmp_path / "districts.geojson"
    gpd.GeoDataFrame({"adcode": codes, "geometry": squares}, crs=4326).to_file(path)
    line = refused(capfd, before, after, "--layers", path)
    assert "GCJ-02" in line and "m" in line
