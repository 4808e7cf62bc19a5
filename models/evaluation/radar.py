"""Radar change on made-up ground beside plain filters: the radar table of docs/evaluation.md.

python -m models.evaluation.radar
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import click
import numpy as np

from geo.change_class import ChangeClass
from geo.raster import Float, Mask, Pair, Raster
from models.difference import Difference
from models.evaluation.objects import Objects, meetings, objects_of
from models.log_ratio import FLOORS, LogRatio
from models.speckle import window_sum
from tiles.synthetic.ground import make_ground
from tiles.synthetic.moment import moment_of
from tiles.synthetic.radar import radar
from tiles.synthetic.truth import truth

TUNED, HELD_OUT = (101, 102, 103, 104), (201, 202, 203, 204, 205, 206)
"""Seeds of the grounds that filter, floors and threshold were chosen on, and of the others."""
SIZE_M, GSD_M = 4000.0, 10.0
"""Edge of a ground and of a pixel, m."""
LEAST_PX = 50
"""Objects have so many pixels at least, which are 5,000 m2."""
VISIBLE_DB = 2.5
"""Objects whose mean power moved so much more than the scene's, in either band, are visible."""
DAYS = {
    "a year": date(2022, 3, 20),
    "January": date(2023, 1, 15),
    "12 days": date(2023, 3, 6),
    "before": date(2023, 3, 18),
    "after": date(2024, 3, 28),
}
"""Days of the images; no event of a ground lies before `before`, so earlier pairs are quiet."""
TIDES_M = {"a year": 1.0, "January": 1.0, "12 days": 1.0, "before": 1.1, "after": 1.0}
"""Tide on those days; each ground adds up to 0.2 m."""
QUIET = ("12 days", "a year", "January")
"""Days that are held against `before`: all that differs is speckle, wind, damp, ships, ponds."""

Called = Callable[[Pair], Mask]
"""Says which pixels of a pair changed."""


