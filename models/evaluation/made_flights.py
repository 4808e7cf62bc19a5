"""Flights over made-up ground nobody trains on, against an earlier image of each kind.

Both dates lie on the grid that the line would compare them on, a fraction of a pixel off each
other, as an image lies that was brought onto another. The earlier one is
of a day before every change, the flight of any season after them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from math import ceil
from types import MappingProxyType
from typing import Any

import numpy as np
from affine import Affine

from geo.change_class import ChangeClass
from geo.geobox import GeoBox
from geo.raster import Mask, Pair, Raster
from models.evaluation.asked import Asked
from models.evaluation.case import Case
from models.evaluation.evaluate import Each, look
from models.evaluation.made_dumps import DumpCase
from models.evaluation.made_ground import SEEDS, Shot
from models.evaluation.tally import Tally
from tiles.synthetic.camera import MSI_10M, Camera
from tiles.synthetic.ground import Ground, make_ground
from tiles.synthetic.moment import moment_of
from tiles.synthetic.render import render
from tiles.synthetic.truth import truth

GROUND_M = 1600.0
"""Edge of one ground; a flight sees a part of it around a change."""
AREAS_M2 = (25.0, 60.0, 200.0, 1000.0, 5000.0)
"""A class of sizes starts at each of these."""
DRONE = Camera(
    "合成无人机甲",
    ("red", "green", "blue"),
    (620.0, 640.0, 640.0),
    (4.0, 2.0, 0.0),
    noise=2.0,
    jpeg_quality=90,
)
"""A drone's camera."""
OTHER_DRONE = Camera(
    "合成无人机乙",
    ("red", "green", "blue"),
    (560.0, 600.0, 560.0),
    (10.0, 4.0, 8.0),
    blur_px=0.7,
    noise=3.0,
    jpeg_quality=85,
)
"""Another one."""
AERIAL = Camera(
    "合成航片",
    ("red", "green", "blue"),
    (700.0, 640.0, 600.0),
    (0.0, 0.0, 20.0),
    blur_px=0.7,
    noise=2.0,
)
"""An aerial survey's camera."""


@dataclass(frozen=True, slots=True)
class Against:
    """An earlier image, and what a flight comes to beside it."""

    camera: Camera
    """Of the earlier image."""
    gsd_m: float
    """Of the working grid, and of the earlier image."""
    flown_m: float
    """Pixel at which the flight is rendered before it is averaged onto that grid."""
    edge_m: float
    """Edge of the flight's area."""
    floor_m2: float
    """Least candidate (minimum_areas.toml)."""


BEFORES: Mapping[str, Against] = MappingProxyType(
    {
        "flight": Against(OTHER_DRONE, 0.25, 0.25, 256.0, 25.0),
        "aerial": Against(AERIAL, 0.5, 0.25, 256.0, 200.0),
        "satellite": Against(MSI_10M, 10.0, 2.0, 1280.0, 5000.0),
    }
)
"""Earlier images by name."""


@dataclass(frozen=True, slots=True)
class FlightCase:
    """Renders a flight and an earlier image of one place."""

    seed: int
    """Of the ground, the place and the light."""
    before: str
    """Name in `BEFORES`."""

    def __call__(self) -> Case:
        """Render both, with their truth."""
        against, rng = BEFORES[self.before], np.random.default_rng([self.seed, 7])
        ground = make_ground(self.seed, GROUND_M)
        days = [date(2023, 1, 1) + timedelta(int(rng.integers(0, 98)))]
        days.append(date(2024, 3, 21) + timedelta(int(rng.integers(0, 280))))
        moments = [moment_of(day, seed=int(rng.integers(1, 2**31))) for day in days]
        left = rng.uniform(-0.2, 0.2, 2) * against.gsd_m
        camera = replace(against.camera, shift_m=(float(left[0]), float(left[1])))
        grid = _grid(ground, against, rng)
        earlier = _rgb(_seen(ground, Shot(moments[0], camera), grid, 1))
        by = round(against.gsd_m / against.flown_m)
        later = _seen(ground, Shot(moments[1], DRONE), grid, by)
        classes, alike = truth(ground, grid, *moments)
        name = f"flight {self.seed} on {self.before}"
        return Case(name, Pair(earlier, later), classes > 0, against.gsd_m, classes, alike)


def flights_report(asked: Asked, km2: float, first: int, each: Each) -> dict[str, Any]:
    """Objects found, of changes and of pasted heaps, beside each earlier image: tables of rows."""
    tables: dict[str, list[dict[str, Any]]] = {"objects": [], "by_area": [], "by_class": []}
    for name, against in BEFORES.items():
        count = ceil(km2 * 1e6 / against.edge_m**2)
        seeds = range(SEEDS["flights"] + first, SEEDS["flights"] + first + count)
        whole = replace(asked, min_object_px=ceil(against.floor_m2 / against.gsd_m**2))
        changes = [FlightCase(seed, name) for seed in seeds]
        heaps = [DumpCase(one, one.seed) for one in changes]
        for what, sources in (("changes", changes), ("heaps", heaps)):
            looked = [one.ours for one in look(sources, whole, each, 1)]
            for table, rows in _rows(looked, against).items():
                tables[table] += [{"before": name, "what": what, **row} for row in rows]
    return tables


def _rows(tallies: Sequence[Tally], against: Against) -> dict[str, list[dict[str, Any]]]:
    """Over all, by area and by class: objects above the floor."""
    areas = np.concatenate([one.labelled.pixels for one in tallies]) * against.gsd_m**2
    classes = np.concatenate([one.labelled.classes for one in tallies])
    found = np.concatenate([one.labelled.found for one in tallies])
    confirmed = np.concatenate([one.candidates.confirmed for one in tallies])
    large = areas >= against.floor_m2
    edges = [*(start for start in AREAS_M2 if start >= against.floor_m2), np.inf]
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


def _grid(ground: Ground, against: Against, rng: np.random.Generator) -> GeoBox:
    """The flight's area: around one change, on the working grid, inside the ground."""
    changes = [event for event in ground.events if event.is_change]
    middle = changes[int(rng.integers(len(changes)))].outline.mean(axis=0)
    corner = np.clip(middle - against.edge_m / 2, 0, ground.size_m - against.edge_m)
    west, south = np.floor(corner / 10) * 10 + np.array(ground.origin)
    edge = round(against.edge_m / against.gsd_m)
    north = float(south) + edge * against.gsd_m
    transform = Affine(against.gsd_m, 0.0, float(west), 0.0, -against.gsd_m, north)
    return GeoBox(ground.geobox(10.0).crs, transform, edge, edge)


def _seen(ground: Ground, shot: Shot, grid: GeoBox, by: int) -> Raster:
    """What a shot shows on the grid, rendered `by` times as fine and averaged."""
    fine = GeoBox(
        grid.crs, grid.transform @ Affine.scale(1 / by), grid.height * by, grid.width * by
    )
    raster = render(ground, shot.moment, shot.camera, fine).raster
    cells = raster.pixels.reshape(len(raster.bands), grid.height, by, grid.width, by)
    pixels = cells.mean(axis=(2, 4), dtype=np.float32)
    return Raster(grid, raster.bands, pixels, np.ones(grid.shape, np.bool_))


def _rgb(raster: Raster) -> Raster:
    rows = [raster.bands.index(band) for band in DRONE.bands]
    return Raster(raster.geobox, DRONE.bands, raster.pixels[rows], raster.valid)
