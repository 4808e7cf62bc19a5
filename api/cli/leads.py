"""`hongxian leads`: lists, one lead, and files of them."""

from pathlib import Path
from typing import Any

import click

from api.cli.options import json_option, print_json
from api.cli.store import SYSTEM, echo_table, filter_of, lead_filters, now, open_store
from api.lead_answers import detail_of, summary_of
from leads.documents.export import check_out, write_leads
from leads.documents.written_record import stored_record
from leads.store.engine import reading, write
from leads.store.export import read_whole_leads
from leads.store.lead_filter import MAX_PAGE, LeadOrder
from leads.store.lead_list import list_leads
from leads.store.leads import read_lead
from leads.store.runs import run

ORDERS = [order.value for order in LeadOrder if order is not LeadOrder.NEAREST]


@click.group()
def leads() -> None:
    """List, show and export leads of the store."""


@leads.command("list")
@lead_filters
@click.option(
    "--order",
    type=click.Choice(ORDERS),
    default="priority",
    show_default=True,
    help="First what; uncertain: what the detector is least sure of.",
)
@click.option("--limit", type=click.IntRange(1, MAX_PAGE), default=50, show_default=True)
@json_option
def list_them(order: str, limit: int, as_json: bool, **filters: Any) -> None:  # noqa: ANN401, FBT001
    """Leads, the most urgent first unless another order is asked for."""
    with open_store() as store, reading(store) as connection:
        page = list_leads(connection, SYSTEM, filter_of(**filters), LeadOrder(order), limit)
    found = [summary_of(row) for row in page.leads]
    if as_json:
        print_json({"leads": [one.model_dump(mode="json") for one in found]})
        return
    echo_table(
        [
            (
                x.lead_id,
                x.priority,
                x.status,
                x.change_class,
                f"{x.area_m2:.0f} m2",
                x.spot_code,
                _share(x.uncertainty),
            )
            for x in found
        ]
    )
    if page.next_cursor is not None:
        click.echo(f"more than {limit}: narrow the filters, or raise --limit", err=True)


@leads.command()
@click.argument("lead_id", metavar="LEAD")
@json_option
def show(lead_id: str, as_json: bool) -> None:  # noqa: FBT001 (click's way)
    """One lead with its zones, score and history; the reading is logged."""
    with open_store() as store:
        found = write(store, lambda c: read_lead(c, SYSTEM, lead_id, "command line", now()))
        run_id = found.row.run_id
        with reading(store) as connection:
            made_by = None if run_id is None else run(connection, run_id)
    told = detail_of(found, made_by, SYSTEM)
    if as_json:
        print_json(told.model_dump(mode="json"))
        return
    echo_table(
        [
            ("lead", f"{told.lead_id}  {told.spot_code}"),
            ("status", f"{told.status}  {told.priority}"),
            ("class", f"{told.change_class} ({told.class_by})"),
            ("area", f"{told.area_m2:.0f} m2"),
            ("dates", f"{told.date_before} .. {told.date_after}"),
            ("place", f"{told.lon:.6f}, {told.lat:.6f}  {told.district_name or '-'}"),
            ("score", f"L {told.likelihood:g}  S {told.severity:g}"),
            ("machine", told.machine_class),
            ("uncertainty", _share(told.uncertainty)),
        ]
    )
    echo_table([("WARNING", f.kind, f"run {f.run_id}", f.reason) for f in told.flags])
    echo_table([(o.kind, o.edition, f"{o.share:.0%}", o.name) for o in told.overlaps])
    echo_table([(e.at.isoformat(), e.action, e.account_id) for e in told.events])


@leads.command()
@lead_filters
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help=".gpkg, .geojson or .parquet.",
)
@json_option
def export(out: Path, as_json: bool, **filters: Any) -> None:  # noqa: ANN401, FBT001
    """Write leads to a file; the reading is logged."""
    check_out(out)
    with open_store() as store:
        found = write(store, lambda c: read_whole_leads(c, SYSTEM, filter_of(**filters), now()))
    last_day = max(lead.date_after for lead in found.leads)
    write_leads(out, found.leads, stored_record(found.records, last_day))
    report = {"leads": len(found.leads), "runs": sorted(found.records), "out": str(out)}
    print_json(report) if as_json else click.echo(f"{report['leads']} leads  {out}")


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"
