"""A sketch map of leads over the layers they were crossed with, as inline SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.crs import CGCS2000, reproject_geometry
from geo.geobox import GeoBox
from geo.zone import ZoneKind, ZoneLayer
from leads.documents.formats import length_text, nice_below, svg_path
from leads.documents.map_frame import WIDTH, MapFrame, frame_around
from leads.documents.number_places import number_places
from leads.documents.wording import KIND_WORDS, Words
from leads.domain.classes import class_row
from leads.domain.lead import Lead
from tiles.common_grid import footprint

_MOST_ZONES = 1500  # of one layer; more would be a grey field and a heavy page
_NUMBER_SIZE = 25.0
_LEAST_NAMED = 10_000.0  # square units a district must cover to carry its name
_LEFT, _BOTTOM = 44.0, 46.0  # room for the degrees
_DRAWN_FIRST = (
    ZoneKind.DISTRICT,
    ZoneKind.PARCEL,
    ZoneKind.LICENSED_YARD,
    ZoneKind.WATER_SOURCE_ZONE,
    ZoneKind.PROTECTED_AREA,
    ZoneKind.ECO_REDLINE,
)


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """One layer in the legend."""

    style: str
    """CSS classes of its outline."""
    words: Words
    """Name of the kind with its edition."""


@dataclass(frozen=True, slots=True)
class MapSketch:
    """The sketch and what its lines mean."""

    svg: str
    """Inline SVG without a fixed size, every text in it escaped; styled by the sheet's CSS."""
    legend: tuple[LegendEntry, ...]
    """The layers drawn, in drawing order."""


def map_sketch(
    leads: Sequence[Lead], layers: Sequence[ZoneLayer], grid: GeoBox, numbered: int
) -> MapSketch:
    """Sketch `grid`'s ground with all leads; the first `numbered` carry their number from 1 on.

    Of several editions of a kind the newest is drawn full, the others dashed.
    """
    ground = reproject_geometry(footprint(grid), grid.crs, CGCS2000)
    shown = shapely.total_bounds([ground, *(lead.geometry for lead in leads)])
    west, south, east, north = (float(value) for value in shown)
    frame = frame_around((west, south, east, north))
    view = f"{-_LEFT:g} -8 {WIDTH + _LEFT + 8:g} {frame.height + _BOTTOM + 8:.0f}"
    svg = Element("svg", {"class": "map", "viewBox": view, "role": "img"})
    SubElement(svg, "title").text = "图斑位置示意图 Sketch of the leads"
    _rect(svg, "paper", frame.height)
    window = SubElement(svg, "svg", {"width": f"{WIDTH:g}", "height": f"{frame.height:.1f}"})
    legend = [_add_layer(window, frame, layer, style) for layer, style in _in_order(layers)]
    _path(window, "ground", frame.draw(ground))
    _add_district_names(window, frame, layers)
    _add_leads(window, frame, leads, numbered)
    _add_ticks(svg, frame)
    _add_north_and_scale(svg, frame)
    drawn = tuple(entry for entry in legend if entry is not None)
    return MapSketch(tostring(svg, encoding="unicode"), drawn)


def _in_order(layers: Sequence[ZoneLayer]) -> list[tuple[ZoneLayer, str]]:
    """Layers from back to front with their CSS classes; older editions of a kind are `old`."""
    ordered = []
    for kind in _DRAWN_FIRST:
        of_kind = sorted(
            (layer for layer in layers if layer.kind is kind),
            key=lambda layer: (str(layer.edition.valid_from or ""), layer.edition.name),
        )
        ordered += [(layer, f"zone {kind} old") for layer in of_kind[:-1]]
        ordered += [(layer, f"zone {kind}") for layer in of_kind[-1:]]
    return ordered


def _add_layer(svg: Element, frame: MapFrame, layer: ZoneLayer, style: str) -> LegendEntry | None:
    shown = layer.zones.cx[frame.west : frame.east, frame.south : frame.north]
    kind, edition = KIND_WORDS[layer.kind], layer.edition.name
    words = Words(f"{kind.zh} {edition}", kind.en)
    if not len(shown):
        return None
    if len(shown) > _MOST_ZONES:
        return LegendEntry("none", Words(f"{words.zh}（{len(shown)} 个，未绘出）", "not drawn"))
    group = SubElement(svg, "g", {"class": style})
    for name, outline in zip(shown["name"], shown.geometry, strict=True):
        drawn = frame.draw(outline)
        if drawn.is_empty:
            continue
        path = _path(group, "", drawn)
        SubElement(path, "title").text = f"{words.zh} {name}"
    return LegendEntry(style, words)


