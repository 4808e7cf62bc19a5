"""KML of missions: valid order of elements, WGS 84, whatever the words are."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pyogrio
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, box

from leads.flights.kml import kml_of, kmz_of
from tests.leads.domain.test_mission import WHOLE

NAME = "{http://www.opengis.net/kml/2.2}"
CORNERS = np.array([[121.6, 31.5], [121.61, 31.5], [121.61, 31.51], [121.6, 31.51]])
HOLED = Polygon(CORNERS, [CORNERS[::-1] * 0.2 + [97.284, 25.204]])
ORDER = {
    "Document": ["name", "Style", "Placemark"],
    "Placemark": ["name", "description", "styleUrl", "ExtendedData", "Polygon", "MultiGeometry"],
    "Polygon": ["altitudeMode", "outerBoundaryIs", "innerBoundaryIs"],
    "Style": ["LineStyle", "PolyStyle"],
    "LineStyle": ["color", "width"],
}
"""As the schema of OGC 07-147r2 has them."""


def tree(data: bytes) -> ET.Element:
    return ET.fromstring(data)  # noqa: S314 (we wrote it)


@given(st.none() | st.text(max_size=40), st.none() | st.text(max_size=40))
def test_any_words_give_a_document_that_says_them(note: str | None, number: str | None) -> None:
    told = replace(WHOLE, note=note, application_number=number)
    values = {
        one.get("name"): one.findtext(f"{NAME}value")
        for one in tree(kml_of(told)).iter(f"{NAME}Data")
    }
    assert values["mission_id"] == WHOLE.mission_id
    if note and note.isprintable():
        assert values["note"] == note


def test_elements_stand_in_the_order_of_the_schema() -> None:
    two = MultiPolygon([HOLED, box(121.7, 31.5, 121.71, 31.51)])
    for area in (WHOLE.area, two):
        for element in tree(kml_of(replace(WHOLE, area=area))).iter():
            wanted = ORDER.get(element.tag.removeprefix(NAME))
            if wanted:
                places = [wanted.index(child.tag.removeprefix(NAME)) for child in element]
                assert places == sorted(places)


def test_holes_and_parts_come_back_through_gdal(tmp_path: Path) -> None:
    two = MultiPolygon([HOLED, box(121.7, 31.5, 121.71, 31.51)])
    for name, data in (("a.kml", kml_of), ("a.kmz", kmz_of)):
        file = tmp_path / name
        file.write_bytes(data(replace(WHOLE, area=two)))
        frame = pyogrio.read_dataframe(file)
        assert frame.crs.to_epsg() == 4326
        read = shapely.force_2d(frame.geometry.iloc[0])
        assert shapely.symmetric_difference(read, two).area < 1e-12


def test_the_lead_s_content_is_not_in_it_and_the_same_mission_gives_the_same_bytes() -> None:
    text = kml_of(WHOLE).decode()
    for secret in ("analyst-1", "waste", "固废", "GF"):
        assert secret not in text
    assert kmz_of(WHOLE) == kmz_of(WHOLE)
    with zipfile.ZipFile(io.BytesIO(kmz_of(WHOLE))) as archive:
        assert archive.namelist() == ["doc.kml"]
        assert archive.read("doc.kml") == kml_of(WHOLE)
