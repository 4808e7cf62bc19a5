"""A search of a STAC API is whole or fails; bad items stop nothing and are not lost."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box, mapping

from geo.errors import HongxianError, InputError, SetupError, SourceError
from tests.fakes.stac_server import Fault, Sky, stac_server
from tests.tiles.sources.stac_items import AREA, ASK, SENSED, item
from tiles.sources import stac_api_client
from tiles.sources.acquisition import Kind, acquisition_of
from tiles.sources.source import Ask
from tiles.sources.stac_api import StacApi
from tiles.sources.stac_api_items import WRONG, acquisition_of_item
from tiles.sources.stac_api_spec import StacApiSpec


@pytest.fixture(scope="module")
def one_server() -> Iterator[Sky]:
    with stac_server() as sky:
        yield sky


@pytest.fixture
def sky(one_server: Sky, monkeypatch: pytest.MonkeyPatch) -> Sky:
    """The server as new, and a client that waits for a blink only."""
    fresh = Sky(url=one_server.url)
    for name in ("items", "faults", "asked", "headers", "next_href", "empty_first", "get_only"):
        setattr(one_server, name, getattr(fresh, name))
    monkeypatch.setattr(stac_api_client, "FIRST_WAIT_S", 0.01)
    return one_server


def source(sky: Sky, **settings: Any) -> StacApi:  # noqa: ANN401
    given_ = {"url": sky.url, "collection": "sentinel-2-l2a", "timeout_s": 2.0, **settings}
    return StacApi("public", StacApiSpec(**given_))


def found(sky: Sky, ask: Ask = ASK, **settings: Any) -> list[str]:  # noqa: ANN401
    return [one.identifier for one in source(sky, **settings).search(ask)]


def test_what_an_item_becomes(sky: Sky) -> None:
    sky.items = [item()]
    (one,) = source(sky).search(ASK)
    assert (one.source, one.collection, one.kind) == ("public", "sentinel-2-l2a", Kind.OPTICAL)
    assert (one.acquired, one.cloud_share) == (SENSED, 0.125)
    assert one.platform == "sentinel-2a"
    assert one.same_as == "sentinel-2a 20230323T023531 51RUQ"
    assert one.version == "05.09 20230323T080000"
    assert one.orbit == "089"
    assert one.published == datetime(2023, 3, 23, 8, tzinfo=UTC)
    assert acquisition_of(json.loads(json.dumps(one.as_json))) == one


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_pages_of_any_size_give_every_item_once(sky: Sky, size: int) -> None:
    sky.items = [item(number) for number in range(7)]
    assert sorted(found(sky, page_size=size)) == sorted(one["id"] for one in sky.items)
    sky.empty_first = True
    assert len(found(sky, page_size=size)) == 7


def test_windows_are_half_open_to_the_microsecond(sky: Sky) -> None:
    sky.items = [item()]
    tick = timedelta(microseconds=1)
    for start, end, count in (
        (SENSED, SENSED + tick, 1),
        (SENSED - tick, SENSED, 0),
        (SENSED + tick, SENSED + 2 * tick, 0),
    ):
        assert len(found(sky, replace(ASK, start=start, end=end))) == count


def test_only_what_meets_the_area_not_its_bounding_box(sky: Sky) -> None:
    sky.items = [item()]
    west, south, east, north = AREA.buffer(0.01).bounds
    beside = AREA.buffer(0.5).difference(AREA.buffer(0.3))
    assert beside.bounds[0] < west < east < beside.bounds[2]
    assert beside.bounds[1] < south < north < beside.bounds[3]
    assert found(sky, replace(ASK, area=beside)) == []


def test_conditions_are_handed_on(sky: Sky) -> None:
    sky.items = [item(0), item(1, **{"eo:cloud_cover": 90})]
    assert len(found(sky, query={"eo:cloud_cover": {"lt": 50}})) == 1
    assert sky.asked[-1]["query"] == {"eo:cloud_cover": {"lt": 50}}


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500),
        Fault(status=429, retry_after="0"),
        Fault(status=503, retry_after="Wed, 21 Oct 2015 07:28:00 GMT"),
        Fault(body=b'{"features": []}', cut=9),
    ],
)
def test_what_passes_is_tried_again_on_any_page(sky: Sky, fault: Fault) -> None:
    sky.items = [item(number) for number in range(4)]
    sky.faults = [None, fault, fault]
    assert len(found(sky, page_size=2)) == 4
    assert not sky.faults


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Fault(status=500), "4 tries"),
        (Fault(status=429, retry_after="86400"), "1 tries"),
        (Fault(status=401, body=b"expired"), "valid key"),
        (Fault(status=302, location="https://elsewhere.example.cn/"), "points elsewhere"),
        (Fault(status=204), "without content"),
        (Fault(body=b"<html>"), "makes no sense"),
        (Fault(body=b"{}"), "a page of its search is none"),
        (Fault(body=b'{"features": {}}'), "a page of its search is none"),
        (Fault(body=b'{"features": [1], "links": [{"rel": "next"}]}'), "makes no sense"),
        (Fault(body=b"\xff"), "makes no sense"),
    ],
)
def test_an_error_on_any_page_is_an_error(sky: Sky, fault: Fault, told: str) -> None:
    sky.items = [item(number) for number in range(4)]
    sky.faults = [None, fault, fault, fault, fault]
    with pytest.raises(SourceError, match=told):
        found(sky, page_size=2)


def test_a_question_the_server_does_not_take(sky: Sky) -> None:
    sky.faults = [Fault(status=400, body=b"no such field")]
    with pytest.raises(InputError, match="no such field"):
        found(sky)
    with pytest.raises(InputError, match="404"):
        found(sky, collection="sentinel-9")


def test_a_server_that_is_slow_or_away(sky: Sky) -> None:
    sky.faults = [Fault(slow_s=0.4)] * 4
    with pytest.raises(SourceError, match=r"no answer in 0\.2 s"):
        found(sky, timeout_s=0.2)
    sky.faults = [Fault(body=b" " * 40, drip_s=0.05)] * 4
    with pytest.raises(SourceError, match="does not end"):
        found(sky, timeout_s=0.2)
    with pytest.raises(SourceError, match="no connection"):
        found(replace(sky, url="http://127.0.0.1:9"))


@pytest.mark.parametrize(
    ("href", "told"),
    [
        ("https://elsewhere.example.cn/search", "leads to elsewhere.example.cn"),
        ("http://127.0.0.1:1/search", "leads to 127.0.0.1:1"),
        ("http://data.example.cn/search", "not followed"),
        ("file:///etc/passwd", "not followed"),
    ],
)
def test_next_links_lead_nowhere_else(sky: Sky, href: str, told: str) -> None:
    """pystac-client would ask any host, and open a file of this machine."""
    sky.items, sky.next_href = [item(0), item(1)], href
    with pytest.raises(SourceError, match=told):
        found(sky, page_size=1)


def test_a_path_is_one_on_the_server(sky: Sky) -> None:
    sky.items, sky.next_href = [item(0), item(1)], "/etc/passwd"
    with pytest.raises(InputError, match="404"):
        found(sky, page_size=1)


def test_pages_in_a_circle_end(sky: Sky) -> None:
    again = {"rel": "next", "href": f"{sky.url}/search?token=1"}
    page = Fault(body=json.dumps({"features": [item()], "links": [again]}).encode())
    sky.faults = [page] * 5
    with pytest.raises(SourceError, match="in a circle"):
        found(sky)


def test_keys_come_from_the_environment_and_stay_out_of_errors(
    sky: Sky, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"X-Api-Key": "MADE_UP_KEY"}
    with pytest.raises(SetupError, match="MADE_UP_KEY is not set"):
        found(sky, headers=headers)
    monkeypatch.setenv("MADE_UP_KEY", "hush")
    found(sky, headers=headers)
    assert all(asked["x-api-key"] == "hush" for asked in sky.headers)
    sky.faults = [Fault(status=403)]
    with pytest.raises(SourceError) as caught:
        found(sky, headers=headers)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "fault",
    [
        *(Fault(status=status) for status in (204, 302, 400, 401, 403, 404, 429, 500)),
        Fault(),
        Fault(location="https://hush-hush.example.cn/?key=hush-hush"),
    ],
)
@pytest.mark.parametrize("before", [0, 295])
def test_a_key_that_the_server_sends_back_is_not_told(
    sky: Sky, monkeypatch: pytest.MonkeyPatch, fault: Fault, before: int
) -> None:
    monkeypatch.setenv("MADE_UP_KEY", "Bearer hush-hush")
    link = {"rel": "next", "href": "https://hush-hush.example.cn/hush-hush"}
    page = {"bad key": "Bearer hush-hush", "type": "hush-hush", "features": [], "links": [link]}
    body = b"x" * before + b"hush-hush, or Bearer hush-hush" if fault.status else b""
    whole = replace(fault, body=body or json.dumps(page).encode())
    if fault.location:
        whole = replace(whole, status=307)
    sky.faults = [whole] * 4
    with pytest.raises(HongxianError) as caught:
        found(sky, headers={"Authorization": "MADE_UP_KEY"})
    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_server_without_post_is_asked_by_get(sky: Sky, size: int) -> None:
    sky.items = [item(number) for number in range(7)]
    sky.items[3]["properties"]["datetime"] = "2023-05-01T00:00:00Z"
    sky.items[5]["geometry"] = mapping(box(10, 40, 11, 41))
    sky.get_only = True
    assert len(found(sky, page_size=size)) == 5
    assert {asked["method"] for asked in sky.asked} == {"GET"}
    assert all(asked["bbox"] and asked["datetime"] for asked in sky.asked), "of every page"


def test_proxies_of_the_environment_are_not_used(sky: Sky, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    sky.items = [item()]
    assert len(found(sky)) == 1


@pytest.mark.parametrize(
    "url", ["http://data.example.cn/", "https://a:b@data.example.cn/", "file:///x", "ftp://x/", "x"]
)
def test_addresses_that_are_not_asked(url: str) -> None:
    with pytest.raises(InputError, match="https"):
        StacApiSpec(url=url, collection="x")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"collection": ""}, "name a collection"),
        ({"bands": ("blue", "B04")}, "no band 'B04'"),
        ({"bands": ("blue", "scl")}, "no band 'scl'"),
        ({"bands": ("blue", "blue")}, "named twice"),
        ({"bands": ("blue",), "sensor": Kind.SAR}, "there are vh, vv"),
        ({"page_size": 0}, "1 to 10,000"),
        ({"timeout_s": float("nan")}, "within an hour"),
        ({"scale": 0.0}, "above 0"),
    ],
)
def test_settings_that_make_no_sense(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        StacApiSpec(**({"url": "https://a.example.cn/", "collection": "x"} | settings))


BAD = [
    item(1) | {"geometry": {"type": "Polygon", "coordinates": [[[0, 0]]]}},
    item(1) | {"geometry": None, "bbox": None},
    item(1) | {"assets": None},
    item(1) | {"properties": None},
    item(1) | {"collection": "landsat"},
    item(1, datetime="yesterday"),
    item(1, datetime=None),
    {"id": None},
    {},
    "an item",
    7,
    None,
]


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_item_stops_nothing_and_is_not_lost(sky: Sky, bad: Any) -> None:  # noqa: ANN401
    page = {"type": "FeatureCollection", "features": [item(0), bad, item(2)], "links": []}
    sky.faults = [Fault(body=json.dumps(page).encode())] * 2
    first, second, third = source(sky).search(ASK)
    assert WRONG not in first.detail and WRONG not in third.detail
    assert second.detail[WRONG]
    assert second == list(source(sky).search(ASK))[1]  # the ledger knows it again
    assert ASK.start <= second.acquired < ASK.end


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.sampled_from([*item(), None]), st.sampled_from([*item()["properties"], None]), JSON)
def test_any_item_becomes_an_acquisition_that_can_be_kept(
    field: str | None,
    stated: str | None,
    value: Any,  # noqa: ANN401
) -> None:
    odd: Any = value
    if field is not None and stated is None:
        odd = item() | {field: value}
    elif stated is not None:
        odd = item(**{stated: value})
    one = acquisition_of_item("public", "sentinel-2-l2a", Kind.OPTICAL, odd, ASK)
    text = json.dumps(one.as_json, allow_nan=False)
    assert "\\u0000" not in text
    assert acquisition_of(json.loads(text)).identifier == one.identifier


def test_a_sensing_processed_anew_is_the_same_one_and_later(sky: Sky) -> None:
    again = {
        "s2:processing_baseline": "05.10",
        "s2:datatake_id": "GS2A_20230323T023531_040432_N05.10",
        "created": "2024-01-01T00:00:00Z",
    }
    other = {"s2:datatake_id": "GS2B_20230323T023531_040432_N05.09"}
    sky.items = [
        item(0),
        item(1, **{"grid:code": "MGRS-51RUQ"}, **again),
        item(2),
        item(3, **other),
    ]
    old, new, tile, satellite = source(sky).search(ASK)
    assert old.same_as == new.same_as
    assert old.version < new.version
    assert len({old.same_as, tile.same_as, satellite.same_as}) == 3


def test_pystac_client_is_imported_when_it_is_used() -> None:
    code = "import sys, tiles.sources.stac_api; sys.exit('pystac_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603
