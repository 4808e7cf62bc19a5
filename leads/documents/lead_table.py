"""The flat table of leads: one row a lead, one set of columns per kind of zone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow as pa

from geo.crossing import is_undecided
from geo.crs import CGCS2000
from geo.overlap import Overlap
from geo.overlap_range import ROUNDING_SHARE
from geo.zone import ZoneKind
from leads.documents.wording import CROSSED_KINDS
from leads.domain.classes import class_row
from leads.domain.lead import Lead

_TEXT = pd.ArrowDtype(pa.string())
_DAY = pd.ArrowDtype(pa.date32())

_LEAD_COLUMNS: dict[str, Any] = {
    "lead_id": _TEXT,
    "run_id": _TEXT,
    "score": "float64",
    "change_class": _TEXT,
    "change_class_zh": _TEXT,
    "area_m2": "float64",
    "area_mu": "float64",
    "date_before": _DAY,
    "date_after": _DAY,
    "coregistration_m": "float64",
    "district_code": _TEXT,
    "district_name": _TEXT,
    "uncertainty": "float64",
    "edition_ambiguous": _TEXT,
    "editions": _TEXT,
    "shore": _TEXT,
    "tide_exposure_m": "float64",
}

_KIND_COLUMNS: dict[str, Any] = {
    "m2": "float64",
    "share": "float64",
    "share_min": "float64",
    "share_max": "float64",
    "boundary_within_error": "boolean",
    "names": _TEXT,
    "edition": _TEXT,
}

COLUMNS: dict[str, Any] = _LEAD_COLUMNS | {
    f"{kind}_{name}": dtype for kind in CROSSED_KINDS for name, dtype in _KIND_COLUMNS.items()
}
"""Names and pandas types of the table's columns, in order, without the geometry."""

OVERLAP_COLUMNS: dict[str, Any] = {
    "lead_id": _TEXT,
    "kind": _TEXT,
    "edition": _TEXT,
    "zone_id": _TEXT,
    "name": _TEXT,
    "code": _TEXT,
    "level": _TEXT,
    "land_use_scheme": _TEXT,
    "land_use_code": _TEXT,
    "area_m2": "float64",
    "area_min_m2": "float64",
    "area_max_m2": "float64",
    "share": "float64",
    "share_min": "float64",
    "share_max": "float64",
    "boundary_within_error": "boolean",
}
"""Names and pandas types of the overlap table's columns, in order."""

Layers = Sequence[Mapping[str, Any]]
"""As RunRecord.layers: at least `kind` and `edition`, with `valid_from` and `valid_to` if known."""


@dataclass(frozen=True, slots=True)
class KindSummary:
    """What all zones of one kind say of a lead, by the latest edition in force."""

    edition: str
    """The edition it is taken from."""
    m2: float
    """Summed overlap in m2, at most the lead's area."""
    share: float
    """`m2` as a share of the lead's area, 0 to 1."""
    share_min: float
    """Share on them for any shift: summed least overlaps, or, where zones are seen to lie on each
    other, the largest of them."""
    share_max: float
    """Share that no shift exceeds: summed greatest overlaps, at most 1."""
    boundary_within_error: bool
    """Whether these bounds leave open if the lead is in or out of the kind's zones."""
    names: str
    """Names of the zones that are or may be touched, joined with `、`."""


def lead_table(leads: Sequence[Lead], layers: Layers = ()) -> gpd.GeoDataFrame:
    """The leads as a table: COLUMNS and `geometry` (MultiPolygon, EPSG:4490), in the given order.

    `layers` are those the run crossed with. Columns of a kind among them are 0 where a lead lies on
    none of its zones; columns of a kind that was not looked at are null.
    """
    rows = [_row(lead, layers) for lead in leads]
    data = {
        name: pd.array([row.get(name) for row in rows], dtype=dtype)
        for name, dtype in COLUMNS.items()
    }
    outlines = gpd.GeoSeries([lead.geometry for lead in leads], crs=CGCS2000)
    return gpd.GeoDataFrame(pd.DataFrame(data), geometry=outlines, crs=CGCS2000)


def overlap_rows(lead: Lead) -> list[dict[str, Any]]:
    """The lead's overlaps as mappings of OVERLAP_COLUMNS to plain values."""
    return [
        {"lead_id": lead.lead_id, **asdict(overlap), "kind": str(overlap.kind)}
        for overlap in lead.overlaps
    ]


