"""File names of three producers: what they say, and what they do not."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiles.sources.delivery_names import SENSORS, Family, Role, named

GF1 = "GF1_PMS1_E121.4_N31.2_20230815_L1A0007465343"
JL = "JL1GF02A_PMS1_20210514114254_200050001_102_0013_001_L1"
JL1 = "JL101A_PMS_20200314101530_200023456_101_0011_001_L1"
PS = "20230815_023529_64_2459"


@pytest.mark.parametrize(
    ("file", "scene", "role", "about"),
    [
        (f"{GF1}-MSS1.tiff", GF1, Role.MSS, "MSS1"),
        (f"{GF1}-PAN1.tiff", GF1, Role.PAN, "PAN1"),
        (f"{GF1}-PAN1.rpb", GF1, Role.RPC, "PAN1"),
        (f"{GF1}-MSS1.xml", GF1, Role.METADATA, "MSS1"),
        (f"{GF1}-MSS1_thumb.jpg", GF1, Role.ASIDE, "MSS1"),
        ("GF6_WFV_E121.4_N31.2_20230815_L1A1420343042-2.tiff", None, Role.WHOLE, "2"),
        ("GF1_WFV3_E121.4_N31.2_20230815_L1A0006547030.tiff", None, Role.WHOLE, ""),
        ("GF1D_PMS_E121.4_N31.2_20230815_L1A1227657829-MUX.tiff", None, Role.MSS, "MUX"),
        ("GF7_DLC_E121.4_N31.2_20230815_L1A0000379699-BWDPAN.tiff", None, Role.PAN, "BWDPAN"),
        ("GF7_DLC_E121.4_N31.2_20230815_L1A0000379699-FWDPAN.tiff", None, Role.ASIDE, "FWDPAN"),
        (f"{JL}_MSS.tif", JL, Role.MSS, "MSS"),
        (f"{JL}_PAN_rpc.txt", JL, Role.RPC, "PAN"),
        (f"{JL}_MSS_meta.xml", JL, Role.METADATA, "MSS"),
        ("JL1KF01A_PMS05_20220814104530_200097070_101_0017_001_L3D_PSH.tif", "", Role.WHOLE, "PSH"),
        (f"{GF1}-MSS1.tiff.aux.xml", GF1, Role.ASIDE, "MSS1"),
        (f"{GF1}-PANMUX.tiff", GF1, Role.WHOLE, "PANMUX"),
        (f"{GF1}-MSS1_fuse.tiff", GF1, Role.WHOLE, "PANMUX"),
        (f"{JL1}_MSS.tif", JL1, Role.MSS, "MSS"),
        (f"{JL1}_PAN_meta.xml", JL1, Role.METADATA, "PAN"),
        (f"{PS}_3B_AnalyticMS_SR.tif.aux.xml", PS, Role.ASIDE, ""),
        (f"{PS}_3B_AnalyticMS_SR_8b_clip.tif", PS, Role.WHOLE, "AnalyticMS_SR_8b"),
        (f"{PS}_3B_AnalyticMS_SR_8b_harmonized_clip.tif", PS, Role.WHOLE, "AnalyticMS_SR_8b"),
        (f"{PS}_3B_udm2_clip.tif", PS, Role.UDM2, ""),
        (f"{PS}_3B_AnalyticMS_DN_udm.tif", PS, Role.ASIDE, ""),
        (f"{PS}_metadata.json", PS, Role.METADATA, ""),
        (f"{PS}_3B_Visual.tif", PS, Role.ASIDE, ""),
        ("20220821_070453_ssc12_u0001_analytic_SR_clip.tif", None, Role.WHOLE, "analytic_SR"),
    ],
)  # fmt: skip
def test_names_are_read(file: str, scene: str | None, role: Role, about: str) -> None:
    found = named(file)
    assert found is not None
    assert (found.role, found.about) == (role, about)
    if scene:
        assert found.scene == scene
    if found.family != Family.PLANET:
        assert found.sensor in SENSORS


@pytest.mark.parametrize(
    "file",
    [
        "a.tif",
        "GF1_PMS1_E121.4_N31.2_20231399_L1A0007465343-MSS1.tiff",
        "GF1_PMS1_E221.4_N31.2_20230815_L1A0007465343-MSS1.tiff",
        "GF9_PMS1_E121.4_N31.2_20230815_L1A0007465343-MSS1.tiff",
        "JL1GF02A_PMS1_20219914114254_200050001_102_0013_001_L1_MSS.tif",
        "20230815_993529_64_2459_3B_AnalyticMS_SR.tif",
        "",
    ],
)
def test_other_names_say_nothing(file: str) -> None:
    assert named(file) is None


@given(st.text(max_size=80))
def test_no_text_breaks_the_reader(text: str) -> None:
    named(text)
    named(f"{GF1}{text}")
    named(f"{PS}_{text}")


def test_times_of_chinese_names_are_beijings() -> None:
    found, gaofen, planet = named(f"{JL}_MSS.tif"), named(f"{GF1}.xml"), named(f"{PS}_a.json")
    assert found and found.acquired == datetime(2021, 5, 14, 3, 42, 54, tzinfo=UTC)
    assert gaofen and not gaofen.is_exact
    assert gaofen.acquired == datetime(2023, 8, 15, 3, tzinfo=UTC)
    assert planet and planet.acquired == datetime(2023, 8, 15, 2, 35, 29, tzinfo=UTC)


def test_versions_of_one_sensing_are_told_apart_and_ordered() -> None:
    older, newer = named(f"{GF1}-MSS1.tiff"), named(f"{GF1[:-2]}99-MSS1.tiff")
    assert older and newer and older.same_as == newer.same_as and older.version < newer.version
    raw, level3 = named(f"{JL}_MSS.tif"), named(f"{JL.replace('_L1', '_L3D')}_PSH.tif")
    assert raw and level3 and raw.same_as == level3.same_as and raw.version < level3.version
    radiance, surface = named(f"{PS}_3B_AnalyticMS.tif"), named(f"{PS}_3B_AnalyticMS_SR.tif")
    assert radiance and surface and radiance.version < surface.version
