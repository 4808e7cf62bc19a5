"""Strangers' files: one line that says what was got, where, and what to do; never a traceback."""

import json
import os
import struct
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.rpc import RPC
from rasterio.windows import Window as RasterioWindow

from geo.errors import DateError, InputError, SceneError
from geo.geobox import Window
from tiles.common_grid import common_grid
from tiles.files.gdal_env import gdal_env
from tiles.files.open_scene import open_scene
from tiles.files.probe import check_unchanged
from tiles.limited import Limits, blaming, run_limited
from tiles.reading import source_pixels
from tiles.reading.read import PairReader, read_scene
from tiles.scene import Scene, check_order

Write = Callable[..., Path]
PLACE = Affine(10, 0, 640_000, 0, -10, 3_460_000)
DAY = date(2024, 1, 1)
RGB = np.ones((3, 64, 64), np.uint8)


def refused(source: Path | str, told: str) -> None:
    with pytest.raises(InputError, match=told) as caught:
        open_scene(str(source), DAY)
    assert "\n" not in str(caught.value)
    assert str(source) in str(caught.value)


def patch_tag(path: Path, tag: int, value: int) -> None:
    """Overwrite a SHORT tag in the first directory of a little-endian classic TIFF."""
    data = bytearray(path.read_bytes())
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        if struct.unpack_from("<H", data, entry)[0] == tag:
            struct.pack_into("<H", data, entry + 8, value)
    path.write_bytes(data)


def test_what_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(b"II*\0\0\0\0\0")
    (tmp_path / "b.tif").write_bytes(b"")
    (tmp_path / "c.tif").write_text("<html>")
    for name in "abc":
        refused(tmp_path / f"{name}.tif", "not a readable")
    refused(tmp_path / "none.tif", "no such file")
    with pytest.raises(SceneError, match="no such file"):
        open_scene("a\0b.tif", DAY)
    for name in ("/vsicurl/http://127.0.0.1/a.tif", "https://127.0.0.1/a.tif", "/vsizip/a.zip"):
        refused(name, "only files on this machine|HONGXIAN_REMOTE")


