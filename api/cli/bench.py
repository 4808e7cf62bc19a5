"""`hongxian bench`: how fast and how large, measured on this machine."""

import json

import click

from api.cli.options import json_option
from leads.run.bench_pipeline import bench_pipeline


@click.group()
def bench() -> None:
    """Measure speed and memory on this machine."""


@bench.command()
@click.option("--runs", type=click.IntRange(5), default=5, show_default=True, help="Timed runs.")
@json_option
def pipeline(runs: int, as_json: bool) -> None:  # noqa: FBT001 (click hands flags over so)
    """Run the whole line on made-up scenes of 4k and 16k pixels a side."""
    report = bench_pipeline(runs)
    click.echo(json.dumps(report, indent=None if as_json else 2))
