"""Made-up leads in bulk, seeded: enough like a city's to measure a store with. They are nowhere."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import shapely

from geo.area import geodesic_areas_m2
from geo.change_class import ChangeClass
from geo.crs import CGCS2000
from geo.zone import ZoneKind
from leads.domain.facts import Facts
from leads.domain.score import ScoreCard, score
from leads.domain.status import ClassBy, Origin, Priority, Status
from leads.store.lead_row import KIND_BITS, urgency
from leads.store.places import place_columns

SEED = 20261122
"""Of every random draw."""

FIRST_DAY = datetime(2025, 1, 1, tzinfo=UTC)
DAYS = 690
"""The leads are filed evenly over so many days."""


@dataclass(frozen=True, slots=True)
class MadeDistrict:
    """Where a district's leads are strewn."""

    code: str
    """GB/T 2260."""
    name: str
    """Chinese name."""
    share: float
    """Weight of its leads: outer districts have most of the open ground."""
    lon: float
    """Middle of the rectangle, degrees."""
    lat: float
    """Likewise."""
    half_lon: float
    """Half its width, degrees."""
    half_lat: float
    """Half its height, degrees."""


DISTRICTS = tuple(
    MadeDistrict(*row)
    for row in (
        ("310101", "黄浦区", 0.2, 121.48, 31.22, 0.02, 0.02),
        ("310104", "徐汇区", 0.5, 121.43, 31.17, 0.03, 0.04),
        ("310105", "长宁区", 0.3, 121.38, 31.21, 0.04, 0.02),
        ("310106", "静安区", 0.2, 121.45, 31.27, 0.02, 0.04),
        ("310107", "普陀区", 0.5, 121.39, 31.26, 0.04, 0.03),
        ("310109", "虹口区", 0.2, 121.49, 31.27, 0.02, 0.02),
        ("310110", "杨浦区", 0.4, 121.53, 31.29, 0.03, 0.03),
        ("310112", "闵行区", 6.0, 121.38, 31.08, 0.08, 0.10),
        ("310113", "宝山区", 6.0, 121.44, 31.41, 0.09, 0.07),
        ("310114", "嘉定区", 9.0, 121.25, 31.37, 0.10, 0.10),
        ("310115", "浦东新区", 22.0, 121.68, 31.12, 0.20, 0.20),
        ("310116", "金山区", 10.0, 121.22, 30.82, 0.14, 0.10),
        ("310117", "松江区", 11.0, 121.22, 31.02, 0.12, 0.09),
        ("310118", "青浦区", 11.0, 121.06, 31.12, 0.12, 0.10),
        ("310120", "奉贤区", 10.0, 121.57, 30.91, 0.14, 0.08),
        ("310151", "崇明区", 12.7, 121.55, 31.63, 0.30, 0.10),
    )
)

_STATUS_SHARES = {
    Status.CANDIDATE: 0.42,
    Status.DESK_REVIEW: 0.004,
    Status.DISCARDED: 0.38,
    Status.PENDING_DISPATCH: 0.01,
    Status.DISPATCHED: 0.02,
    Status.ACCEPTED: 0.03,
    Status.RETURNED: 0.006,
    Status.CLOSED: 0.13,
}
_PRIORITY_SHARES = {Priority.P1: 0.02, Priority.P2: 0.08, Priority.P3: 0.3, Priority.P4: 0.6}
_KIND_SHARES = {
    ZoneKind.ECO_REDLINE: 0.04,
    ZoneKind.PROTECTED_AREA: 0.005,
    ZoneKind.WATER_SOURCE_ZONE: 0.02,
    ZoneKind.PARCEL: 0.9,
    ZoneKind.LICENSED_YARD: 0.01,
}
_DISPATCHED = frozenset({Status.DISPATCHED, Status.ACCEPTED, Status.RETURNED, Status.CLOSED})


def made_sites(start: int, count: int) -> Iterator[dict[str, Any]]:
    """`count` rows of `sites` from number `start` on, one for each lead."""
    for number in range(start, start + count):
        yield {"site_id": f"site{number:012x}", "created_at": FIRST_DAY}


