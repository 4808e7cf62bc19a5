"""Sentinel Hub: what is searched, told and fetched, against a service on this machine."""

import itertools
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.errors import InputError, SceneError, StoppedError
from geo.geobox import GeoBox
from tests.fakes.sentinel_hub import CATALOG, CLIENT, PROCESS, TOKEN, FakeSentinelHub
from tests.fakes.sky import OFFSET, Sky, optical_pass
from tests.tiles.sources.conftest import CLEAR, CLOUDY, RADAR
from tiles.files.open_scene import open_scene
from tiles.sources.acquisition import Acquisition
from tiles.sources.sentinel_hub import SentinelHub
from tiles.sources.sentinel_hub_spec import SentinelHubSpec
from tiles.sources.source import BANDS_FILE, CLOUD_FILE, SCL_FILE, Ask, Source

JUNE = datetime(2023, 6, 1, tzinfo=UTC), datetime(2023, 7, 1, tzinfo=UTC)


def go_on() -> None:
    pass


def hub_source(hub: FakeSentinelHub, **more: object) -> SentinelHub:
    return SentinelHub("sh", hub.spec(**more), CLIENT)


def only(source: Source, sky: Sky, day: int) -> Acquisition:
    start = datetime(2023, 6, day, tzinfo=UTC)
    (found,) = source.search(Ask(sky.area, start, start + timedelta(days=1)))
    return found


def test_a_search_finds_what_lies_in_the_window_and_meets_the_area(
    hub: FakeSentinelHub, sky: Sky
) -> None:
    source: Source = hub_source(hub)
    elsewhere = shapely.box(10, 40, 11, 41)
    within = optical_pass(date(2023, 6, 11), footprint=elsewhere)
    sky.passes.append(within)

    found = {one.identifier: one for one in source.search(Ask(sky.area, *JUNE))}

    assert set(found) == {CLEAR.identifier, CLOUDY.identifier}
    assert found[CLOUDY.identifier].cloud_share == pytest.approx(0.4)
    assert next(source.search(Ask(elsewhere, *JUNE))).identifier == within.identifier
    assert hub.counts[TOKEN] == 1


def test_windows_are_half_open(hub: FakeSentinelHub, sky: Sky) -> None:
    source, at = hub_source(hub), CLEAR.acquired
    tick = timedelta(microseconds=1)

    assert list(source.search(Ask(sky.area, at - tick, at))) == []
    assert len(list(source.search(Ask(sky.area, at, at + tick)))) == 1
    assert list(source.search(Ask(sky.area, at + tick, at + 2 * tick))) == []


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cuts=st.lists(st.timedeltas(timedelta(0), timedelta(days=9)), max_size=5), radar=st.booleans()
)
def test_neighbouring_windows_share_nothing_and_lose_nothing(
    hub: FakeSentinelHub, sky: Sky, cuts: list[timedelta], *, radar: bool
) -> None:
    source = hub_source(hub, collection="sentinel-1-grd" if radar else "sentinel-2-l2a")
    near = RADAR.acquired + timedelta(seconds=5)  # the middle of its sensing comes later
    edges = sorted({JUNE[0], near, *(JUNE[0] + cut for cut in cuts), JUNE[1]})

    found = [
        one.identifier
        for begin, end in itertools.pairwise(edges)
        for one in source.search(Ask(sky.area, begin, end))
    ]

    assert sorted(found) == sorted(p.identifier for p in sky.passes if p.radar == radar)


def test_all_pages_are_asked_for(hub: FakeSentinelHub, sky: Sky) -> None:
    sky.passes[:] = [
        optical_pass(date(2023, 6, 1) + timedelta(days=number)) for number in range(25)
    ]
    hub.page = 4

    found = list(hub_source(hub).search(Ask(sky.area, *JUNE)))

    assert len({one.identifier for one in found}) == 25
    assert hub.counts[CATALOG] == 7


def test_the_catalogue_keeps_to_filters(hub: FakeSentinelHub, sky: Sky) -> None:
    """Of radar the library asks for one mode, polarisation and resolution."""
    sky.passes.append(
        replace(RADAR, identifier=RADAR.identifier[:-1] + "1", said={"s1:polarization": "SV"})
    )
    found = list(hub_source(hub, collection="sentinel-1-grd").search(Ask(sky.area, *JUNE)))
    assert [one.identifier for one in found] == [RADAR.identifier]
    body = {"collections": ["sentinel-2-l2a"], "bbox": sky.area.bounds, "datetime": "../.."}
    least = hub.search({**body, "filter": "eo:cloud_cover < 10"})["features"]
    assert [item["id"] for item in least] == [CLEAR.identifier]


