"""`hongxian evaluate`: how well a detector does on labelled pairs."""

from pathlib import Path
from typing import Any

import click

from api.cli.options import detector_option, json_option, print_json
from models.evaluation.evaluate import evaluate as evaluate_folder
from models.registry import detector_named
from tiles.limited import Limits, blaming, run_limited

LIMITS = Limits(memory_mb=8192, seconds=6 * 3600)
"""What decoding and scoring a folder may use."""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@detector_option
@click.option("--threshold", type=click.FloatRange(0, 1, min_open=True), default=0.5)
@json_option
def evaluate(folder: Path, detector: str, threshold: float, as_json: bool) -> None:  # noqa: FBT001
    """Score a detector on FOLDER/{A,B,label}, with bootstrap intervals over the pairs."""
    arguments = folder, detector_named(detector), threshold
    with blaming(str(folder)):
        report: dict[str, Any] = run_limited(evaluate_folder, *arguments, limits=LIMITS).as_json()
    if as_json:
        print_json(report)
        return
    intervals: dict[str, tuple[float, float]] = report.pop("intervals")
    for key, value in report.items():
        low_high = intervals.get(key)
        span = f"  95 % [{low_high[0]:.3f}, {low_high[1]:.3f}]" if low_high else ""
        shown = f"{value:.4f}" if isinstance(value, float) else value
        click.echo(f"{key:>18}  {shown}{span}")
