"""Check page: a flight's report as one HTML file that needs no network, with a map and reasons."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from importlib.resources import files
from statistics import median
from typing import Any

import jinja2
import numpy as np
from shapely import get_coordinates
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from tiles.drone.footprint import Ground

FAR_M = 20_000.0
"""What lies farther from the middle of the frames is left off the map."""
_MARGIN = 0.06
_LEAST_M = 20.0
_CHINA = timezone(timedelta(hours=8))
_ROUND_METRES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)


@dataclass(frozen=True, slots=True)
class Drawn:
    """One feature of the map, in metres east and south of its upper left corner."""

    what: str
    """frame, dot, filed, gap or orthophoto."""
    path: str
    """SVG path; of a dot its `cx` and `cy`, blank between."""
    name: str
    """Name of the photo, or empty."""
    severity: str
    """The worst finding, or good."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """The map of a flight."""

    width: float
    """Metres."""
    height: float
    """Metres."""
    drawn: tuple[Drawn, ...]
    """From below to above."""
    pins: tuple[tuple[float, float, int, str], ...]
    """Places of findings: x, y, number in the list, severity."""
    bar_m: int
    """Length of the scale bar."""
    left_off: int
    """Features too far away to be shown."""


def check_page(report: Mapping[str, Any], title: str) -> str:
    """One self-contained page in Chinese and English of a report with its map.

    `report` is what `leads/flights` keeps: `FlightReport.as_json` with `as_geojson` as `map`.
    """
    reasons = report["findings"]
    places = [
        (one["place"][0], one["place"][1], number, one["severity"])
        for number, one in enumerate(reasons, start=1)
        if one.get("place") is not None
    ]
    features = report["map"]["features"]
    return _template().render(
        title=title,
        report=report,
        findings=reasons,
        sketch=sketch_of(features, places),
        frames=[one["properties"] for one in features if one["properties"]["what"] == "frame"],
        flown=[_clock(report.get(name)) for name in ("flown_from", "flown_to")],
        checked=_clock(report.get("checked_at")),
        counts={kind: _count(reasons, kind) for kind in ("stop", "warn", "note")},
        orthophotos=report.get("orthophotos", []),
    )


def sketch_of(
    features: Sequence[Mapping[str, Any]], places: Iterable[tuple[float, float, int, str]] = ()
) -> Sketch | None:
    """The map of GeoJSON features and places (longitude, latitude, number, severity), or None."""
    shapes = [(shape(one["geometry"]), one["properties"]) for one in features]
    middles = [
        get_coordinates(one.centroid)[0]
        for one, said in shapes
        if said["what"] in ("frame", "orthophoto")
    ] or [get_coordinates(one.centroid)[0] for one, _ in shapes]
    if not middles:
        return None
    ground = Ground(*(float(median(at[axis] for at in middles)) for axis in (0, 1)))
    moved = [(ground.to_metres(one), said) for one, said in shapes]
    near = [(one, said) for one, said in moved if _is_near(one) and said["what"] != "place"]
    if not near:
        return None
    corners = np.concatenate([get_coordinates(one) for one, _ in near])
    low, high = corners.min(axis=0), corners.max(axis=0)
    span = np.maximum(high - low, _LEAST_M)
    low, high = low - _MARGIN * span.max(), low + span + _MARGIN * span.max()
    corner = (float(low[0]), float(high[1]))
    drawn = [_drawn(one, said, corner) for one, said in near]
    wide, tall = float(high[0] - low[0]), float(high[1] - low[1])
    pins = [(*ground.metres(lon, lat), number, kind) for lon, lat, number, kind in places]
    return Sketch(
        round(wide, 1),
        round(tall, 1),
        tuple(sorted(drawn, key=lambda one: _ORDER.index((one.what, one.severity)))),
        tuple(
            (round(x - corner[0], 1), round(corner[1] - y, 1), number, kind)
            for x, y, number, kind in pins
            if abs(x) < FAR_M and abs(y) < FAR_M
        ),
        max((m for m in _ROUND_METRES if m <= wide / 4), default=1),
        sum(said["what"] != "place" for _, said in moved) - len(near),
    )


_ORDER = [
    *(("orthophoto", "good"), ("filed", "good")),
    *((what, kind) for what in ("frame", "dot") for kind in ("good", "note", "warn", "stop")),
    *(("gap", kind) for kind in ("warn", "stop")),
]


def _is_near(one: BaseGeometry) -> bool:
    return bool(np.abs(get_coordinates(one)).max(initial=0) < FAR_M)


def _drawn(one: BaseGeometry, said: Mapping[str, Any], corner: tuple[float, float]) -> Drawn:
    name, severity = said.get("name") or "", said.get("severity", "good")
    if one.geom_type == "Point":
        x, y = get_coordinates(one)[0] - corner
        return Drawn("dot", f"{x:.1f} {-y:.1f}", name, severity)
    rings = [
        ring for part in getattr(one, "geoms", [one]) for ring in (part.exterior, *part.interiors)
    ]
    path = "".join(
        "M" + "L".join(f"{x:.1f} {-y:.1f}" for x, y in get_coordinates(ring) - corner) + "Z"
        for ring in rings
    )
    return Drawn(said["what"], path, name, severity)


def _clock(text: str | None) -> str | None:
    """An instant by the clocks of China."""
    if text is None:
        return None
    return datetime.fromisoformat(text).astimezone(_CHINA).strftime("%Y-%m-%d %H:%M")


def _count(reasons: Sequence[Mapping[str, Any]], severity: str) -> int:
    return sum(one["severity"] == severity for one in reasons)


@cache
def _template() -> jinja2.Template:
    folder = files("tiles.drone")
    texts = {
        name: folder.joinpath(name).read_text(encoding="utf-8")
        for name in ("check_page.html.j2", "check_page.css.j2", "check_page.js.j2")
    }
    whole = jinja2.Environment(
        loader=jinja2.DictLoader(texts), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return whole.get_template("check_page.html.j2")