def test_what_is_not_published_is_not_there(hub: FakeSentinelHub, sky: Sky) -> None:
    hub.now = CLEAR.published - timedelta(minutes=1)
    assert list(hub_source(hub).search(Ask(sky.area, *JUNE))) == []


def test_fetched_pixels_are_those_of_the_sensor_in_ten_thousandths(
    hub: FakeSentinelHub, sky: Sky, tmp_path: Path
) -> None:
    source = hub_source(hub, request_px=100)
    one = only(source, sky, 1)
    told = source.cost(one, sky.area)

    fetched = source.fetch(one, sky.area, tmp_path, go_on)

    assert sorted(path.name for path in tmp_path.iterdir()) == [BANDS_FILE, CLOUD_FILE, SCL_FILE]
    with rasterio.open(tmp_path / BANDS_FILE) as image:
        pixels, descriptions = image.read(), image.descriptions
        grid = GeoBox(
            open_scene(str(tmp_path / BANDS_FILE), date(2023, 6, 1)).geobox.crs,
            image.transform,
            image.height,
            image.width,
        )
    raw = sky.look(CLEAR, grid)
    seen = raw["dataMask"] > 0
    wanted = np.stack([np.maximum(raw[name] - OFFSET, 1) for name in ("B02", "B03", "B04", "B08")])
    assert np.array_equal(pixels[:4], np.where(seen, wanted, 0))
    assert pixels[:, seen].min() >= 1
    assert descriptions == fetched.bands == ("blue", "green", "red", "nir", "swir16", "swir22")
    with rasterio.open(tmp_path / SCL_FILE) as image:
        assert np.array_equal(image.read(1), np.where(seen, raw["SCL"], 0))
    with rasterio.open(tmp_path / CLOUD_FILE) as image:
        assert np.array_equal(image.read(1), np.where(seen, np.floor(raw["CLP"] / 2.55 + 0.5), 255))
    assert told.requests == hub.counts[PROCESS] == 4
    assert fetched.units == pytest.approx(hub.units, abs=1e-3)
    assert told.units == pytest.approx(hub.units)


def test_the_grid_is_that_of_native_pixels(hub: FakeSentinelHub, sky: Sky, tmp_path: Path) -> None:
    source = hub_source(hub)
    source.fetch(only(source, sky, 1), sky.area, tmp_path, go_on)

    with rasterio.open(tmp_path / BANDS_FILE) as image:
        assert image.crs.to_epsg() == 32651
        assert image.transform[:2] == (10, 0)
        assert image.transform.c % 60 == image.transform.f % 60 == 0
        assert image.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
    body = hub.bodies[-1]
    assert body["input"]["data"][0]["processing"] == {
        "upsampling": "NEAREST",
        "downsampling": "NEAREST",
        "harmonizeValues": True,
    }
    between = body["input"]["data"][0]["dataFilter"]["timeRange"]
    begin, end = (datetime.fromisoformat(between[key]) for key in ("from", "to"))
    assert begin < CLEAR.acquired < end and end - begin < timedelta(seconds=5)


def test_a_fetched_folder_is_a_scene_with_sun_and_baseline(
    hub: FakeSentinelHub, sky: Sky, tmp_path: Path
) -> None:
    source = hub_source(hub)
    fetched = source.fetch(only(source, sky, 1), sky.area, tmp_path, go_on)

    scene = open_scene(str(tmp_path / BANDS_FILE), date(2023, 6, 1))
    assert scene.band_names == fetched.bands
    assert "processing:version" not in fetched.properties, "no answer says it"
    assert fetched.steps[0] == "listed as baseline 05.09"
    assert fetched.properties["view:sun_elevation"] == pytest.approx(72, abs=1)
    assert fetched.reflectance and fetched.has_scl and fetched.has_cloud_probability


def test_values_before_baseline_4_carry_no_offset(
    hub: FakeSentinelHub, sky: Sky, tmp_path: Path
) -> None:
    old = optical_pass(date(2023, 6, 1), baseline="03.01", satellite="S2B")
    sky.passes[:] = [old]
    source = hub_source(hub)
    source.fetch(only(source, sky, 1), sky.area, tmp_path, go_on)

    with rasterio.open(tmp_path / BANDS_FILE) as image:
        pixels = image.read(1)
    assert np.median(pixels[pixels > 0]) < OFFSET


def test_the_data_space_has_sen2cors_probability(
    hub: FakeSentinelHub, sky: Sky, tmp_path: Path
) -> None:
    source = hub_source(hub, service="data-space")
    source.fetch(only(source, sky, 6), sky.area, tmp_path, go_on)

    with rasterio.open(tmp_path / CLOUD_FILE) as image:
        assert set(np.unique(image.read())) == {3, 60, 97, 255}


