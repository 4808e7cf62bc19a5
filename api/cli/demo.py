"""`hongxian demo`: the main job on the sample ground, then the server over what it found."""

from pathlib import Path

import click

from api.cli.detect import as_report, as_text, write
from api.cli.options import with_progress
from leads.run.detect import detect
from leads.run.detection import Detection
from leads.run.request import Request
from leads.run.runner import pool
from tiles.synthetic.sample import write_sample

READY = Path(__file__).parents[2] / "data_samples"


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("out/demo"),
    show_default=True,
    help="Folder for the results.",
)
@click.option("--serve/--no-serve", default=True, show_default=True, help="End in a server.")
def demo(out: Path, serve: bool) -> None:  # noqa: FBT001 (click hands flags over as booleans)
    """Find leads on the sample ground, say where they were written, and serve them.

    A second start finds the first one's results and only serves them.
    """
    out.mkdir(parents=True, exist_ok=True)
    if not serve:
        find_on_sample(out)
        return
    from api.cli.serve import serve_demo  # noqa: PLC0415 (children import this module too)

    serve_demo(out, lambda: find_on_sample(out))


def find_on_sample(out: Path) -> Detection:
    """Detect on the sample ground with all its layers; write leads.gpkg and leads.html to `out`."""
    ground = READY
    if not ground.is_dir():  # installed without the repository
        ground = out / "samples"
        write_sample(ground)
    request = Request(
        before=str(ground / "vhr" / "before.tif"),
        after=str(ground / "vhr" / "after.tif"),
        layers=(ground / "layers.gpkg",),
    )
    leads, sheet = out / "leads.gpkg", out / "leads.html"
    with pool() as runner:
        found = detect(request, runner, with_progress)
        write(found, runner, leads, sheet)
    click.echo(as_text(as_report(request, found, leads), sheet))
    return found
