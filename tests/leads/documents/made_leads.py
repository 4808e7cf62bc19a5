"""Leads, overlaps and a run record made up for tests: by hand, and drawn by hypothesis."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from affine import Affine
from hypothesis import strategies as st
from shapely import MultiPolygon, box
from shapely.geometry import Polygon

from geo.area import geodesic_area_m2
from geo.change_class import ChangeClass
from geo.crs import CGCS2000, SHANGHAI_PLANE
from geo.geobox import GeoBox
from geo.overlap import Overlap
from geo.zone import ZoneKind
from leads.domain.lead import Lead
from leads.domain.plan import Plan
from leads.domain.run_record import RunRecord
from tiles.scene import BandFile, Scene
from tiles.scene_fit import BandGain, SceneFit

BEFORE, AFTER = date(2026, 3, 2), date(2026, 9, 18)

LAYERS: tuple[Mapping[str, Any], ...] = (
    {"kind": "eco_redline", "edition": "2018", "valid_from": "2018-06-01",
     "valid_to": "2026-05-31", "count": 3, "sha256": "a" * 64},
    {"kind": "eco_redline", "edition": "2023", "valid_from": "2026-06-01", "valid_to": None,
     "count": 4, "sha256": "b" * 64},
    {"kind": "water_source_zone", "edition": "2020", "valid_from": None, "valid_to": None,
     "count": 2, "sha256": "c" * 64},
)  # fmt: skip


def make_overlap(kind: ZoneKind, edition: str, share: float, **changed: Any) -> Overlap:  # noqa: ANN401
    """An overlap of `share` of a lead of one hectare."""
    low, high = max(0.0, share - 0.1), min(1.0, share + 0.1)
    whole = Overlap(
        kind=kind, edition=edition, zone_id=f"{kind}-1", name=f"样例{kind.value}", code="",
        level="", land_use_scheme="", land_use_code="", area_m2=share * 1e4,
        area_min_m2=low * 1e4, area_max_m2=high * 1e4, share=share, share_min=low,
        share_max=high, boundary_within_error=0.0 < share < 1.0,
    )  # fmt: skip
    return replace(whole, **changed)


def make_lead(number: int = 1, **changed: Any) -> Lead:  # noqa: ANN401
    """A lead of about a hectare near Shanghai, moved east with its number."""
    x, y = 121.4 + number * 0.01, 31.1 + number * 0.003
    ring = [(x, y), (x + 0.0011, y), (x + 0.0011, y + 0.0008), (x, y + 0.0008)]
    hole = [(x + 0.0002 + dx, y + 0.0002 + dy) for dx, dy in ((0, 0), (0, 1e-4), (1e-4, 0))]
    outline = MultiPolygon([Polygon(ring, [hole]), box(x + 0.0013, y, x + 0.0015, y + 0.0002)])
    lead = Lead(
        lead_id=f"{number:016x}", run_id="0" * 16, geometry=outline, score=0.91,
        change_class=ChangeClass.WASTE_HEAP, uncertainty=None,
        area_m2=geodesic_area_m2(outline, CGCS2000), date_before=BEFORE, date_after=AFTER,
        coregistration_m=4.2, district_code="310115", district_name="浦东新区",
        overlaps=(make_overlap(ZoneKind.ECO_REDLINE, "2023", 0.4),),
        edition_ambiguous=frozenset(),
    )  # fmt: skip
    return replace(lead, **changed)


def make_record(**changed: Any) -> RunRecord:  # noqa: ANN401
    """The record of a run over a 10 m grid of 1200 x 3100 pixels in EPSG:4549."""
    grid = GeoBox(SHANGHAI_PLANE, Affine(10, 0, 633000, 0, -10, 3454000), 1200, 3100)
    bands = tuple(BandFile(n, f"/x/{n}.tif", 1, grid) for n in ("blue", "green", "red", "nir"))
    names = tuple(band.name for band in bands)
    record = RunRecord(
        before=Scene("before", BEFORE, bands, None, "1" * 64),
        after=Scene("after", AFTER, bands, None, "2" * 64),
        fit=SceneFit(0.4, -1.1, 0.42, 31, 36, tuple(BandGain(n, 1.02, -3.0) for n in names)),
        plan=Plan(grid, names, "irmad", None, 1024, 32, 32, 0.5, 5000.0, 50),
        coefficients={"iterations": 12},
        layers=LAYERS,
        code_version="0.1.0",
    )
    return replace(record, **changed)


texts = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=("Cs", "Cc")),
    max_size=8,
) | st.sampled_from(["青草沙水源地", "<script>alert(1)</script>", "a,b;\"c'", ""])
shares = st.floats(0, 1, allow_subnormal=False)


@st.composite
def drawn_overlaps(draw: st.DrawFn) -> Overlap:
    """Any overlap."""
    return make_overlap(
        draw(st.sampled_from(ZoneKind)),
        draw(st.sampled_from(["2018", "2023"])),
        draw(shares),
        name=draw(texts),
        zone_id=draw(texts),
        level=draw(st.sampled_from(["", "core_zone", "II"])),
    )


@st.composite
def drawn_leads(draw: st.DrawFn) -> Lead:
    """Any lead."""
    number = draw(st.integers(0, 30))
    district = draw(st.none() | texts)
    return make_lead(
        number,
        lead_id=f"{draw(st.integers(0, 2**64 - 1)):016x}",
        score=draw(shares),
        change_class=draw(st.sampled_from(ChangeClass)),
        uncertainty=draw(st.none() | shares),
        coregistration_m=draw(st.none() | st.floats(0, 30)),
        district_code=None if district is None else "310115",
        district_name=district,
        overlaps=tuple(draw(st.lists(drawn_overlaps(), max_size=4))),
        edition_ambiguous=frozenset(draw(st.lists(st.sampled_from(ZoneKind), max_size=2))),
    )
