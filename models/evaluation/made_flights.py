"""Flights over made-up ground nobody trains on, against an earlier image of each kind.

Images are drawn and brought together as the line does it (`models.evaluation.flown`): flights of
5 cm beside an earlier flight and an aerial image, as orthophotos and once as photos through the
quick look; beside the satellite's image, which is far coarser, of 2 m.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import Any, Protocol

import numpy as np

from geo.change_class import ChangeClass
from geo.raster import Mask
from models.evaluation.asked import Asked
from models.evaluation.flown import BEFORES, Flown, flown_over, quick_look_over
from models.evaluation.made_dumps import with_dumps
from models.evaluation.made_ground import SEEDS
from models.evaluation.tally import Tally, tally
from tiles.drone.bring import Placing
from tiles.drone.quick_look.mosaic import Runs

AREAS_M2 = (25.0, 60.0, 200.0, 1000.0, 5000.0)
"""A class of sizes starts at each of these."""


@dataclass(frozen=True, slots=True)
class Looked:
    """One flight beside one earlier image, looked at."""

    before: str
    """Name in `BEFORES`."""
    made: str
    """How the flight became an image: orthophoto or quick_look."""
    changes: Tally
    """Of the ground's own changes."""
    heaps: Tally
    """Of heaps pasted where nothing changed."""
    placing: Placing
    """How it was brought onto the earlier image."""
    off_m: float | None
    """What it really lies off after that; None: not known."""


@dataclass(frozen=True, slots=True)
class Flights:
    """Looks at one flight as an orthophoto; picklable."""

    asked: Asked
    """Detector and threshold."""
    befores: tuple[str, ...]
    """Earlier images."""
    edge_m: float
    """Edge of what is flown over, m."""
    gsd_m: float
    """Pixel of the flight, m."""

    def __call__(self, seed: int) -> list[Looked]:
        """Draw it and look."""
        flown = flown_over(seed, self.befores, self.edge_m, self.gsd_m)
        return [
            looked_at(self.asked, before, "orthophoto", one, seed)
            for before, one in zip(self.befores, flown, strict=True)
        ]


PARTS = ((("flight", "aerial"), 128.0, 0.05), (("satellite",), 1280.0, 2.0))
"""Earlier images, edge of what is flown over and pixel of the flight."""


class Each(Protocol):
    """Calls a function for each seed, in order: `map`, or the `map` of child processes."""

    def __call__(
        self, function: Callable[[int], list[Looked]], seeds: Iterable[int]
    ) -> Iterator[list[Looked]]:
        """Results in the order of the seeds."""
        ...


def flights_report(
    asked: Asked, km2: float, first: int, each: Each, runs: Runs, photographed: int = 1
) -> dict[str, Any]:
    """Objects found, of changes and of pasted heaps, beside each earlier image: tables of rows.

    At least `km2` for each kind of earlier image; `photographed` more flights go through the quick
    look, in `runs`.
    """
    start = SEEDS["flights"] + first
    looked: list[Looked] = []
    for befores, edge, gsd in PARTS:
        seeds = range(start, start + ceil(km2 * 1e6 / edge**2))
        for some in each(Flights(asked, befores, edge, gsd), seeds):
            looked += some
    for seed in range(start, start + photographed):
        for before, one in zip(PARTS[0][0], quick_look_over(seed, PARTS[0][0], runs), strict=True):
            looked.append(runs.run(looked_at, asked, before, "quick_look", one, seed))
    return tables(looked)


def looked_at(asked: Asked, before: str, made: str, flown: Flown, seed: int) -> Looked:
    """Count what the detector finds of its changes, and of heaps pasted onto it."""
    case = flown.case
    least, detector = ceil(BEFORES[before].floor_m2 / case.gsd_m**2), asked.detector(case.gsd_m)
    changes = tally(case, detector, asked.threshold, least)
    heaps = tally(with_dumps(case, seed), detector, asked.threshold, least)
    return Looked(before, made, changes, heaps, flown.placing, flown.off_m)


def tables(looked: Sequence[Looked]) -> dict[str, list[dict[str, Any]]]:
    """Rows of objects, by area and by class, and of positions."""
    out: dict[str, list[dict[str, Any]]] = {
        "objects": [], "by_area": [], "by_class": [], "positions": []
    }  # fmt: skip
    for made, before in dict.fromkeys((one.made, one.before) for one in looked):
        them = [one for one in looked if (one.made, one.before) == (made, before)]
        kind = {"before": before, "made": made}
        out["positions"].append({**kind, **_positions(them)})
        floor = BEFORES[before].floor_m2
        for what, tallies in (
            ("changes", [one.changes for one in them]),
            ("heaps", [one.heaps for one in them]),
        ):
            for table, rows in _rows(tallies, floor).items():
                out[table] += [{**kind, "what": what, **row} for row in rows]
    return out


def _positions(them: Sequence[Looked]) -> dict[str, Any]:
    """How many were moved, and how far they lie off then."""
    off = np.array([one.off_m for one in them if one.placing.applied and one.off_m is not None])
    told = [one.placing.left_m for one in them if one.placing.applied]
    return {
        "flights": len(them),
        "moved": sum(one.placing.applied for one in them),
        "off_rms_m": float(np.sqrt(np.square(off).mean())) if off.size else None,
        "off_worst_m": float(off.max()) if off.size else None,
        "told_left_m": float(np.median([left for left in told if left is not None] or [np.nan]))
        if told
        else None,
    }


def _rows(tallies: Sequence[Tally], floor_m2: float) -> dict[str, list[dict[str, Any]]]:
    """Over all, by area and by class: objects above the floor."""
    labelled = [(one.labelled, one.km2 * 1e6 / max(1, one.pixels)) for one in tallies]
    areas = np.concatenate([one.pixels * pixel for one, pixel in labelled])
    classes = np.concatenate([one.classes for one, _ in labelled])
    found = np.concatenate([one.found for one, _ in labelled])
    confirmed = np.concatenate([one.candidates.confirmed for one in tallies])
    large = areas >= floor_m2
    edges = [*(start for start in AREAS_M2 if start >= floor_m2), np.inf]
    overall = {
        "km2": sum(one.km2 for one in tallies),
        "candidates": len(confirmed),
        "confirmed": int(confirmed.sum()),
        **_share(found, large),
    }
    return {
        "objects": [overall],
        "by_area": [
            {"from_m2": start, **_share(found, (areas >= start) & (areas < end))}
            for start, end in pairwise(edges)
        ],
        "by_class": [
            {"class": ChangeClass(int(code)).label, **_share(found, large & (classes == code))}
            for code in np.unique(classes[large & (classes > 0)])
        ],
    }


def _share(found: Mask, among: Mask) -> dict[str, int]:
    return {"labelled": int(among.sum()), "found": int(found[among].sum())}
