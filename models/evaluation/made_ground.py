"""Pairs of made-up ground nobody trains on: truth, classes and look-alikes are known exactly."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import ceil

import numpy as np

from geo.errors import InputError
from geo.raster import Pair
from models.evaluation.case import Case, Source
from tiles.synthetic.camera import VHR_A, VHR_B, Camera
from tiles.synthetic.ground import Ground, make_ground
from tiles.synthetic.moment import Moment, moment_of
from tiles.synthetic.render import render
from tiles.synthetic.truth import truth

GSD_M = 2.0
"""Pixels of the made-up pairs, m."""
SIZE_M = 2048.0
"""Edge of one ground: 4.2 km2, a few seconds of rendering and under 200 MB."""
SEEDS = {"ground": 910_000, "quiet": 940_000, "dumps": 970_000, "flights": 1_000_000}
"""First seed of each made-up set. Training uses no seed from 910,000 on."""
SEEDS_PER_SET = 30_000
"""Grounds a set can have: 125,000 km2."""
BEFORE_FROM, AFTER_FROM = date(2023, 3, 1), date(2024, 3, 21)
"""Days from which the dates are drawn, up to 40 days later: every event lies between them."""
SHIFT_M = 1.0
"""The later image is off its place by up to so many metres, east and north."""


@dataclass(frozen=True, slots=True)
class Shot:
    """When a date is taken, and by which sensor."""

    moment: Moment
    """Day, sun, tide and air."""
    camera: Camera
    """Sensor."""


@dataclass(frozen=True, slots=True, eq=False)
class MadePair:
    """A piece of made-up ground and how it is photographed twice."""

    ground: Ground
    """The ground; its events are the truth."""
    before: Shot
    """Earlier image."""
    after: Shot
    """Later image."""


@dataclass(frozen=True, slots=True)
class GroundCase:
    """Renders one pair."""

    seed: int
    """Of the ground and of how it is photographed."""

    def __call__(self) -> Case:
        """Ground with changes of every class and every look-alike."""
        return case_of(made_pair(self.seed), f"ground {self.seed}")


def ground_sources(km2: float, first: int) -> list[Source]:
    """At least `km2` of made-up ground with changes of every class and every look-alike."""
    return [GroundCase(seed) for seed in ground_seeds("ground", km2, first)]


def ground_seeds(set_name: str, km2: float, first: int = 0) -> range:
    """Seeds of the grounds that make up at least `km2`, from the `first`-th of the set on."""
    if not km2 > 0:
        raise InputError(f"{km2} km2 of ground: needs more than 0")
    count = ceil(km2 / (SIZE_M**2 / 1e6))
    if first < 0 or first + count > SEEDS_PER_SET:
        raise InputError(
            f"{count} grounds from number {first} on: made:{set_name} has {SEEDS_PER_SET}; "
            "ask for fewer km2 or a smaller --seed"
        )
    start = SEEDS[set_name] + first
    return range(start, start + count)


def made_pair(seed: int) -> MadePair:
    """A seed's ground and two shots: spring to spring, any tide, thin haze, any two sensors."""
    rng = np.random.default_rng([seed, 5])
    east, north = rng.uniform(-SHIFT_M, SHIFT_M, 2)
    before = Shot(_moment(rng, BEFORE_FROM), _camera(rng))
    after = Shot(_moment(rng, AFTER_FROM), replace(_camera(rng), shift_m=(east, north)))
    return MadePair(make_ground(seed, SIZE_M), before, after)


def without_changes(made: MadePair) -> MadePair:
    """The same ground on which farming and tide go on and nothing else happens."""
    alike = tuple(event for event in made.ground.events if not event.is_change)
    return replace(made, ground=replace(made.ground, events=alike))


def case_of(made: MadePair, name: str) -> Case:
    """Render both dates with their truth."""
    grid = made.ground.geobox(GSD_M)
    dates = (
        render(made.ground, shot.moment, shot.camera, grid).raster
        for shot in (made.before, made.after)
    )
    classes, alike = truth(made.ground, grid, made.before.moment, made.after.moment)
    return Case(name, Pair(*dates), classes > 0, GSD_M, classes, alike)


def _moment(rng: np.random.Generator, start: date) -> Moment:
    return moment_of(
        start + timedelta(days=int(rng.integers(0, 40))),
        tide_m=rng.uniform(0.4, 2.0),
        haze=rng.uniform(0.0, 0.12),
        seed=int(rng.integers(1, 2**31)),
    )


def _camera(rng: np.random.Generator) -> Camera:
    return VHR_A if rng.random() < 0.5 else VHR_B
