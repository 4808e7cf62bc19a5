"""What is fetched from a STAC API: the producer's numbers as reflectance, of the area, once."""

import os
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from shapely.affinity import scale

from geo.errors import InputError, SetupError, SourceError, StoppedError
from tests.fakes.cogs import band_file, cog_of, pixels_of
from tests.tiles.files.range_server import Served, Server, range_server
from tests.tiles.sources.stac_items import AREA, ASK, BANDS, KEYS, item, serve_cogs
from tiles.files.open_scene import open_scene
from tiles.files.remote_url import REMOTE_VARIABLE
from tiles.files.write_item import verify_item, write_item
from tiles.sources import stac_api
from tiles.sources.acquisition import Acquisition, Kind
from tiles.sources.source import Fetched
from tiles.sources.stac_api import StacApi
from tiles.sources.stac_api_items import acquisition_of_item
from tiles.sources.stac_api_layers import layers_of
from tiles.sources.stac_api_spec import StacApiSpec

BLANK = 10


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with range_server() as found:
        monkeypatch.setenv(REMOTE_VARIABLE, f"{found.url}/cogs/")
        serve_cogs(found, blank=BLANK)
        yield found


class _Here:
    """Calls functions in this process, which is quicker than a child."""

    def run(self, function: Callable[..., Any], *args: Any, **_: Any) -> Any:  # noqa: ANN401
        return function(*args)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """No children: what they do is done here."""
    monkeypatch.setattr(stac_api, "limited_pool", lambda *_: nullcontext(_Here()))
    monkeypatch.setattr(stac_api, "run_limited", _Here().run)


def spec(**settings: Any) -> StacApiSpec:  # noqa: ANN401
    given: dict[str, Any] = {"url": "https://a.example.cn/", "collection": "sentinel-2-l2a"}
    return StacApiSpec(**(given | {"bands": BANDS} | settings))


def acquisition(told: dict[str, Any], kind: Kind = Kind.OPTICAL) -> Acquisition:
    return acquisition_of_item("public", "sentinel-2-l2a", kind, told, ASK)


def fetch(
    told: dict[str, Any],
    folder: Path,
    check: Callable[[], None] = lambda: None,
    **settings: Any,  # noqa: ANN401
) -> Fetched:
    return StacApi("public", spec(**settings)).fetch(acquisition(told), AREA, folder, check)


def read(path: Path) -> NDArray[np.uint16]:
    with rasterio.open(path) as image:
        pixels: NDArray[np.uint16] = image.read()
    return pixels


def expected(key: str) -> NDArray[np.uint16]:
    """What the producer's digital numbers say, in ten-thousandths: ours before the offset."""
    pixels = pixels_of(KEYS[key]).copy()
    pixels[:, :BLANK] = 0
    return pixels


def asked(server: Server) -> int:
    return sum(len(file.asked) for file in server.files.values())


def test_bands_and_classification_as_the_producer_has_them(server: Server, tmp_path: Path) -> None:
    told = item(url=server.url)
    fetched = fetch(told, tmp_path)
    assert fetched.bands == BANDS
    assert (fetched.gsd_m, fetched.has_scl, fetched.reflectance) == (10.0, True, True)
    assert fetched.properties["processing:version"] == "05.09"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bands.tif", "scl.tif"]
    for pixels, key in zip(read(tmp_path / "bands.tif"), BANDS, strict=True):
        np.testing.assert_array_equal(pixels, expected(key))
    np.testing.assert_array_equal(read(tmp_path / "scl.tif")[0], expected("scl"))
    write_item(tmp_path, acquisition(told), fetched, {})
    verify_item(tmp_path)
    scene = open_scene(str(tmp_path))
    assert (scene.acquired, scene.scl is not None) == (acquisition(told).acquired, True)


@pytest.mark.usefixtures("here")
def test_only_windows_of_the_area_are_asked_for(server: Server, tmp_path: Path) -> None:
    corner = scale(AREA, 0.2, 0.2, origin=AREA.centroid)
    source = StacApi("public", spec())
    source.fetch(acquisition(item(url=server.url)), corner, tmp_path, lambda: None)
    bands = read(tmp_path / "bands.tif")
    assert 36 <= bands.shape[1] <= 40
    assert 36 <= bands.shape[2] <= 40
    with rasterio.open(tmp_path / "bands.tif") as image, rasterio.open(band_file("B02")) as whole:
        col, row = ~whole.transform @ (image.bounds.left, image.bounds.top)
    top, left = round(row), round(col)
    assert (row, col) == pytest.approx((top, left))
    rows, cols = slice(top, top + bands.shape[1]), slice(left, left + bands.shape[2])
    np.testing.assert_array_equal(bands[0], expected("blue")[rows, cols])


