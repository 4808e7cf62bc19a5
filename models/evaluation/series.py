"""Series: made-up ground looked at on many dates, and what persistence makes of the candidates."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from itertools import pairwise
from math import ceil
from types import MappingProxyType
from typing import Any

import numpy as np
from shapely import MultiPolygon

from geo.dated_candidates import DatedCandidates, observed_ground
from geo.dissolve import candidates_of
from geo.errors import InputError
from geo.geobox import GeoBox, Window
from geo.persistence import PersistenceRule, persistence
from geo.raster import Pair, Raster
from geo.vectorise import vectorise
from models.detector import Detector
from models.evaluation.asked import DetectorAt
from models.evaluation.detection import change_in, normalised
from models.evaluation.exact import Rate
from models.evaluation.made_ground import SIZE_M
from models.evaluation.series_rows import KINDS, SeriesCounts, counted
from tiles.synthetic.camera import MSI_10M, VHR_A, VHR_B
from tiles.synthetic.event import Lookalike
from tiles.synthetic.ground import Ground, make_ground
from tiles.synthetic.moment import Moment, moment_of
from tiles.synthetic.render import render
from tiles.synthetic.returning import returning
from tiles.synthetic.truth import truth

SEED = 1_010_000
"""First seed of the grounds: training uses none from 910,000 on, other sets none from 1,000,000."""
FIRST_DAY = date(2023, 3, 25)
"""Day of the earlier image."""
SEASONS = (60, 120, 180, 240, 300)
"""Days after the first image on which the later ones are taken: on through the seasons."""
SAME_SEASON = (15, 30, 350, 365, 380)
"""The same with every image in early spring: crops look as they did on the first."""
EVENTS_PER_KM2 = (6.0, 8.0)
"""Changes and look-alikes: denser than the other sets, to count them on less ground."""


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """How a ground is photographed and what counts as a candidate."""

    gsd_m: float = 2.5
    """Pixel edge in m; from 5 m on a multispectral camera with a cloud mask, else VHR cameras."""
    days: tuple[int, ...] = SEASONS
    """Days after the first image of the later ones; events begin by the second."""
    threshold: float = 0.5
    """A pixel is change from this probability on."""
    min_object_px: int = 50
    """A candidate has at least so many pixels."""

    def __post_init__(self) -> None:
        if len(self.days) < 2 or any(late <= soon for soon, late in pairwise((0, *self.days))):
            raise InputError(f"later images on days {self.days}: needs two or more, rising from 1")

    @property
    def is_multispectral(self) -> bool:
        """Whether the camera is that of 10 m, with clouds and their mask."""
        return self.gsd_m >= 5


PLANS: Mapping[str, SeriesPlan] = MappingProxyType(
    {
        "2.5 m, through the seasons": SeriesPlan(),
        "2.5 m, same season": SeriesPlan(days=SAME_SEASON),
        "10 m, through the seasons": SeriesPlan(10.0, SEASONS, min_object_px=12),
        "10 m, same season": SeriesPlan(10.0, SAME_SEASON, min_object_px=12),
    }
)
"""The series of the report by name."""

Each = Callable[
    [Callable[[int], dict[str, SeriesCounts]], Iterable[int]], Iterator[dict[str, SeriesCounts]]
]
"""Calls a function for each seed, in order: `map`, or the `map` of child processes."""


@dataclass(frozen=True, slots=True)
class GroundSeries:
    """Looks at one ground in every series of `plans`; picklable."""

    detector: DetectorAt
    """The detector in question, for each grid."""
    plans: Mapping[str, SeriesPlan]
    """Series by name."""
    rule: PersistenceRule
    """What it takes to hold."""

    def __call__(self, seed: int) -> dict[str, SeriesCounts]:
        """The counts of each series on the ground of a seed."""
        return {name: self._counts(seed, plan) for name, plan in self.plans.items()}

    def _counts(self, seed: int, plan: SeriesPlan) -> SeriesCounts:
        moments = _moments(seed, plan)
        begun_by = FIRST_DAY + timedelta(days=plan.days[1])
        ground = returning(make_ground(seed, SIZE_M, *EVENTS_PER_KM2), FIRST_DAY, begun_by)
        grid = ground.geobox(plan.gsd_m)
        passes = list(_passes(self.detector(plan.gsd_m), ground, moments, grid, plan))
        tide = [_tide(ground, grid, moments[0], moment) for moment in moments[1:]]
        return counted(ground, passes, persistence(passes, self.rule), tide)


def series_report(
    detector: DetectorAt,
    km2: float,
    first: int = 0,
    each: Each = map,
    plans: Mapping[str, SeriesPlan] = PLANS,
    rule: PersistenceRule | None = None,
) -> dict[str, Any]:
    """How a detector does on series of made-up ground, before and after persistence, as JSON.

    At least `km2` are looked at, from the `first`-th ground of the set on. A series compares its
    later images each with the first; the candidates are followed by `persistence` with `rule`.
    A row says of one kind how many events happened, were raised by some pair, and held, are pending
    or faded; and of the places first seen there how many held, for tide and all others too.
    """
    if not km2 > 0:
        raise InputError(f"{km2} km2 of ground: needs more than 0")
    rule = rule or PersistenceRule()
    seeds = range(SEED + first, SEED + first + ceil(km2 / (SIZE_M**2 / 1e6)))
    grounds = list(each(GroundSeries(detector, dict(plans), rule), seeds))
    looked_at = len(seeds) * SIZE_M**2 / 1e6
    totals = {name: SeriesCounts.sum(ground[name] for ground in grounds) for name in plans}
    pairs = sum(len(plan.days) for plan in plans.values())
    rate = Rate(sum(total.candidates for total in totals.values()), looked_at * pairs)
    return {
        "km2": looked_at,
        "candidates_per_km2": rate.per(),
        "intervals": {"candidates_per_km2": list(rate.interval())},
        "rule": asdict(rule),
        "series": [
            {"series": name, **asdict(plan), **totals[name].densities(looked_at)}
            for name, plan in plans.items()
        ],
        "kinds": [
            {"series": name, "kind": kind, **totals[name].row(kind)}
            for name in plans
            for kind in KINDS
        ],
    }


def _moments(seed: int, plan: SeriesPlan) -> list[Moment]:
    """The first image and the later ones, with any tide, thin haze and, at 10 m, some cloud."""
    rng = np.random.default_rng([seed, 47])
    moments = []
    for day in (0, *plan.days):
        cloud = rng.uniform(0.0, 0.4) if plan.is_multispectral and day else 0.0
        moments.append(
            moment_of(
                FIRST_DAY + timedelta(days=day),
                tide_m=rng.uniform(0.4, 2.0),
                haze=rng.uniform(0.0, 0.12),
                cloud=cloud,
                seed=int(rng.integers(1, 2**31)),
            )
        )
    return moments


def _passes(
    detector: Detector,
    ground: Ground,
    moments: Sequence[Moment],
    grid: GeoBox,
    plan: SeriesPlan,
) -> Iterator[DatedCandidates]:
    """The candidates of the first image against each later one."""

    def photographed(number: int) -> Raster:
        vhr = VHR_A if number % 2 == 0 else VHR_B
        camera = MSI_10M if plan.is_multispectral else vhr
        return render(ground, moments[number], camera, grid).raster

    first = photographed(0)
    for number, moment in enumerate(moments[1:], start=1):
        pair = normalised(Pair(first, photographed(number)))
        change = change_in(pair, detector)
        patches = vectorise(change, Window(0, 0, *grid.shape), plan.threshold, plan.min_object_px)
        found = candidates_of(patches, grid, 0.0, plan.min_object_px)
        observed = observed_ground(pair.observed, grid)
        yield DatedCandidates(moments[0].day, moment.day, grid.crs, tuple(found), observed)


def _tide(ground: Ground, grid: GeoBox, before: Moment, after: Moment) -> MultiPolygon:
    """Flat that one of two moments alone has under water."""
    _, alike = truth(ground, grid, before, after)
    return observed_ground(alike == Lookalike.TIDE, grid)
