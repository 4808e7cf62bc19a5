"""`hongxian labels`: what analysts decided, as pairs to train on."""

from pathlib import Path

import click
from sqlalchemy import Connection

from api.cli.options import json_option, print_json
from api.cli.run_lines import say
from api.cli.store import SYSTEM, now, open_store
from leads.run.labels import JudgedRun, Verdict, export_labels
from leads.run.pictures import SceneSource
from leads.run.runner import pool
from leads.store.engine import write
from leads.store.judged import judged_leads
from leads.store.runs import run
from leads.store.scenes import scene


@click.group()
def labels() -> None:
    """Turn verdicts into training pairs."""


@labels.command()
@click.argument("folder", type=click.Path(path_type=Path))
@json_option
def export(folder: Path, as_json: bool) -> None:  # noqa: FBT001 (click's way)
    """Write FOLDER/{A,B,label,classes}: submitted leads as change, discarded ones as none."""
    with open_store() as store:
        judged = write(store, _judged_runs)
    with pool(1) as runner:
        rows = export_labels(folder, judged, runner, say)
    change = sum(row["label"] for row in rows)
    report = {"pairs": len(rows), "change": change, "no_change": len(rows) - change}
    if as_json:
        print_json({**report, "out": str(folder)})
    else:
        click.echo(f"{len(rows)} pairs: {change} of change, {len(rows) - change} of none  {folder}")


def _judged_runs(connection: Connection) -> list[JudgedRun]:
    runs = []
    for run_id, found in judged_leads(connection, SYSTEM, now()).items():
        made_by = run(connection, run_id)
        before, after = (
            SceneSource(row.source, row.date, row.scene_id)
            for row in (
                scene(connection, made_by.before_scene_id),
                scene(connection, made_by.after_scene_id),
            )
        )
        verdicts = tuple(
            Verdict(
                r.lead_id,
                r.status,
                outline,
                r.change_class,
                r.class_by,
                r.machine_class,
                r.district_code,
                r.discard_reason,
            )
            for r, outline in found
        )
        runs.append(JudgedRun(before, after, made_by.record, verdicts))
    return runs