@pytest.mark.usefixtures("here")
def test_in_parts_as_in_one_and_none_twice(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fetch that is stopped between parts goes on where it was."""
    monkeypatch.setattr(stac_api, "PART_PX", 64)
    looks = 0

    def stop() -> None:
        nonlocal looks
        looks += 1
        if looks == 5:
            raise StoppedError("told to")

    told, folder = item(url=server.url), tmp_path / "scene"
    folder.mkdir()
    with pytest.raises(StoppedError):
        fetch(told, folder, stop)
    assert not (folder / "bands.tif").exists()
    kept = sorted(path.name for path in (folder / ".parts").glob("r*.tif"))
    assert len(kept) == 4
    states = {name: (folder / ".parts" / name).stat().st_mtime_ns for name in kept}
    fetched: list[dict[str, int]] = []

    def note() -> None:
        fetched.append({n: (folder / ".parts" / n).stat().st_mtime_ns for n in kept})

    fetch(told, folder, note)
    assert fetched[0] == fetched[8] == states
    assert not (folder / ".parts").exists()
    for pixels, key in zip(read(folder / "bands.tif"), BANDS, strict=True):
        np.testing.assert_array_equal(pixels, expected(key))


@pytest.mark.usefixtures("here")
def test_a_file_that_is_replaced_meanwhile_is_read_anew_whole(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stac_api, "PART_PX", 64)
    looks = 0

    def replace() -> None:
        nonlocal looks
        looks += 1
        if looks == 4:
            for key in BANDS:
                path = f"/cogs/{KEYS[key]}.tif"
                server.files[path] = Served(cog_of(KEYS[key], added=2000, blank=0), tag='"two"')

    fetch(item(url=server.url), tmp_path, replace, offset=-0.2, scl=False)
    np.testing.assert_array_equal(read(tmp_path / "bands.tif")[0], pixels_of("B02"))


@pytest.mark.usefixtures("here")
def test_the_same_ground_on_both_sides_of_the_baseline(server: Server, tmp_path: Path) -> None:
    """Older numbers have no offset, newer ones have, some catalogues have taken it off."""
    whole = {}
    for name, added, said, rasters in (
        ("old", 0, {"s2:processing_baseline": "03.01"}, None),
        ("new", 1000, {}, None),
        ("stated", 1000, {}, {"nodata": 0, "scale": 0.0001, "offset": -0.1}),
        ("taken off", 0, {"earthsearch:boa_offset_applied": True}, {"offset": -0.1}),
    ):
        serve_cogs(server, added=added, blank=BLANK)
        told = item(url=server.url, **said)
        for asset in told["assets"].values():
            asset.pop("raster:bands", None)
            if rasters:
                asset["raster:bands"] = [rasters]
        folder = tmp_path / name
        folder.mkdir()
        fetch(told, folder)
        whole[name] = read(folder / "bands.tif")
    for name in ("new", "stated", "taken off"):
        np.testing.assert_array_equal(whole[name], whole["old"])


@pytest.mark.usefixtures("here")
def test_darker_than_nothing_is_seen_and_missing_is_not(server: Server, tmp_path: Path) -> None:
    """With its offset a dark pixel falls below 0: it is kept as 1, for 0 says missing."""
    serve_cogs(server, added=0, blank=BLANK)  # the offset is taken off though none was added
    fetch(item(url=server.url), tmp_path)
    blue = read(tmp_path / "bands.tif")[0]
    assert (blue[:, :BLANK] == 0).all()
    assert (blue[:, BLANK:] >= 1).all()
    assert (blue == 1).any()


@pytest.mark.parametrize(
    ("change", "settings", "told"),
    [
        ({"nir": None}, {}, "no GeoTIFF asset holds nir"),
        ({"scl": None}, {"scl": True}, "no GeoTIFF asset holds scl"),
        ({"nir": {"href": "{url}/cogs/B08.tif?sig=hush"}}, {}, "its nir may not be read"),
        ({"nir": {"href": "/etc/hostname.tif"}}, {}, "the settings name no `root`"),
        ({"nir": {"href": "{url}/cogs/B08.jp2", "type": "image/jp2"}}, {}, "holds nir"),
        ({}, {"bands": ("blue", "pan")}, "no GeoTIFF asset holds pan"),
    ],
)
def test_what_can_never_be_had(
    server: Server, change: dict[str, Any], settings: dict[str, Any], told: str
) -> None:
    one = item(url=server.url)
    for key, fields in change.items():
        if fields is None:
            del one["assets"][key]
        else:
            one["assets"][key] |= {n: value.format(url=server.url) for n, value in fields.items()}
    before = asked(server)
    with pytest.raises(InputError, match=told) as caught:
        layers_of(acquisition(one), spec(**settings))
    assert "hush" not in str(caught.value)
    assert asked(server) == before


@pytest.mark.parametrize("key", ["nir", "scl"])
@pytest.mark.parametrize("listed", ["", "https://b.example.cn/other/", "no address"])
def test_a_host_that_is_not_listed_is_not_the_items_fault(
    server: Server, monkeypatch: pytest.MonkeyPatch, key: str, listed: str
) -> None:
    one = item(url=server.url)
    one["assets"][key]["href"] = "https://b.example.cn/cogs/x.tif"
    before = os.environ[REMOTE_VARIABLE]
    monkeypatch.setenv(REMOTE_VARIABLE, f"{before},{listed}")
    with pytest.raises(SetupError, match=rf"its \w+ may not be read: .*{REMOTE_VARIABLE}"):
        layers_of(acquisition(one), spec())
    monkeypatch.setenv(REMOTE_VARIABLE, f"{before},https://b.example.cn/cogs/")
    assert len(layers_of(acquisition(one), spec())) == len(KEYS)


def test_a_root_that_is_not_mounted_is_not_the_items_fault(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="is its disk mounted") as caught:
        layers_of(acquisition(item(url=f"file://{tmp_path}")), spec(root=tmp_path / "away"))
    assert str(tmp_path) not in str(caught.value)


def test_a_malformed_item_fails_for_good(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="malformed item"):
        fetch({"id": "x"}, tmp_path)


def test_the_best_of_several_copies_of_a_band(server: Server) -> None:
    one = item(url=server.url)
    one["assets"]["blue"]["gsd"] = 10
    one["assets"] |= {
        "a-blue-60m": one["assets"]["blue"] | {"href": f"{server.url}/cogs/60.tif", "gsd": 60},
        "a-blue-jp2": one["assets"]["blue"] | {"href": f"{server.url}/cogs/5.jp2", "gsd": 5}
        | {"type": "image/jp2"},
    }  # fmt: skip
    layers = {layer.name: layer for layer in layers_of(acquisition(one), spec())}
    assert layers["blue"].place.endswith("/cogs/B02.tif")


def test_assets_may_be_named_in_the_settings(server: Server) -> None:
    one = item(url=server.url)
    for number, key in enumerate(KEYS):
        asset = one["assets"].pop(key)
        asset.pop("eo:bands")
        one["assets"][f"layer{number}"] = asset | {"href": f"{server.url}/cogs/{number}.tif"}
    named = {f"layer{number}": key for number, key in enumerate(KEYS)}
    layers = layers_of(acquisition(one), spec(assets=named))
    assert [layer.name for layer in layers] == [*BANDS, "scl"]


@pytest.mark.usefixtures("here")
def test_what_may_be_had_later(server: Server, tmp_path: Path) -> None:
    del server.files["/cogs/B11.tif"]
    with pytest.raises(SourceError, match="there is no such file"):
        fetch(item(url=server.url), tmp_path)
    server.files["/cogs/B11.tif"] = Served(cog_of("B11", added=1000)[:3000])
    with pytest.raises(SourceError, match=r"B11\.tif"):
        fetch(item(url=server.url), tmp_path)
    serve_cogs(server, blank=BLANK)
    fetch(item(url=server.url), tmp_path)
    np.testing.assert_array_equal(read(tmp_path / "bands.tif")[4], expected("swir16"))


@pytest.mark.usefixtures("here")
def test_files_of_this_machine_below_the_root_only(tmp_path: Path) -> None:
    root, folder = tmp_path / "root", tmp_path / "scene"
    (root / "cogs").mkdir(parents=True)
    folder.mkdir()
    for key, file in KEYS.items():
        data = cog_of(file, added=0 if key == "scl" else 1000)
        (root / "cogs" / f"{file}.tif").write_bytes(data)
    fetch(item(url=f"file://{root}"), folder, root=root)
    np.testing.assert_array_equal(read(folder / "bands.tif")[0], pixels_of("B02"))
    with pytest.raises(InputError, match="no file below the settings' `root`"):
        fetch(item(url=f"file://{root}"), folder, root=folder)
    (folder / "cogs").symlink_to(root / "cogs")
    with pytest.raises(InputError, match="no file below the settings' `root`"):
        fetch(item(url=str(folder)), folder, root=folder)


@pytest.mark.usefixtures("here")
def test_radar_power_stays_power(server: Server, tmp_path: Path) -> None:
    one = item(url=server.url)
    one["assets"] = {
        key: {"href": f"{server.url}/cogs/{key}.tif", "type": "image/tiff"} for key in ("vv", "vh")
    }
    one["assets"]["vh"]["raster:bands"] = [{"unit": "dB"}]
    server.files["/cogs/vv.tif"] = Served(cog_of("B02", dtype="float32", times=1e-4))
    server.files["/cogs/vh.tif"] = Served(cog_of("B02", dtype="float32", times=-1e-2))
    source = StacApi("public", spec(sensor=Kind.SAR, bands=()))
    fetched = source.fetch(acquisition(one, Kind.SAR), AREA, tmp_path, lambda: None)
    assert (fetched.bands, fetched.reflectance, fetched.has_scl) == (("vv", "vh"), False, False)
    vv, vh = read(tmp_path / "bands.tif")
    numbers = pixels_of("B02").astype(np.float64)
    np.testing.assert_allclose(vv, numbers * 1e-4, rtol=1e-6)
    np.testing.assert_allclose(vh, 10 ** (-numbers * 1e-3), rtol=1e-4)


def test_a_cost_is_told_without_asking_anybody(server: Server) -> None:
    cost = StacApi("public", spec()).cost(acquisition(item(url=server.url)), AREA)
    assert (cost.units, asked(server)) == (0, 0)
    assert cost.bytes == pytest.approx(180 * 180 * 6 * 2, rel=0.01)
    assert cost.requests >= 6
