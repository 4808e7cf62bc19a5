"""KML 2.2 and KMZ of a mission's area, as flight apps import them: WGS 84, longitude first.

CGCS2000 is taken for WGS 84, as everywhere at the borders of this program; GCJ-02 is never written:
flight apps fly by satellites, not by street maps.
"""

import io
import re
import zipfile
from xml.sax.saxutils import escape

import shapely
from shapely import Polygon

from leads.domain.mission import Mission
from leads.domain.mission_rules import local
from leads.domain.vocabulary import words_of

KML_TYPE = "application/vnd.google-earth.kml+xml"
"""Media type of KML."""

KMZ_TYPE = "application/vnd.google-earth.kmz"
"""Media type of KMZ."""

DECIMALS = 7
"""Of a degree: about a centimetre."""

_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STAMP = (1980, 1, 1, 0, 0, 0)  # the same mission gives the same bytes


def kml_of(mission: Mission) -> bytes:
    """The area with its rules in words: one document, one placemark, nothing of the lead."""
    name = f"无人机任务 {mission.mission_id}"
    rows = "".join(
        f'<Data name="{_text(key)}"><value>{_text(value)}</value></Data>'
        for key, value in _facts(mission)
    )
    parts = "".join(map(_polygon, shapely.orient_polygons(mission.area).geoms))
    shape = f"<MultiGeometry>{parts}</MultiGeometry>" if len(mission.area.geoms) > 1 else parts
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"<name>{_text(name)}</name>"
        '<Style id="area"><LineStyle><color>ff1a1ad6</color><width>2</width></LineStyle>'
        "<PolyStyle><color>331a1ad6</color></PolyStyle></Style>"
        f"<Placemark><name>{_text(name)}</name><description>{_text(_words(mission))}</description>"
        f"<styleUrl>#area</styleUrl><ExtendedData>{rows}</ExtendedData>{shape}</Placemark>"
        "</Document></kml>\n"
    )
    return text.encode()


def kmz_of(mission: Mission) -> bytes:
    """The same, zipped as `doc.kml`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("doc.kml", _STAMP), kml_of(mission))
    return buffer.getvalue()


def file_name(mission: Mission, suffix: str) -> str:
    """What the download is called: `mission-0123456789abcdef-1.kml`."""
    return f"mission-{mission.mission_id}.{suffix}"


def _facts(mission: Mission) -> list[tuple[str, str]]:
    window = (mission.window_from, mission.window_to)
    told = [
        ("mission_id", mission.mission_id),
        ("gsd_cm", f"{mission.gsd_m * 100:g}"),
        ("height_m", f"{mission.height_m:g}"),
        ("airspace", words_of(mission.airspace).zh),
        ("application_number", mission.application_number or ""),
        ("window", " - ".join(local(at) for at in window if at is not None)),
        ("note", mission.note or ""),
    ]
    return [(key, value) for key, value in told if value]


def _words(mission: Mission) -> str:
    lines = [
        f"分辨率 {mission.gsd_m * 100:g} 厘米，高度约 {mission.height_m:g} 米，"
        f"{words_of(mission.airspace).zh}",
        mission.note or "",
    ]
    return "\n".join(line for line in lines if line)


def _polygon(polygon: Polygon) -> str:
    inner = "".join(
        f"<innerBoundaryIs>{_ring(ring)}</innerBoundaryIs>" for ring in polygon.interiors
    )
    outer = f"<outerBoundaryIs>{_ring(polygon.exterior)}</outerBoundaryIs>"
    return f"<Polygon><altitudeMode>clampToGround</altitudeMode>{outer}{inner}</Polygon>"


def _ring(ring: shapely.LinearRing) -> str:
    corners = shapely.get_coordinates(ring)
    pairs = " ".join(f"{lon:.{DECIMALS}f},{lat:.{DECIMALS}f},0" for lon, lat in corners)
    return f"<LinearRing><coordinates>{pairs}</coordinates></LinearRing>"


def _text(value: str) -> str:
    return escape(_NO_XML.sub("", value), {'"': "&quot;"})
