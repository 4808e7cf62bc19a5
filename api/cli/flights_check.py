"""`hongxian flights check`: what is wrong with a flight, on the laptop, before leaving the site."""

import os
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import click

from api.cli.options import json_option, print_json
from geo.errors import InputError
from leads.documents.whole_file import check_place, written_whole
from leads.flights.check_folder import check_folder
from leads.flights.read_area import read_area
from tiles.drone.check_page import check_page
from tiles.drone.flight_report import Verdict
from tiles.drone.seen import Filed
from tiles.limited import Limits, limited_pool
from tiles.sources.delivery_store import readable

_CHINA = timezone(timedelta(hours=8))
_LIMITS = Limits(memory_mb=4096, seconds=60)
"""What looking at one file may use: 20 million pixels take a quarter of a second and 250 MB."""
_MARKS = {"stop": "✗", "warn": "!", "note": "·"}
_VERDICTS = {
    Verdict.GOOD: "可以收工 good",
    Verdict.USABLE: "可以用，有缺 usable",
    Verdict.UNUSABLE: "不能用 unusable",
}


class Window(click.ParamType[tuple[datetime, datetime]]):
    """Two instants, FROM/TO; without a zone they are of Shanghai."""

    name = "FROM/TO"

    def convert(
        self,
        value: Any,  # noqa: ANN401 (click hands over text, or a default)
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[datetime, datetime]:
        """Read the text, or fail with a line that says the form."""
        if isinstance(value, tuple):
            return value
        try:
            start, end = (datetime.fromisoformat(part.strip()) for part in value.split("/"))
        except ValueError:
            self.fail(f"{value!r}: write 2026-11-20T09:00/2026-11-20T11:00", param, ctx)
        first, last = (one if one.tzinfo else one.replace(tzinfo=_CHINA) for one in (start, end))
        if first >= last:
            self.fail(f"{value!r}: the window ends before it begins", param, ctx)
        return first, last


@click.command()
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option(
    "--area",
    type=click.Path(path_type=Path),
    help="Filed area: .kml, .kmz, .geojson, .gpkg, .shp or .zip.",
)
@click.option("--window", type=Window(), help="Filed time, FROM/TO; Shanghai time without a zone.")
@click.option(
    "--height",
    "most_height_m",
    type=click.FloatRange(1, 10_000),
    default=120.0,
    show_default=True,
    help="Highest true height that was granted, in metres.",
)
@click.option(
    "--gsd", "gsd_m", type=click.FloatRange(0.001, 10), help="Resolution asked for, in metres."
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Write the map with reasons: one .html file."
)
@json_option
def check(
    paths: tuple[Path, ...],
    area: Path | None,
    window: tuple[datetime, datetime] | None,
    most_height_m: float,
    gsd_m: float | None,
    out: Path | None,
    as_json: bool,  # noqa: FBT001 (click hands flags over as booleans)
) -> None:
    """Check photos, archives or an orthophoto, offline; tell what to fly again.

    Needs no server and no store, and changes nothing. Exit 0: can be used; 1: cannot.
    """
    if out is not None and out.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{out}: the page is HTML: call it .html")
    if out is not None:
        check_place(out)
    filed = _filed(area, window, most_height_m, gsd_m)
    processes = len(os.sched_getaffinity(0))
    with (
        TemporaryDirectory(prefix="hongxian-check-") as scratch,
        limited_pool(processes, _LIMITS) as runner,
        _Bar() as bar,
    ):
        now = datetime.now(UTC)
        report = check_folder(paths, filed, runner, Path(scratch), now, bar.at)
    title = readable(paths[0].resolve().name)
    if out is not None:
        with written_whole(out) as draft:
            draft.write_text(check_page(report, title), encoding="utf-8")
    if as_json:
        print_json({**report, "out": None if out is None else str(out)})
    else:
        _show(report, out)
    if report["verdict"] == Verdict.UNUSABLE:
        sys.exit(1)


class _Bar:
    """How far it is, drawn over itself on a terminal."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_shown:
            click.echo("\r\x1b[K", nl=False, err=True)

    def at(self, done: int, of: int) -> None:
        """So many of so many photos were looked at."""
        if self._is_shown:
            filled = round(30 * done / max(of, 1))
            line = f"\r{'█' * filled}{'░' * (30 - filled)} {done}/{of}"
            click.echo(line, nl=False, err=True)


def _filed(
    area: Path | None,
    window: tuple[datetime, datetime] | None,
    most_height_m: float,
    gsd_m: float | None,
) -> Filed | None:
    start, end = window or (None, None)
    outline = None if area is None else read_area(area)
    return Filed(outline, start, end, most_height_m, gsd_m)


def _show(report: dict[str, Any], out: Path | None) -> None:
    click.echo(_VERDICTS[Verdict(report["verdict"])])
    gsd = report["gsd_m"]
    facts = [
        f"{report['photos']} photos",
        *(f"{one['name']} {one['gsd_m']:g} m" for one in report["orthophotos"]),
        *([] if gsd is None else [f"{100 * gsd:.1f} cm"]),
        *([] if report["device"] is None else [report["device"]]),
    ]
    click.echo("  ".join(facts))
    for finding in report["findings"]:
        mark, words = _MARKS[finding["severity"]], finding["words"]
        click.echo(f"{mark} {words['zh']}\n  {words['en']}")
    if out is not None:
        click.echo(f"map: {out}")
