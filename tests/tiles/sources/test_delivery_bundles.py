"""Files become bundles; nothing that lies there is left out without a word."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.bundles import GF2
from tiles.sources.delivery_bundles import gather
from tiles.sources.delivery_store import Entry

WHEN = datetime(2023, 8, 16, tzinfo=UTC)
JL = "JL1KF01A_PMS05_20220814104530_200097070_101_0017_001_L1"
PS = "20230815_023529_64_2459"


def entries(*keys: str) -> list[Entry]:
    return [Entry(key, 10, WHEN) for key in keys]


def test_pan_and_mss_with_what_belongs_to_each() -> None:
    names = [
        f"{GF2}-{about}.{kind}" for about in ("PAN1", "MSS1") for kind in ("tiff", "rpb", "xml")
    ]
    bundles, refused = gather(entries(*(f"{GF2}/{name}" for name in names)))
    assert refused == [] and len(bundles) == 1
    found = bundles[0]
    assert found.pan and found.pan.rpc and found.pan.rpc.name == f"{GF2}-PAN1.rpb"
    assert found.colour[0].rpc and found.colour[0].rpc.name == f"{GF2}-MSS1.rpb"
    assert found.metadata[0].name == f"{GF2}-MSS1.xml" and len(found.entries) == 6


def test_folders_of_their_own_and_scenes_together_are_told_apart() -> None:
    other = GF2.replace("7465343", "7465399")
    keys = [f"in/{JL}_MSS/{JL}_MSS.tif", f"in/{JL}_PAN/{JL}_PAN.tif"]
    keys += [f"mixed/{scene}-MSS1.tiff" for scene in (GF2, other)]
    bundles, refused = gather(entries(*keys))
    assert sorted(one.scene for one in bundles) == sorted([JL, GF2, other]) and refused == []
    assert next(one for one in bundles if one.scene == JL).pan is not None


def test_a_fused_image_stands_for_both_and_is_no_pan() -> None:
    bundles, refused = gather(entries(*(f"{GF2}-{n}.tiff" for n in ("PANMUX", "MSS1", "PAN1"))))
    assert refused == [] and [one.named.about for one in bundles[0].colour] == ["PANMUX"]
    assert bundles[0].pan is None
    (alone,), refused = gather(entries(f"{GF2}-PANMUX.tiff", f"{GF2}-PANMUX.tiff.aux.xml"))
    assert refused == [] and alone.metadata == ()


def test_of_planets_products_the_best_is_taken() -> None:
    keys = ["3B_AnalyticMS.tif", "3B_AnalyticMS_SR_8b.tif", "3B_AnalyticMS_8b_metadata.xml"]
    keys += ["3B_AnalyticMS_SR.tif", "3B_udm2.tif", "3B_Visual.tif", "metadata.json"]
    bundles, _ = gather(entries(*(f"o/{PS}_{key}" for key in keys)))
    assert bundles[0].colour[0].named.product == "AnalyticMS_SR_8b"
    assert bundles[0].udm2 is not None and bundles[0].pan is None


def test_parts_of_a_wide_camera_are_one_image() -> None:
    scene = "GF6_WFV_E121.4_N31.2_20230815_L1A1420343042"
    keys = [f"{scene}-{n}.{kind}" for n in (1, 2, 3) for kind in ("tiff", "rpb")]
    bundles, _ = gather(entries(*keys, f"{scene}.xml"))
    assert [one.named.about for one in bundles[0].colour] == ["1", "2", "3"]
    assert [one.rpc.name[-6:] if one.rpc else "" for one in bundles[0].colour] == [
        "-1.rpb",
        "-2.rpb",
        "-3.rpb",
    ]


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        ([f"{GF2}-PAN1.tiff"], "PAN without MSS"),
        ([f"{GF2}-MSS1.tiff", f"{GF2}-PAN1.rpb"], "PAN image is missing"),
        ([f"{GF2}-MSS1.xml"], "no image of several bands"),
        (["order.zip"], "unpack it"),
        ([f"{PS}.tar.gz"], "unpack it"),
        (["a/video.mp4"], "not recognised"),
        (["picture.jpg"], "picture without place"),
        ([f"a/{GF2}-MSS1.tiff", f"b/{GF2}-MSS1.tiff"], "a second copy of a/"),
    ],
)
def test_what_is_not_taken_is_told(keys: list[str], why: str) -> None:
    _, refused = gather(entries(*keys))
    assert len(refused) == 1 and why in refused[0].why


def test_folders_of_anybody_are_taken_as_they_are() -> None:
    keys = ["mine/B02.tif", "mine/B03.tif", "mine/notes.txt", "stack_20230815.tif"]
    bundles, refused = gather(entries(*keys))
    assert {one.scene for one in bundles} == {"mine", "stack_20230815.tif"} and refused == []
    assert all(one.is_plain for one in bundles)


KEYS = st.sampled_from(
    [f"{GF2}-{about}{kind}" for about in ("PAN1", "MSS1") for kind in (".tiff", ".rpb", ".xml")]
    + [f"{PS}_3B_AnalyticMS_SR.tif", f"{PS}_3B_udm2.tif", "a/x.tif", "b.zip", "c.dat"]
)


@given(st.sets(KEYS))
def test_every_image_is_in_a_bundle_or_refused(keys: set[str]) -> None:
    bundles, refused = gather(entries(*keys))
    used = {entry.key for one in bundles for entry in one.entries}
    told = " ".join(f"{one.where} {one.why}" for one in refused)
    for key in keys:
        if key.endswith((".tif", ".tiff", ".zip", ".dat")) and "udm2" not in key:
            assert key in used or key in told or key.rpartition("-")[0] in told
