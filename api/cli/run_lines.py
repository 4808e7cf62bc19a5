"""What `hongxian run` prints: progress with rate and time left, results, the plan."""

import sys
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any, Self

import click

from api.cli.store import echo_table, now
from leads.run.jobs.progress import Progress, Stage
from leads.run.passes.pairs import Refused

QUIET_S = 60.0
"""Where standard error is no terminal, one line so often."""
REDRAW_S = 0.2
"""On a terminal the line is drawn anew so often."""


class ProgressLine:
    """One line on standard error that is drawn over itself; plain lines where that is a file."""

    def __init__(self) -> None:
        self.terminal = sys.stderr.isatty()
        self.every = REDRAW_S if self.terminal else QUIET_S
        self.drawn = monotonic()
        self.stage: Stage | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.terminal:
            click.echo(err=True)

    def show(self, progress: Progress) -> None:
        """Draw it, if it is time to or the run is at another stage."""
        new_stage = self.terminal and progress.stage is not self.stage
        if monotonic() - self.drawn < self.every and not new_stage:
            return
        self.stage, self.drawn = progress.stage, monotonic()
        start, end = ("\r\x1b[K", "") if self.terminal else ("", "\n")
        click.echo(f"{start}{progress_text(progress)}{end}", nl=False, err=True)


def say(line: str) -> None:
    """What just happened, on one line of standard error with the instant."""
    click.echo(f"{now():%Y-%m-%dT%H:%M:%SZ} {line}", err=True)


def progress_text(progress: Progress) -> str:
    """Stage, tiles, rate and time left on one line."""
    if progress.stage is not Stage.TILES:
        return str(progress.stage)
    rate, left = progress.megapixels_per_second, progress.seconds_left
    share = progress.pixels_done / progress.pixels if progress.pixels else 1.0
    parts = [f"{share:4.0%}  {progress.tiles_done}/{progress.tiles} tiles"]
    if progress.tiles_set_aside:
        parts.append(f"{progress.tiles_set_aside} set aside")
    if rate is not None and left is not None:
        parts += [f"{rate:.2f} Mpx/s", f"{duration(left)} left"]
    return "  ".join(parts)


def duration(seconds: float) -> str:
    """Hours, minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def result_line(told: Mapping[str, Any]) -> str:
    """What came of one job, on one line."""
    if told.get("error") and told["state"] != "done":
        return f"job {told['job_id']} {told['state']}: {told['error']}"
    if told["state"] != "done":
        return f"job {told['job_id']} {told['state']}"
    if "shadow" in told:
        return f"run {told['run_id']}: {_shadow_text(told['shadow'])}; nothing filed"
    if "withdrawn_at" in told:
        return f"run {told['run_id']}: withdrawn at {told['withdrawn_at']}, and stays so"
    outcomes = ", ".join(f"{name} {count}" for name, count in sorted(told["outcomes"].items()))
    aside = f", {told['set_aside']} tiles set aside" if told["set_aside"] else ""
    return f"run {told['run_id']}: {told['leads']} leads filed ({outcomes or 'none'}){aside}"


def _shadow_text(shadow: Mapping[str, Any]) -> str:
    text = f"{shadow['leads']} leads by {shadow['detector']}"
    incumbent = shadow["incumbent"]
    if incumbent is None:
        return f"{text}, no run of these images is filed to compare with"
    return (
        f"{text}; with {incumbent['detector']} ({incumbent['run_id']}) {shadow['both']} agree, "
        f"{shadow['challenger_only']} are new, {shadow['incumbent_only']} are missing"
    )


def show_refused(refused: Sequence[Refused]) -> None:
    """One line on standard error for each."""
    for one in refused:
        click.echo(f"refused: {one.source}: {one.reason}", err=True)


def show_plan(report: Mapping[str, Any]) -> None:
    """The plan for people."""
    rows = [
        (
            one["before"].rsplit("/", 2)[-1],
            one["after"].rsplit("/", 2)[-1],
            f"{one['date_before']} .. {one['date_after']}",
            f"{one['gigapixels']:.3f} Gpx",
            f"{one['tiles']} tiles",
            duration(3600 * one["hours"]),
        )
        for one in report["pairs"]
    ]
    echo_table(rows)
    for one in report["refused"]:
        click.echo(f"refused  {one['source']}: {one['reason']}")
    click.echo(
        f"{len(report['pairs'])} pairs, {report['gigapixels']:.3f} Gpx, about "
        f"{duration(3600 * report['hours'])} at {report['megapixels_per_second']:.2f} Mpx/s "
        f"({report['detector']}, {report['device']} {report['dtype']}, "
        f"{report['processes']} processes)"
    )
    click.echo(
        f"disk  {report['disk_gb']:.2f} GB needed, {report['free_gb']:.1f} GB free"
        + ("" if report["fits"] else ": NOT ENOUGH")
    )
