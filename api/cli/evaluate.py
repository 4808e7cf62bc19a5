"""`hongxian evaluate`: how well a detector does, on labelled pairs or on a made-up set."""

from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import click

from api.cli.evaluation_lines import lines_of
from api.cli.options import detector_option, json_option, print_json, with_progress
from leads.run.evaluation import PREFIX, SetRequest, evaluate_folder, evaluate_set
from models.evaluation.asked import Asked
from models.evaluation.conditions import Condition
from models.registry import detector_named
from tiles.limited import Limits, blaming, limited_pool

LIMITS = Limits(memory_mb=8192, seconds=3600)
"""What decoding and scoring a batch of pairs, or one made-up ground, may use."""


@click.command()
@click.argument("folder", metavar="FOLDER|made:SET")
@detector_option
@click.option("--threshold", type=click.FloatRange(0, 1, min_open=True), default=0.5)
@click.option(
    "--gsd",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    show_default=True,
    help="Metres per pixel of images without a position of their own.",
)
@click.option(
    "--min-object",
    type=click.IntRange(1),
    default=50,
    show_default=True,
    help="Predicted objects of fewer pixels are dropped.",
)
@click.option("--against", help="Compare with this detector on the same pairs.")
@click.option(
    "--shift",
    type=click.FloatRange(0, 3),
    default=0.0,
    help="Move the after images by so many pixels.",
)
@click.option(
    "--colour",
    type=click.FloatRange(0, 0.5),
    default=0.0,
    help="Change the after images' bands by up to this share.",
)
@click.option(
    "--haze",
    type=click.FloatRange(0, 0.5),
    default=0.0,
    help="Mean share of haze over the after images.",
)
@click.option("--robustness", is_flag=True, help="F1 under shifts, colours and haze, row by row.")
@click.option(
    "--km2",
    type=click.FloatRange(0, min_open=True),
    default=12.0,
    show_default=True,
    help="Ground of a made-up set.",
)
@click.option("--seed", type=click.IntRange(0), default=0, help="First ground of a made-up set.")
@click.option(
    "--pairs",
    type=click.Path(path_type=Path),
    help="made:dumps: composite onto the pairs of this folder.",
)
@click.option(
    "--processes",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Child processes that share the pairs or grounds.",
)
@click.option(
    "--pictures",
    type=click.Path(path_type=Path, file_okay=False),
    help="Draw the best and the worst cases into this folder.",
)
@json_option
def evaluate(folder: str, processes: int, as_json: bool, **options: Any) -> None:  # noqa: FBT001, ANN401
    """Score a detector on FOLDER/{A,B,label}, or on made:ground, quiet, dumps, series, flights."""
    request = _request(**options)
    made = folder.startswith(PREFIX)
    blame = nullcontext() if made else blaming(folder)
    with blame, limited_pool(processes, LIMITS) as pool:
        if made:
            report = evaluate_set(folder.removeprefix(PREFIX), request, pool, with_progress)
        else:
            report = evaluate_folder(Path(folder), request, pool, with_progress)
    if as_json:
        print_json(report)
    else:
        click.echo("\n".join(lines_of(report)))


def _request(
    *,
    detector: str,
    threshold: float,
    gsd: float,
    min_object: int,
    against: str | None,
    shift: float,
    colour: float,
    haze: float,
    robustness: bool,
    km2: float,
    seed: int,
    pairs: Path | None,
    pictures: Path | None,
) -> SetRequest:
    for name in filter(None, (detector, against)):
        detector_named(name)  # refused here, before anything is looked at
    asked = Asked(
        detector=partial(detector_named, detector),
        threshold=threshold,
        min_object_px=min_object,
        condition=Condition(shift, colour, haze),
        against=None if against is None else partial(detector_named, against),
        robustness=robustness,
    )
    return SetRequest(asked, detector, km2, seed, pairs, gsd, pictures)
