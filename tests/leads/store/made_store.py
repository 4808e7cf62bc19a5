"""Runs, layers and people made up for tests of the store."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from shapely import MultiPolygon, box
from sqlalchemy import Engine

from geo.area import geodesic_area_m2
from geo.change_class import ChangeClass
from geo.crs import CGCS2000
from geo.zone import Edition, Zone, ZoneKind, ZoneLayer
from leads.domain.held import HeldLook
from leads.domain.lead import Lead
from leads.domain.roles import Actor, Role
from leads.domain.run_record import RunRecord
from leads.domain.run_summary import RunSummary
from leads.layers.record import layer_record
from leads.store.engine import writing
from leads.store.file_run import file_run
from leads.store.runs import RunRow
from tests.leads.documents.made_leads import make_record

NOW = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)
ANALYST = Actor("fenxi-1", Role.ANALYST)
OTHER_ANALYST = Actor("fenxi-2", Role.ANALYST)
DISPATCHER = Actor("diaodu-1", Role.DISPATCHER)
OFFICER = Actor("jiancha-pudong", Role.DISTRICT_OFFICER, "310115")
OTHER_OFFICER = Actor("jiancha-fengxian", Role.DISTRICT_OFFICER, "310120")
SUMMARY = RunSummary(100, 90, 1, 1, 2.5, 40.0)


@dataclass(frozen=True)
class MadeRun:
    """What filing takes of a run."""

    leads: tuple[Lead, ...]
    record: RunRecord
    summary: RunSummary
    layers: tuple[ZoneLayer, ...]
    held: tuple[Lead, ...] = ()
    looks: tuple[HeldLook, ...] = ()


def square(lon: float, lat: float, edge_deg: float = 0.001) -> MultiPolygon:
    return MultiPolygon([box(lon, lat, lon + edge_deg, lat + edge_deg)])


def sighted(outline: MultiPolygon, **changed: Any) -> Lead:  # noqa: ANN401
    """A lead as a run presents it; its id and run are set by `made_run`."""
    lead = Lead(
        lead_id="", run_id="", geometry=outline, score=0.8, change_class=ChangeClass.WASTE_HEAP,
        uncertainty=0.1, area_m2=geodesic_area_m2(outline, CGCS2000),
        date_before=date(2026, 3, 2), date_after=date(2026, 9, 18), coregistration_m=4.2,
        district_code="310115", district_name="浦东新区", overlaps=(),
        edition_ambiguous=frozenset(),
    )  # fmt: skip
    return replace(lead, **changed)


def made_run(number: int, sightings: Iterable[Lead], layers: tuple[ZoneLayer, ...] = ()) -> MadeRun:
    """Run `number`, thirty days after the one before."""
    days = timedelta(days=30 * number)
    base = make_record(layers=tuple(layer_record(layer) for layer in layers))
    after = replace(base.after, date=base.after.date + days, sha256=f"{number:064d}")
    record = replace(base, after=after)
    leads = tuple(
        replace(
            lead,
            lead_id=f"{record.run_id[:12]}{index:04x}",
            run_id=record.run_id,
            date_after=after.date,
        )
        for index, lead in enumerate(sightings)
    )
    return MadeRun(leads, record, SUMMARY, layers)


def file(store: Engine, run: MadeRun, now: datetime = NOW) -> RunRow:
    with writing(store) as connection:
        return file_run(connection, run, "piliang-1", now)


def red_line(name: str = "2023", *zones: Zone) -> ZoneLayer:
    default = (Zone("r1", "样例红线一", square(121.60, 31.10, 0.01), level="I"),)
    return ZoneLayer.of(
        ZoneKind.ECO_REDLINE, Edition(name, date(2018, 6, 1)), list(zones or default)
    )


def districts() -> ZoneLayer:
    pudong = Zone("d1", "浦东新区", square(121.5, 31.0, 0.3), code="310115")
    return ZoneLayer.of(ZoneKind.DISTRICT, Edition("2020"), [pudong])
