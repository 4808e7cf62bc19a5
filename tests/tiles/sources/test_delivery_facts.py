"""Metadata of three producers, and metadata that lies."""

import json
from datetime import UTC, datetime

import pytest

from geo.errors import SceneError
from tests.fakes.bundles import Camera, gaofen_xml
from tiles.sources.delivery_facts import coefficients_of_tag, facts_of, joined
from tiles.sources.delivery_names import Family

XML = gaofen_xml(Camera(320, 320, 3.2), "MSS1")
PLANET = """<ps:a xmlns:ps="p" xmlns:opt="o" xmlns:eop="e">
<ps:acquisitionDateTime>2023-08-15T02:35:29+00:00</ps:acquisitionDateTime>
<opt:illuminationElevationAngle>64.1</opt:illuminationElevationAngle>
<opt:illuminationAzimuthAngle>120</opt:illuminationAzimuthAngle>
<opt:cloudCoverPercentage>12</opt:cloudCoverPercentage><ps:numBands>2</ps:numBands>
<ps:topLeft><ps:latitude>31.2</ps:latitude><ps:longitude>121.3</ps:longitude></ps:topLeft>
<ps:topRight><ps:latitude>31.2</ps:latitude><ps:longitude>121.4</ps:longitude></ps:topRight>
<ps:bottomRight><ps:latitude>31.1</ps:latitude><ps:longitude>121.4</ps:longitude></ps:bottomRight>
<ps:bottomLeft><ps:latitude>31.1</ps:latitude><ps:longitude>121.3</ps:longitude></ps:bottomLeft>
<b><ps:bandNumber>2</ps:bandNumber><ps:reflectanceCoefficient>3e-5</ps:reflectanceCoefficient></b>
<b><ps:bandNumber>1</ps:bandNumber><ps:reflectanceCoefficient>2e-5</ps:reflectanceCoefficient></b>
</ps:a>"""


def test_gaofens_xml() -> None:
    found = facts_of(Family.GAOFEN, XML.encode(), "a.xml")
    assert found.acquired == datetime(2023, 8, 15, 3, 2, 33, tzinfo=UTC)
    assert (found.bands, found.rows, found.cols, found.cloud_share) == (4, 320, 320, 0.07)
    assert found.footprint is not None and 121 < found.footprint.centroid.x < 122
    assert found.sun_elevation == pytest.approx(68.6)


def test_planets_xml_has_coefficients_in_the_order_of_bands() -> None:
    found = facts_of(Family.PLANET, PLANET.encode(), "a_metadata.xml")
    assert found.coefficients == (2e-5, 3e-5) and found.bands == 2
    assert found.footprint is not None
    assert found.footprint.bounds == pytest.approx((121.3, 31.1, 121.4, 31.2))


def test_planets_json_and_skysats_tag() -> None:
    item = {
        "geometry": None,
        "properties": {"acquired": "2023-08-15T02:35:29Z", "cloud_cover": 0.1},
    }
    found = facts_of(Family.PLANET, json.dumps(item).encode(), "a.json")
    assert found.cloud_share == 0.1 and found.acquired is not None
    tag = json.dumps({"properties": {"reflectance_coefficients": [0.001, 0.002]}})
    assert coefficients_of_tag(tag) == (0.001, 0.002)
    assert coefficients_of_tag("no json") == () == coefficients_of_tag(None)


def test_of_several_files_the_first_that_says_counts() -> None:
    one = facts_of(Family.PLANET, PLANET.encode(), "a.xml")
    two = facts_of(Family.GAOFEN, XML.encode(), "b.xml")
    both = joined([one, two])
    assert both.coefficients == one.coefficients and both.rows == 320 and both.bands == 2


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("<TopLeftLatitude>31", "<TopLeftLatitude>131", "no place of one image"),
        ("<TopLeftLongitude>121", "<TopLeftLongitude>11", "no place of one image"),
        ("<SolarZenith>21.4", "<SolarZenith>nan", "no numbers"),
        ("<SolarZenith>21.4", "<SolarZenith>up", "no number"),
        ("</ProductMetaData>", "", "well-formed"),
    ],
)
def test_metadata_that_cannot_be_true_is_refused(old: str, new: str, why: str) -> None:
    assert old in XML
    with pytest.raises(SceneError, match=why):
        facts_of(Family.GAOFEN, XML.replace(old, new).encode(), "a.xml")


def test_what_is_out_of_range_is_not_stated() -> None:
    text = XML.replace("<CloudPercent>7", "<CloudPercent>-1").replace(">21.4", ">170")
    found = facts_of(Family.GAOFEN, text.encode(), "a.xml")
    assert found.cloud_share is None and found.sun_elevation is None


def test_malformed_items_are_told() -> None:
    for item in ({"properties": []}, {"properties": {"sun_azimuth": "east"}}, {"geometry": 3}):
        with pytest.raises(SceneError, match=r"a\.json"):
            facts_of(Family.PLANET, json.dumps(item).encode(), "a.json")