def test_other_formats_are_not_opened(write: Write, tmp_path: Path) -> None:
    write(tmp_path / "a.tif", RGB)
    xml = (
        '<VRTDataset rasterXSize="64" rasterYSize="64"><SRS>EPSG:4549</SRS>'
        "<GeoTransform>0,1,0,0,0,-1</GeoTransform>"
        '<VRTRasterBand dataType="Byte" band="1"><SimpleSource><SourceFilename>'
        f"{tmp_path / 'a.tif'}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    (tmp_path / "b.vrt").write_text(xml)
    (tmp_path / "c.tif").write_text(xml)
    for name in ("b.vrt", "c.tif"):
        refused(tmp_path / name, "not a readable")


def test_headers_that_claim_too_much(write: Write, tmp_path: Path) -> None:
    bands = write(tmp_path / "bands.tif", RGB, photometric="MINISBLACK", interleave="pixel")
    patch_tag(bands, 277, 65535)
    refused(bands, "65535 bands|not a readable")
    many = write(tmp_path / "many.tif", np.ones((65, 16, 16), np.uint8))
    refused(many, "claims 65 bands")
    sparse = {"crs": "EPSG:4549", "transform": PLACE, "dtype": "uint8", "sparse_ok": True}
    for name, told, shape in (
        (
            "strip",
            "tile it first",
            {"height": 20_000, "width": 40_000, "blockysize": 10_000, "compress": "lzw"},
        ),
        ("long", "claims 1000016 x 16", {"height": 1_000_016, "width": 16, "tiled": True}),
        ("large", "claims 500000 x 500000", {"height": 500_000, "width": 500_000, "tiled": True}),
    ):
        size = {"blockxsize": 4096, "blockysize": 4096} if name == "large" else {}
        size |= {"blockxsize": 16, "blockysize": 16} if name == "long" else {}
        path = tmp_path / f"{name}.tif"
        with rasterio.open(path, "w", driver="GTiff", count=1, **sparse, **size, **shape):
            pass
        refused(path, told)


def test_no_place_on_the_ground(write: Write, tmp_path: Path) -> None:
    refused(write(tmp_path / "crs.tif", RGB, crs=None), "has no CRS inside the file")
    refused(write(tmp_path / "identity.tif", RGB, transform=None), "no position")
    local = 'LOCAL_CS["site",UNIT["metre",1]]'
    refused(write(tmp_path / "local.tif", RGB, crs=local), "local system|has no CRS")
    corners = [
        GroundControlPoint(r, c, 121 + c / 1e4, 31 - r / 1e4) for r in (0, 64) for c in (0, 64)
    ]
    write(tmp_path / "gcp.tif", RGB, crs="EPSG:4326", transform=None, gcps=corners)
    refused(tmp_path / "gcp.tif", "ground control points; orthorectify")
    ones = [1.0] * 20
    rpcs = RPC(1, 1, 31, 1, ones, ones, 1, 1, 121, 1, ones, ones, 1, 1)
    write(tmp_path / "rpc.tif", RGB, crs=None, transform=None, rpcs=rpcs)
    refused(tmp_path / "rpc.tif", "RPC coefficients; orthorectify")


def test_sidecars_are_not_read(write: Write, tmp_path: Path) -> None:
    bare = write(tmp_path / "bare.tif", RGB, crs=None)
    with rasterio.open(write(tmp_path / "other.tif", RGB)) as other:
        wkt = other.crs.to_wkt()
    (tmp_path / "bare.tif.aux.xml").write_text(f"<PAMDataset><SRS>{wkt}</SRS></PAMDataset>")
    (tmp_path / "bare.prj").write_text(wkt)
    refused(bare, "sidecars are not read")
    hidden = write(tmp_path / "hidden.tif", RGB)
    before = open_scene(str(hidden), DAY)
    write(tmp_path / "hidden.tif.msk", np.zeros((1, 64, 64), np.uint8), crs=None, transform=None)
    write(tmp_path / "hidden.tif.ovr", np.zeros((3, 32, 32), np.uint8), crs=None, transform=None)
    (tmp_path / "hidden.tfw").write_text("1\n0\n0\n-1\n0\n0\n")
    (tmp_path / "hidden.tif.aux.xml").write_text(
        "<PAMDataset><GeoTransform>0,1,0,0,0,-1</GeoTransform></PAMDataset>"
    )
    scene = open_scene(str(hidden), DAY)
    assert scene == before
    with gdal_env():
        assert read_scene(scene, scene.band_names, scene.geobox, Window(0, 0, 64, 64)).valid.all()


def test_one_band(write: Write, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    one = write(folder / "B04.tif", np.ones((1, 64, 64), np.uint16))
    grey = write(tmp_path / "grey.tif", np.ones((2, 64, 64), np.uint8), alpha="YES")
    for source in (one, folder, grey):
        with pytest.raises(SceneError, match=r"1 spectral band\(s\).*at least two"):
            open_scene(str(source), DAY)


def test_complex_pixels(write: Write, tmp_path: Path) -> None:
    refused(write(tmp_path / "a.tif", np.ones((2, 64, 64), np.complex64)), "complex64")


@pytest.mark.parametrize("profile", [{}, {"compress": "deflate"}, {"compress": "jpeg"}])
def test_a_truncated_file_is_an_error_and_not_black(
    write: Write, tmp_path: Path, profile: dict[str, str]
) -> None:
    rng = np.random.default_rng(1)
    pixels = rng.integers(1, 255, (3, 512, 512), dtype=np.uint8)
    path = write(tmp_path / "a.tif", pixels, **profile)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    scene = open_scene(str(path), DAY)
    with gdal_env(), pytest.raises(SceneError, match=r"a\.tif: rows \d+ to \d+, columns") as caught:
        read_scene(scene, scene.band_names, scene.geobox, Window(0, 0, 512, 512))
    assert "\n" not in str(caught.value)


def test_a_corrupt_block_is_an_error_only_where_it_lies(write: Write, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    pixels = rng.integers(1, 255, (3, 256, 256), dtype=np.uint8)
    path = write(tmp_path / "a.tif", pixels, compress="deflate")
    data = bytearray(path.read_bytes())
    data[-3000:-1000] = bytes(2000)
    path.write_bytes(data)
    scene = open_scene(str(path), DAY)
    with gdal_env():
        read_scene(scene, scene.band_names, scene.geobox, Window(0, 0, 64, 64))
        with pytest.raises(SceneError, match="cannot be decoded"):
            read_scene(scene, scene.band_names, scene.geobox, Window(192, 192, 64, 64))


def test_a_file_that_changed_or_went(write: Write, tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", RGB)
    scene = open_scene(str(path), DAY)
    with gdal_env():
        read_scene(scene, scene.band_names, scene.geobox, Window(0, 0, 64, 64))
        write(path, np.ones((3, 128, 128), np.uint8))
        with pytest.raises(SceneError, match="changed since"):
            read_scene(scene, scene.band_names, scene.geobox, Window(0, 0, 64, 64))
        path.unlink()
        with pytest.raises(SceneError, match=r"a\.tif"):
            read_scene(scene, scene.band_names, scene.geobox, Window(0, 0, 64, 64))


def test_a_file_replaced_by_one_that_fits(write: Write, tmp_path: Path) -> None:
    """Never pixels of two states."""
    path = write(tmp_path / "a.tif", RGB)
    scene = open_scene(str(path), DAY)
    check_unchanged(scene.bands[0])
    with gdal_env():
        before = read_scene(scene, scene.band_names, scene.geobox, Window(0, 0, 64, 64))
        write(tmp_path / "b.tif", 2 * RGB).replace(path)
        for _ in range(2):
            with pytest.raises(SceneError, match="changed since the scene was opened"):
                read_scene(scene, scene.band_names, scene.geobox, Window(0, 0, 64, 64))
        with pytest.raises(SceneError, match="changed since the scene was opened"):
            check_unchanged(scene.bands[0])
        again = open_scene(str(path), DAY)
        check_unchanged(again.bands[0])
        after = read_scene(again, again.band_names, again.geobox, Window(0, 0, 64, 64))
    assert (after.pixels != before.pixels).any()


def test_a_file_written_to_while_it_is_read(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.tif", RGB)
    scene = open_scene(str(path), DAY)
    real = source_pixels._rasterio

    def meanwhile(window: Window) -> RasterioWindow:
        os.utime(path, ns=(1, 1))
        return real(window)

    monkeypatch.setattr(source_pixels, "_rasterio", meanwhile)
    with gdal_env(), pytest.raises(SceneError, match="changed since"):
        read_scene(scene, scene.band_names, scene.geobox, Window(0, 0, 64, 64))


def test_the_state_of_a_file_is_no_part_of_a_run(write: Write, tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", RGB)
    first = open_scene(str(path), DAY)
    os.utime(path, ns=(1, 1))
    again = open_scene(str(path), DAY)
    assert again.sha256 == first.sha256
    assert again.bands[0].stamp != first.bands[0].stamp


def test_bands_whose_file_is_gone(write: Write, tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", RGB)
    scene = open_scene(str(path), DAY)
    path.unlink()
    with pytest.raises(SceneError, match="there is no such file"):
        check_unchanged(scene.bands[0])
    with gdal_env(), pytest.raises(SceneError, match="there is no such file"):
        read_scene(scene, scene.band_names, scene.geobox, Window(0, 0, 64, 64))


def test_all_nodata_is_read_as_nothing_seen(write: Write, tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", 0 * RGB, nodata=0)
    scene = open_scene(str(path), DAY)
    pair = PairReader(scene, scene, scene.band_names, scene.geobox).read(Window(0, 0, 64, 64))
    assert not pair.observed.any()


def test_dates_missing_and_swapped(write: Write, tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", RGB)
    with pytest.raises(DateError, match="--after-date"):
        open_scene(str(path), None, "--after-date")
    tagged = write(tmp_path / "b.tif", RGB, tags={"TIFFTAG_DATETIME": "2023:08:15 10:00:00"})
    scene, later = open_scene(str(tagged)), open_scene(str(path), DAY)
    assert scene.date == date(2023, 8, 15)
    check_order(scene, later)
    with pytest.raises(DateError, match="swap the two"):
        check_order(later, scene)
    with pytest.raises(DateError, match="needs two dates"):
        check_order(later, later)


def test_no_overlap_tells_both_places(write: Write, tmp_path: Path) -> None:
    here = open_scene(str(write(tmp_path / "a.tif", RGB)), DAY)
    away = PLACE @ Affine.translation(200, 0)
    there = open_scene(str(write(tmp_path / "b.tif", RGB, transform=away)), DAY)
    with pytest.raises(SceneError, match=r"do not overlap: .*121\.4696.*121\.49"):
        common_grid(here, there)


def test_a_position_off_the_earth(write: Write, tmp_path: Path) -> None:
    far = write(tmp_path / "a.tif", RGB, crs="EPSG:4326", transform=Affine(1, 0, 10, 0, -1, 300))
    scene = open_scene(str(far), DAY)
    with pytest.raises(InputError):
        common_grid(scene, scene)


def stac_item(assets: dict[str, Any], **properties: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": "x",
        "geometry": None,
        "properties": {"datetime": "2023-08-15T09:58:11Z", **properties},
        "links": [],
        "assets": assets,
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"stac_version": "1.0.0", "type": "Feature"', "not a valid STAC item"),
        ('{"stac_version": "1.0.0", "type": "Feature"}', "not a valid STAC item"),
        (json.dumps(stac_item({"a": 3})), "not a valid STAC item"),
        (json.dumps(stac_item({})), "none of the 0 assets"),
        (
            json.dumps(stac_item({"red": {"href": "https://127.0.0.1/B04.tif"}})),
            r"its asset 'red' \(red\) may not be read",
        ),
        (json.dumps(stac_item({"red": {"href": "B04.tif"}})), "none of the 1 assets"),
        ('{"type": "Feature", "stac_version": ' + "[" * 100_000, "not a valid STAC item"),
    ],
)
def test_stac_items_without_sense(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "item.json"
    path.write_text(text)
    refused(path, told)


def test_decoding_in_a_child_gives_the_same_line(write: Write, tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", RGB, crs=None)
    with pytest.raises(SceneError, match="has no CRS"), blaming(str(path)):
        run_limited(open_scene, str(path), DAY, limits=Limits(seconds=60))
    good = write(tmp_path / "b.tif", RGB)
    scene: Scene = run_limited(open_scene, str(good), DAY, limits=Limits(seconds=60))
    assert scene == open_scene(str(good), DAY)