def test_radar_is_linear_power(hub: FakeSentinelHub, sky: Sky, tmp_path: Path) -> None:
    source = hub_source(hub, collection="sentinel-1-grd")
    one = only(source, sky, 3)
    assert one.identifier == RADAR.identifier

    fetched = source.fetch(one, sky.area, tmp_path, go_on)

    with rasterio.open(tmp_path / BANDS_FILE) as image:
        pixels = image.read()
        assert image.descriptions == ("vv", "vh") and image.dtypes == ("float32",) * 2
    assert 0 < np.median(pixels[pixels > 0]) < 1
    assert [path.name for path in tmp_path.iterdir()] == [BANDS_FILE]
    assert not fetched.reflectance
    assert fetched.properties["sat:relative_orbit"] == 122
    assert fetched.units == pytest.approx(hub.units, abs=1e-3)


def test_windows_without_wanted_ground_are_not_asked_for(
    hub: FakeSentinelHub, sky: Sky, tmp_path: Path
) -> None:
    west, south, east, north = sky.area.bounds
    corner = shapely.Polygon([(west, south), (east, south), (west, north)])
    source = hub_source(hub, request_px=64)
    one = only(source, sky, 1)
    whole, part = source.cost(one, sky.area), source.cost(one, corner)

    source.fetch(one, corner, tmp_path, go_on)

    assert part.requests < whole.requests
    assert hub.counts[PROCESS] == part.requests


def test_parts_of_an_earlier_try_are_not_fetched_again(
    hub: FakeSentinelHub, sky: Sky, tmp_path: Path
) -> None:
    source = hub_source(hub, request_px=100)
    one = only(source, sky, 1)
    with pytest.raises(StoppedError):
        source.fetch(one, sky.area, tmp_path, stop_after(2, hub))
    assert not (tmp_path / BANDS_FILE).exists()
    before = hub.counts[PROCESS]

    fetched = source.fetch(one, sky.area, tmp_path, go_on)

    assert before == 2 and hub.counts[PROCESS] == 4
    assert fetched.units == pytest.approx(hub.units, abs=1e-3)
    assert sorted(path.name for path in tmp_path.iterdir()) == [BANDS_FILE, CLOUD_FILE, SCL_FILE]


def stop_after(images: int, hub: FakeSentinelHub) -> Callable[[], None]:
    def check() -> None:
        if hub.counts[PROCESS] >= images:
            raise StoppedError("the worker was told to stop")

    return check


def test_a_part_that_the_disk_damaged_is_fetched_again(
    hub: FakeSentinelHub, sky: Sky, tmp_path: Path
) -> None:
    source = hub_source(hub, request_px=100)
    one = only(source, sky, 1)
    with pytest.raises(StoppedError):
        source.fetch(one, sky.area, tmp_path, stop_after(2, hub))
    (part, *_) = sorted((tmp_path / ".parts").glob("*.tif"))
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)

    source.fetch(one, sky.area, tmp_path, go_on)

    assert hub.counts[PROCESS] == 5


def test_ground_that_a_pass_does_not_show_costs_nothing(
    hub: FakeSentinelHub, sky: Sky, tmp_path: Path
) -> None:
    source = hub_source(hub)
    with pytest.raises(SceneError, match="nothing of the area"):
        source.fetch(only(source, sky, 1), shapely.box(10, 40, 11, 41), tmp_path, go_on)
    assert hub.counts[PROCESS] == 0


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"service": "mars"}, "there are global, data-space"),
        ({"service_url": "https://sh.example.org"}, "both service_url and token_url"),
        ({"service_url": "http://sh.example.org", "token_url": "https://x.org"}, "https only"),
        ({"service_url": "https://x.org", "token_url": "ftp://x.org"}, "https only"),
        ({"collection": "landsat"}, "can be fetched"),
        ({"bands": ("vv",)}, "this collection has"),
        ({"cloud_band": "CLX"}, "CLP, CLD"),
        ({"request_px": 3000}, "64 to 2500"),
        ({"tries": 0}, "at least one try"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        SentinelHubSpec(**settings)  # type: ignore[arg-type]


def test_secrets_are_not_shown() -> None:
    source = SentinelHub("sh", SentinelHubSpec(), ("who", "hidden"))
    assert "hidden" not in repr(source) and "who" not in repr(source)


def test_the_heavy_library_waits_for_the_first_request() -> None:
    code = "import sys, tiles.sources.sentinel_hub; print('sentinelhub' in sys.modules)"
    done = subprocess.run(  # noqa: S603 (our own interpreter)
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_no_profile_of_the_user_is_read_or_written(
    hub: FakeSentinelHub, sky: Sky, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_CONFIG_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("SH_CLIENT_ID", "somebody else")
    assert list(hub_source(hub).search(Ask(sky.area, *JUNE)))
    assert list(tmp_path.iterdir()) == []
