"""`hongxian detect`: a pair of scenes becomes a file of leads."""

from pathlib import Path
from typing import Any

import click

from api.cli.options import json_option, print_json, with_progress
from api.cli.pair_options import comparing
from leads.documents.export import check_out, write_leads
from leads.documents.sheet import check_sheet, write_sheet
from leads.run.chips import read_chips
from leads.run.detect import detect as detect_leads
from leads.run.detection import Detection
from leads.run.request import Request
from leads.run.runner import Runner, pool


@click.command()
@click.argument("before")
@click.argument("after")
@comparing
@click.option("--out", type=click.Path(path_type=Path), help=".gpkg, .geojson or .parquet.")
@click.option("--sheet", type=click.Path(path_type=Path), help="HTML sheet with pictures.")
@json_option
def detect(
    before: str,
    after: str,
    out: Path | None,
    sheet: Path | None,
    as_json: bool,  # noqa: FBT001 (click hands flags over as booleans)
    **how: Any,  # noqa: ANN401 (the options of `comparing`)
) -> None:
    """Find what changed between BEFORE and AFTER, and where it matters.

    BEFORE and AFTER are a file, a folder of band files, or a STAC item. Dates come from the
    options, else from tags, else from names.
    """
    if out:
        check_out(out)
    if sheet:
        check_sheet(sheet)
    request = Request(before, after, **how)
    with pool() as runner:
        found = detect_leads(request, runner, with_progress)
        write(found, runner, out, sheet)
    for note in found.summary.notes:
        click.echo(f"note: {note}", err=True)
    report = as_report(request, found, out)
    print_json(report) if as_json else click.echo(as_text(report, sheet))


def write(found: Detection, runner: Runner, out: Path | None, sheet: Path | None) -> None:
    """Write the leads and the sheet where they were asked for."""
    if out:
        write_leads(out, found.leads, found.record, found.held)
    if sheet:
        chips = read_chips(found, runner)
        write_sheet(sheet, found.leads, chips, found.record, found.summary, found.layers)


def as_report(request: Request, found: Detection, out: Path | None) -> dict[str, Any]:
    """The report of `--json`; its keys are relied on outside."""
    summary, record = found.summary, found.record
    return {
        "detector": record.plan.detector,
        "weights_sha256": record.plan.weights_sha256,
        "before": request.before,
        "after": request.after,
        "pixels": summary.pixels,
        "valid_pixels": summary.valid_pixels,
        "seconds": round(summary.seconds, 3),
        "megapixels_per_second": round(summary.megapixels_per_second, 3),
        "coregistration_px": record.fit.coregistration_px,
        "candidates": summary.candidates,
        "leads": summary.leads,
        "held": len(found.held),
        "out": str(out) if out else None,
        "run_id": record.run_id,
    }


def as_text(report: dict[str, Any], sheet: Path | None) -> str:
    """The report for people."""
    observed = report["valid_pixels"] / report["pixels"]
    error = report["coregistration_px"]
    lines = [
        f"{report['leads']} leads from {report['pixels'] / 1e6:.1f} Mpx "
        f"({observed:.0%} seen on both dates), {report['seconds']:.1f} s, "
        f"{report['megapixels_per_second']:.1f} Mpx/s",
        f"detector {report['detector']}, co-registration "
        + ("not measurable" if error is None else f"{error:.2f} px")
        + f", run {report['run_id']}",
    ]
    lines += [f"leads  {report['out']}"] if report["out"] else []
    lines += [f"sheet  {sheet}"] if sheet else []
    return "\n".join(lines)