def made_rows(
    start: int, count: int, total: int, cards: Sequence[Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    """`count` rows of `leads` from number `start` on, out of `total`; each batch has its own seed.

    `cards` are score cards as their rows hold them, shared out in turn.
    """
    random = np.random.default_rng((SEED, start))
    where = _draw(random, {d: d.share for d in DISTRICTS}, count)
    status = _draw(random, _STATUS_SHARES, count)
    priority = _draw(random, _PRIORITY_SHARES, count)
    kinds = np.zeros(count, dtype=np.int64)
    for kind, share in _KIND_SHARES.items():
        kinds += np.where(random.random(count) < share, KIND_BITS[kind], 0)
    classes = random.integers(len(ChangeClass), size=count)
    score, marks = random.random(count), random.integers(0, 101, (2, count))
    outlines, areas = _outlines(random, where)
    unsure = np.round(random.random(count), 3)
    for i in range(count):
        number = start + i
        filed = FIRST_DAY + timedelta(days=DAYS * number / total)
        label = ChangeClass(int(classes[i])).label
        yield {
            **_identity(number, where[i], filed),
            **_standing(status[i], where[i], filed),
            **_marks(priority[i], int(marks[0, i]), int(marks[1, i])),
            "change_class": label,
            "machine_class": label,
            "zone_kinds": int(kinds[i]),
            "crossed_kinds": sum(KIND_BITS.values()),
            "score": float(score[i]),
            "uncertainty": None if number % 4 == 0 else float(unsure[i]),
            "area_m2": float(areas[i]),
            "date_before": filed.date() - timedelta(days=370),
            "date_after": filed.date() - timedelta(days=5),
            **place_columns(outlines[i]),
            "scorecard": cards[number % len(cards)],
        }


def _draw(random: np.random.Generator, shares: dict[Any, float], count: int) -> list[Any]:
    weights = np.array(list(shares.values()))
    values = list(shares)
    return [values[i] for i in random.choice(len(values), size=count, p=weights / weights.sum())]


def _outlines(random: np.random.Generator, where: list[MadeDistrict]) -> tuple[Any, Any]:
    """Irregular polygons of 8 corners, 10 to some 150 m across, and their areas in m2."""
    middle = np.array([[d.lon, d.lat] for d in where])
    half = np.array([[d.half_lon, d.half_lat] for d in where])
    centre = middle + random.uniform(-1, 1, (len(where), 2)) * half
    radius = np.exp(random.normal(np.log(2e-4), 0.6, (len(where), 1))) * random.uniform(
        0.6, 1.0, (len(where), 8)
    )
    angle = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    ring = centre[:, None] + np.stack([np.cos(angle), np.sin(angle)], -1) * radius[..., None]
    polygons: Any = shapely.polygons(np.concatenate([ring, ring[:, :1]], axis=1))
    return shapely.multipolygons(polygons[:, None]), geodesic_areas_m2(polygons, CGCS2000)


def made_cards() -> tuple[ScoreCard, ...]:
    """A few real score cards, for leads to share."""
    return tuple(
        score(Facts(0.5 + i / 40, kind, 400.0 * 3**i)) for i, kind in enumerate(ChangeClass)
    )


def _identity(number: int, district: MadeDistrict, filed: datetime) -> dict[str, Any]:
    return {
        "lead_id": f"{number:016x}",
        "site_id": f"site{number:012x}",
        "round": 1,
        "parent_lead_id": None,
        "run_id": None,
        "spot_code": f"{district.code}-{filed:%Y%m}-GF-{number:07d}",
        "district_code": district.code,
        "district_name": district.name,
        "recurrence_count": 0,
        "created_at": filed,
        "updated_at": filed,
    }


def _standing(status: Status, district: MadeDistrict, filed: datetime) -> dict[str, Any]:
    sent = status in _DISPATCHED
    return {
        "status": status,
        "version": 1,
        "holder": "bench-analyst" if status is Status.DESK_REVIEW else None,
        "unit": district.code if sent else None,
        "due_at": filed + timedelta(days=30) if sent else None,
        "discard_reason": "ploughing" if status is Status.DISCARDED else None,
        "return_reason": "no_access" if status is Status.RETURNED else None,
        "class_by": ClassBy.MACHINE,
        "origin": Origin.DETECTOR,
        "edition_ambiguous": [],
        "coregistration_m": 4.2,
    }


def _marks(priority: Priority, severity: int, likelihood: int) -> dict[str, Any]:
    return {
        "priority": priority,
        "severity": severity,
        "likelihood": likelihood,
        "completeness": 0.4,
        "urgency": urgency(priority, severity, likelihood),
    }