@dataclass(eq=False)
class Score:
    """What one detector makes of some grounds."""

    visible: int = 0
    """Visible objects that it found."""
    found: int = 0
    """Objects that it found."""
    right: int = 0
    """Candidates that match an object."""
    candidates: int = 0
    """Candidates on pairs with events."""
    quiet: Counter[str] = field(default_factory=Counter)
    """Candidates on quiet pairs, by the day held against `before`."""
    classes: Counter[int] = field(default_factory=Counter)
    """Objects found by class."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """One ground on all days, and its truth."""

    images: Mapping[str, Raster]
    """By the names of DAYS."""
    objects: Objects
    """What changed between `before` and `after`."""
    visible: Mask
    """(object,) whether its power moved."""
    classes: Sequence[int]
    """(object,) its class."""

    def against_before(self, day: str) -> Pair:
        """A quiet pair."""
        return Pair(self.images[day], self.images["before"])

    @property
    def events(self) -> Pair:
        """The pair with events."""
        return Pair(self.images["before"], self.images["after"])


def seen(seed: int, size_m: float = SIZE_M) -> Seen:
    """The ground of a seed as a radar sees it on all DAYS."""
    ground = make_ground(seed, size_m)
    grid = ground.geobox(GSD_M)
    moments = {
        name: moment_of(day, tide_m=TIDES_M[name] + 0.05 * (seed % 5), seed=seed * 10 + number)
        for number, (name, day) in enumerate(DAYS.items())
    }
    images = {name: radar(ground, moment, grid) for name, moment in moments.items()}
    classes, _ = truth(ground, grid, moments["before"], moments["after"])
    objects = objects_of(classes > 0, LEAST_PX)
    moved = _moved_db(images["before"], images["after"], objects)
    kinds = [int(code) for code in objects.commonest(classes)]
    return Seen(images, objects, moved >= VISIBLE_DB, kinds)


def _moved_db(before: Raster, after: Raster, objects: Objects) -> Float:
    """(object,) most of the polarisations' change in mean power, beyond the scene's, in dB."""
    found = []
    for old, new in zip(before.pixels, after.pixels, strict=True):
        usual = np.median(_decibels(_boxcar(new) / _boxcar(old)))
        ratio = (objects.sums(new) / objects.sums(old)).astype(np.float32)
        found.append(np.abs(_decibels(ratio) - usual))
    most: Float = np.max(found, axis=0).astype(np.float32)
    return most


def _decibels(ratio: Float) -> Float:
    return np.asarray(10 * np.log10(ratio), dtype=np.float32)


def _boxcar(power: Float) -> Float:
    whole = window_sum(np.ones_like(power), 2)
    return np.asarray(window_sum(power, 2) / whole, dtype=np.float32)


def scored(called: Called, grounds: Sequence[Seen]) -> Score:
    """What a detector finds on grounds, and what it makes of them where nothing happens."""
    score = Score()
    for one in grounds:
        candidates = objects_of(called(one.events), LEAST_PX)
        met = meetings(one.objects, candidates)
        hit = np.zeros(len(one.objects), np.bool_)
        hit[met.one[met.same]] = True
        score.found += int(hit.sum())
        score.visible += int((hit & one.visible).sum())
        score.right += len(np.unique(met.other[met.same]))
        score.candidates += len(candidates)
        score.classes.update(kind for kind, is_hit in zip(one.classes, hit, strict=True) if is_hit)
        for day in QUIET:
            score.quiet[day] += len(objects_of(called(one.against_before(day)), LEAST_PX))
    return score


def by_log_ratio(pair: Pair) -> Mask:
    """The detector as it is delivered."""
    return np.asarray(LogRatio().fit((pair,))(pair).probability >= 0.5, dtype=np.bool_)


def by_plain(threshold: float, *, boxcar: bool, floors: Sequence[float] = (0.0, 0.0)) -> Called:
    """The log-ratio of powers, averaged over 5 x 5 or not, at so many spreads of the bulk."""
    lowest = np.array(floors, np.float32)[:, None, None]

    def levels(image: Raster) -> Raster:
        power = np.stack([_boxcar(plane) for plane in image.pixels]) if boxcar else image.pixels
        return replace(image, pixels=np.log(np.maximum(power, np.float32(1e-4)) + lowest))

    def called(pair: Pair) -> Mask:
        logs = Pair(levels(pair.before), levels(pair.after))
        found = Difference(threshold).fit((logs,))(logs)
        return np.asarray(found.probability >= 0.5, dtype=np.bool_)

    return called


DETECTORS: Mapping[str, Called] = {
    "log-ratio": by_log_ratio,
    "boxcar 5 x 5 at 3 spreads": by_plain(3.0, boxcar=True),
    "boxcar 5 x 5 at 4.5 spreads": by_plain(4.5, boxcar=True),
    "boxcar 5 x 5 at 5.5 spreads": by_plain(5.5, boxcar=True),
    "boxcar 5 x 5 with the floors": by_plain(3.0, boxcar=True, floors=FLOORS),
    "no filter": by_plain(3.0, boxcar=False),
}
"""By the name of their row."""


@click.command()
def main() -> None:
    """Print a row of each detector, on the grounds it was tuned on and on the others."""
    for title, seeds in (("tuned on", TUNED), ("held out", HELD_OUT)):
        grounds = [seen(seed) for seed in seeds]
        objects = sum(len(one.objects) for one in grounds)
        visible = sum(int(one.visible.sum()) for one in grounds)
        km2 = len(grounds) * SIZE_M**2 / 1e6
        every = Counter(kind for one in grounds for kind in one.classes)
        click.echo(f"{title}: {km2:.0f} km2, {objects} objects, {visible} of them visible")
        for name, called in DETECTORS.items():
            score = scored(called, grounds)
            quiet = ", ".join(f"{day} {score.quiet[day] / km2:.2f}" for day in QUIET)
            click.echo(
                f"  {name}: visible {score.visible} of {visible}, all {score.found} of {objects}, "
                f"precision {score.right} of {score.candidates}; quiet per km2: {quiet}"
            )
            if called is by_log_ratio:
                rows = (
                    f"{ChangeClass(kind).label} {score.classes[kind]} of {count}"
                    for kind, count in sorted(every.items())
                )
                click.echo(f"    {', '.join(rows)}")


if __name__ == "__main__":
    main()