def overlap_table(leads: Sequence[Lead]) -> pd.DataFrame:
    """One row per lead and zone, every edition: OVERLAP_COLUMNS."""
    rows = [row for lead in leads for row in overlap_rows(lead)]
    return pd.DataFrame(
        {
            name: pd.array([row[name] for row in rows], dtype=dtype)
            for name, dtype in OVERLAP_COLUMNS.items()
        }
    )


def overlap_json(lead: Lead) -> str:
    """The lead's overlaps as a JSON list, for formats without a second table."""
    return json.dumps(overlap_rows(lead), ensure_ascii=False)


def latest_edition(kind: ZoneKind, lead: Lead, layers: Layers) -> str | None:
    """The edition of `kind` in force on the lead's later day, the newest where several are.

    Falls back on the newest of all when none was in force that day; editions without dates are
    ordered by name. None when the run had no layer of that kind.
    """
    known = {
        str(layer["edition"]): (_day(layer, "valid_from", ""), _day(layer, "valid_to", "9999"))
        for layer in layers
        if layer["kind"] == kind
    }
    for overlap in lead.overlaps_of(kind):
        known.setdefault(overlap.edition, ("", "9999"))
    day = lead.date_after.isoformat()
    in_force = [name for name, (start, end) in known.items() if start <= day <= end]
    return max(in_force or known, key=lambda name: (known[name][0], name), default=None)


def kind_summary(kind: ZoneKind, lead: Lead, layers: Layers) -> KindSummary | None:
    """What the zones of one kind say of a lead; None when the run had no layer of that kind.

    The bounds are those of the single zones put together, for their outlines are not at hand. Where
    two zones adjoin, the line between them counts as a boundary: the bounds are wider than those of
    both zones joined, and the flag may be set though the lead is certainly on one or the other.
    Zones that lie on each other are noticed where their overlaps add up to more than the lead; the
    least shares are then not added. Less ground under two zones is counted twice.
    """
    edition = latest_edition(kind, lead, layers)
    if edition is None:
        return None
    zones = [overlap for overlap in lead.overlaps_of(kind) if overlap.edition == edition]
    share = sum(zone.share for zone in zones)
    least = [zone.share_min for zone in zones]
    disjoint = share <= 1 + ROUNDING_SHARE
    share_min = min(1.0, sum(least)) if disjoint else max(least)
    share_max = min(1.0, sum(zone.share_max for zone in zones))
    # a narrow zone may be certain without a least share
    meets_surely = any(
        zone.share > ROUNDING_SHARE and not zone.boundary_within_error for zone in zones
    )
    return KindSummary(
        edition=edition,
        m2=min(lead.area_m2, sum(zone.area_m2 for zone in zones)),
        share=min(1.0, share),
        share_min=share_min,
        share_max=share_max,
        boundary_within_error=is_undecided(share_min, share_max, meets_surely),
        names="、".join(dict.fromkeys(zone_name(zone) for zone in zones)),
    )


def zone_name(zone: Overlap) -> str:
    """The zone's name, or its code or id where it has none."""
    return zone.name or zone.code or zone.zone_id


def edition_names(lead: Lead, layers: Layers) -> tuple[str, ...]:
    """Every edition the lead was crossed with, as `kind@edition`, sorted."""
    crossed = {f"{layer['kind']}@{layer['edition']}" for layer in layers}
    found = {f"{overlap.kind}@{overlap.edition}" for overlap in lead.overlaps}
    return tuple(sorted(crossed | found))


def _day(layer: Mapping[str, Any], key: str, missing: str) -> str:
    value = layer.get(key)
    return value.isoformat() if isinstance(value, date) else str(value or missing)


def _row(lead: Lead, layers: Layers) -> dict[str, Any]:
    row = {name: getattr(lead, name) for name in _LEAD_COLUMNS if hasattr(lead, name)}
    row["change_class"] = lead.change_class.label
    row["change_class_zh"] = class_row(lead.change_class).zh
    row["edition_ambiguous"] = ",".join(sorted(lead.edition_ambiguous))
    row["editions"] = ",".join(edition_names(lead, layers))
    row["shore"] = None if lead.shore is None else lead.shore.shore.place.value
    for kind in CROSSED_KINDS:
        summary = kind_summary(kind, lead, layers)
        if summary is not None:
            row |= {f"{kind}_{name}": value for name, value in asdict(summary).items()}
    return row
