"""How well signs are found on made-up ground: `python -m models.evaluation.signs`.

Around every sign of a ground, and over squares drawn at random, which may hold none. A sign is
found when a proposal of its kind touches it; one that touches none of any kind is a false alarm.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

import click
import numpy as np
from shapely import Polygon, box, unary_union
from shapely.geometry.base import BaseGeometry

from geo.geobox import GeoBox, Window
from geo.sign_kind import SignKind
from models.signs.gather import signs_of
from models.signs.seen import SignSeen
from models.signs.tile import look_at_tile, multiple_px
from tiles.common_grid import footprint
from tiles.synthetic.camera import DRONE
from tiles.synthetic.ground import Ground, make_ground
from tiles.synthetic.moment import Moment, moment_of
from tiles.synthetic.render import render
from tiles.synthetic.signs import GroundSign, signs_on

TUNED = (301, 302, 303, 304, 501, 502, 503, 504)
HELD_OUT = (601, 602, 603, 604, 605, 606)
"""Seeds of the grounds that sizes, colours and scores were chosen on, and of the others."""
SIZE_M = 1500.0
"""Edge of a ground, m."""
AROUND_M, AT_RANDOM_M = 40.0, 60.0
"""Edges of the squares around signs, and of those at random, m."""
DAY = date(2024, 3, 28)
"""Day of the flight: every event of a ground shows."""


@dataclass(eq=False)
class Score:
    """What was found on some grounds."""

    signs: Counter[str] = field(default_factory=Counter)
    """Signs by kind."""
    found: Counter[str] = field(default_factory=Counter)
    """Those that were found."""
    right: Counter[str] = field(default_factory=Counter)
    """Proposals by kind that touch a sign of it."""
    proposed: Counter[str] = field(default_factory=Counter)
    """Proposals by kind."""
    false: int = 0
    """Proposals that touch no sign."""
    ha: float = 0.0
    """Ground that was looked at, in hectares; squares that overlap count once."""


def scored(seeds: Sequence[int], gsd_m: float, at_random: int) -> Score:
    """Look at grounds with pixels of `gsd_m`, and at so many squares at random on each."""
    score = Score()
    for seed in seeds:
        ground, moment = make_ground(seed, SIZE_M), moment_of(DAY, tide_m=1.0, seed=seed)
        truth = {one: _outline(ground, one) for one in signs_on(ground, moment)}
        found: dict[GroundSign, bool] = dict.fromkeys(truth, False)
        seen: list[BaseGeometry] = []
        counted: list[SignSeen] = []
        for grid in _squares(ground, list(truth.values()), gsd_m, at_random):
            for proposal in _look(ground, moment, grid):
                touched = [one for one, at in truth.items() if at.intersects(proposal.geometry)]
                alike = [one for one in touched if one.kind.value == proposal.kind.value]
                found |= dict.fromkeys(alike, True)
                if not _known(proposal, counted):
                    score.proposed[proposal.kind.value] += 1
                    score.right[proposal.kind.value] += bool(alike)
                    score.false += not touched
                    counted.append(proposal)
            seen.append(footprint(grid, 1))
        score.signs.update(one.kind.value for one in found)
        score.found.update(one.kind.value for one, is_found in found.items() if is_found)
        score.ha += unary_union(seen).area / 1e4
    return score


def _outline(ground: Ground, sign: GroundSign) -> BaseGeometry:
    return Polygon(ground.to_world(sign.outline)).buffer(0)


def _known(proposal: SignSeen, counted: Sequence[SignSeen]) -> bool:
    """Whether an earlier square showed it already."""
    return any(
        one.kind is proposal.kind and one.geometry.intersects(proposal.geometry) for one in counted
    )


def _squares(
    ground: Ground, signs: Sequence[BaseGeometry], gsd_m: float, at_random: int
) -> Iterator[GeoBox]:
    """Around every sign that no square shows whole yet; then at random."""
    whole, rng = ground.geobox(gsd_m), np.random.default_rng(ground.seed)
    shown: list[BaseGeometry] = []
    west, south, east, north = whole.bounds
    for sign in signs:
        if not any(one.contains(sign.buffer(2.0)) for one in shown):
            middle = sign.centroid
            grid = _square(whole, middle.x - AROUND_M / 2, middle.y + AROUND_M / 2, AROUND_M)
            shown.append(box(*grid.bounds))
            yield grid
    for _ in range(at_random):
        x, y = rng.uniform(west, east - AT_RANDOM_M), rng.uniform(south + AT_RANDOM_M, north)
        yield _square(whole, float(x), float(y), AT_RANDOM_M)


def _square(whole: GeoBox, left: float, top: float, edge_m: float) -> GeoBox:
    gsd, px = whole.pixel_size[0], multiple_px(whole.pixel_size[0])
    size = int(edge_m / gsd) // px * px
    col, row = ~whole.transform @ (left, top)
    top_px, left_px = (min(max(int(n), 0), whole.width - size) for n in (row, col))
    return whole.crop(Window(top_px, left_px, size, size))


def _look(ground: Ground, moment: Moment, grid: GeoBox) -> tuple[SignSeen, ...]:
    raster = render(ground, moment, DRONE, grid).raster
    whole = Window(0, 0, *grid.shape)
    image = raster.pixels.astype(np.uint8)
    gsd = grid.pixel_size[0]
    return signs_of([look_at_tile(image, raster.valid, whole, whole, gsd)], grid, gsd)


@click.command()
@click.option("--gsd", multiple=True, type=float, default=(0.05, 0.03), help="Pixels in m.")
@click.option("--at-random", default=10, help="Squares at random on each ground.")
def main(gsd: Sequence[float], at_random: int) -> None:
    """Print precision and recall by kind, on tuning grounds and on held-out ones."""
    for step in gsd:
        for title, seeds in (("tuned on", TUNED), ("held out", HELD_OUT)):
            score = scored(seeds, step, at_random)
            click.echo(f"{step * 100:g} cm, {title}: {score.ha:.1f} ha, {score.false} false alarms")
            for kind in SignKind:
                name = kind.value
                click.echo(
                    f"  {name}: found {score.found[name]} of {score.signs[name]}, "
                    f"right {score.right[name]} of {score.proposed[name]}"
                )


if __name__ == "__main__":
    main()
