"""`hongxian demo`: the main job on the sample ground, in one go."""

from pathlib import Path

import click

from api.cli.detect import as_report, as_text, write
from api.cli.options import with_progress
from leads.run.detect import Request, detect
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
def demo(out: Path) -> None:
    """Find leads on the sample ground and say where they were written."""
    out.mkdir(parents=True, exist_ok=True)
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