def _add_district_names(svg: Element, frame: MapFrame, layers: Sequence[ZoneLayer]) -> None:
    for layer in layers:
        if layer.kind is not ZoneKind.DISTRICT:
            continue
        for name, outline in zip(layer.zones["name"], layer.zones.geometry, strict=True):
            drawn = frame.draw(outline)
            if drawn.area > _LEAST_NAMED:
                centre = shapely.maximum_inscribed_circle(drawn, tolerance=2.0).coords[0]
                _text(svg, "place", (centre[0], centre[1]), str(name))


def _add_leads(svg: Element, frame: MapFrame, leads: Sequence[Lead], numbered: int) -> None:
    group = SubElement(svg, "g", {"class": "leads"})
    middles = []
    for lead in leads:
        drawn = frame.draw(lead.geometry, tolerance=0.2)
        middle = _middle(shapely.transform(lead.geometry, frame.place))
        middles.append(middle)
        colour = {"fill": class_row(lead.change_class).colour}
        _path(group, "lead", drawn).attrib.update(colour)
        dot = {"class": "dot", "cx": f"{middle[0]:.1f}", "cy": f"{middle[1]:.1f}", "r": "3.5"}
        SubElement(group, "circle", dot | colour)
    places = number_places(middles[:numbered], WIDTH, frame.height, _NUMBER_SIZE)
    for place in places:
        (x, y), (x0, y0) = place.at, place.of
        ends = {"x1": f"{x0:.1f}", "y1": f"{y0:.1f}", "x2": f"{x:.1f}", "y2": f"{y:.1f}"}
        SubElement(group, "line", {"class": "leader"} | ends)
    for place in places:
        link = SubElement(group, "a", {"href": f"#lead-{place.text}"})
        (x, y), half = place.at, _NUMBER_SIZE / 2 - 1.5
        box = {"x": f"{x - half:.1f}", "y": f"{y - half:.1f}"}
        size = {"width": f"{2 * half:g}", "height": f"{2 * half:g}", "rx": "4"}
        SubElement(link, "rect", {"class": "tag"} | box | size)
        _text(link, "number", (x, y), place.text)


def _add_ticks(svg: Element, frame: MapFrame) -> None:
    lons, lats, decimals = frame.ticks()
    height = frame.height
    for lon in lons:
        x = float(frame.place(np.array([[lon, frame.south]]))[0, 0])
        _line(svg, "tick", (x, height, x, height + 6))
        side = "E" if lon >= 0 else "W"
        _text(svg, "degree", (x, height + 24), f"{abs(lon):.{decimals}f}°{side}")
    for lat in lats:
        y = float(frame.place(np.array([[frame.west, lat]]))[0, 1])
        _line(svg, "tick", (-6.0, y, 0.0, y))
        side = "N" if lat >= 0 else "S"
        label = _text(svg, "degree", (-22, y), f"{abs(lat):.{decimals}f}°{side}")
        label.set("transform", f"rotate(-90 -22 {y:.1f})")
    _rect(svg, "frame", height)


def _add_north_and_scale(svg: Element, frame: MapFrame) -> None:
    x, y = WIDTH - 34, 26.0
    SubElement(svg, "path", {"class": "north", "d": f"M{x} {y - 12}l10 30l-10 -7l-10 7Z"})
    _text(svg, "north-letter", (x, y + 34), "N")
    length_m = nice_below(frame.metres_per_unit * WIDTH / 4)
    length = length_m / frame.metres_per_unit
    base = frame.height - 18
    back = {"x": "12", "y": f"{base - 34:.1f}", "width": f"{length + 24:.1f}", "height": "46"}
    SubElement(svg, "rect", {"class": "plate", "rx": "3"} | back)
    bar = f"M24 {base - 7:.1f}v7h{length:.1f}v-7"
    SubElement(svg, "path", {"class": "scale", "d": bar})
    _text(svg, "scale-text", (24 + length / 2, base - 17), length_text(length_m))


def _middle(geometry: BaseGeometry) -> tuple[float, float]:
    point = geometry.representative_point()
    return float(point.x), float(point.y)


def _path(parent: Element, style: str, drawn: BaseGeometry) -> Element:
    path = SubElement(parent, "path", {"fill-rule": "evenodd", "d": svg_path(drawn)})
    if style:
        path.set("class", style)
    return path


def _rect(svg: Element, style: str, height: float) -> None:
    size = {"x": "0", "y": "0", "width": f"{WIDTH:g}", "height": f"{height:.1f}"}
    SubElement(svg, "rect", {"class": style} | size)


def _line(svg: Element, style: str, ends: tuple[float, float, float, float]) -> None:
    names = ("x1", "y1", "x2", "y2")
    numbers = {name: f"{value:.1f}" for name, value in zip(names, ends, strict=True)}
    SubElement(svg, "line", {"class": style} | numbers)


def _text(parent: Element, style: str, at: tuple[float, float], words: str) -> Element:
    text = SubElement(parent, "text", {"class": style, "x": f"{at[0]:.1f}", "y": f"{at[1]:.1f}"})
    text.text = words
    return text
