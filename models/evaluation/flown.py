"""Flown: a made-up flight beside an earlier image, as files, brought together as the line does it.

The flight's image lies up to 25 m off east and north, is brought onto the earlier one, surveyed and
read on the pair's working grid. The earlier image is of a day before every change, the flight of
any season after them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import hypot
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import numpy as np
from affine import Affine

from geo.crs import SHANGHAI_PLANE
from geo.geobox import GeoBox, Window
from geo.raster import Pair
from models.evaluation.case import Case
from tiles.common_grid import common_grid, gsd_m, working_grid
from tiles.drone.bring import Placing, bring_together
from tiles.drone.photo import Photo
from tiles.drone.quick_look.mosaic import Runs
from tiles.drone.quick_look.quick_look import quick_look
from tiles.drone.read_photo import read_photo
from tiles.files.open_scene import open_scene
from tiles.reading.read import PairReader
from tiles.scene import Scene
from tiles.sources.source import BANDS_FILE
from tiles.survey.survey import survey
from tiles.synthetic.camera import DRONE, MSI_10M, Camera
from tiles.synthetic.flight import fly, waste_with_signs
from tiles.synthetic.flight_plan import SMALL, FlightPlan
from tiles.synthetic.ground import Ground, make_ground
from tiles.synthetic.moment import Moment, moment_of
from tiles.synthetic.orthophoto import write_orthophoto
from tiles.synthetic.render import render
from tiles.synthetic.sample import write_tif
from tiles.synthetic.shown import Bounds
from tiles.synthetic.truth import truth

GROUND_M = 1600.0
"""Edge of one ground; a flight sees a part of it around a change."""
SHIFT_M = 25.0
"""A flight's image lies up to so far off, east and north."""
BANDS = ("red", "green", "blue")
"""What is compared."""
OTHER_DRONE = Camera(
    "合成无人机乙", BANDS, (560.0, 600.0, 560.0), (10.0, 4.0, 8.0), blur_px=0.9, noise=3.0
)
"""The earlier flight's camera."""
AERIAL = Camera("合成航片", BANDS, (700.0, 640.0, 600.0), (0.0, 0.0, 20.0), blur_px=0.7, noise=2.0)
"""An aerial survey's camera."""


@dataclass(frozen=True, slots=True)
class Against:
    """An earlier image."""

    camera: Camera
    """Its camera."""
    gsd_m: float
    """Its pixel."""
    floor_m2: float
    """Least candidate beside it (minimum_areas.toml)."""


BEFORES: Mapping[str, Against] = MappingProxyType(
    {
        "flight": Against(OTHER_DRONE, 0.05, 25.0),
        "aerial": Against(AERIAL, 0.5, 200.0),
        "satellite": Against(MSI_10M, 10.0, 5000.0),
    }
)
"""Earlier images by name."""


@dataclass(frozen=True, slots=True)
class Place:
    """What is flown over, and when."""

    ground: Ground
    """It; its events are the truth."""
    area: Bounds
    """Local metres."""
    days: tuple[Moment, Moment]
    """Of the earlier image and of the flight."""
    shift_m: tuple[float, float]
    """How far east and north of its place the flight's image shows everything."""


@dataclass(frozen=True, slots=True)
class Flown:
    """A flight beside an earlier image."""

    case: Case
    """Both on the working grid, with the truth."""
    placing: Placing
    """How it was brought there."""
    off_m: float | None
    """What its image really lies off afterwards; None: not known."""


def place_of(seed: int, edge_m: float) -> Place:
    """A square around one change of a seed's ground."""
    rng = np.random.default_rng([seed, 7])
    ground = make_ground(seed, GROUND_M)
    changes = [event for event in ground.events if event.is_change]
    middle = changes[int(rng.integers(len(changes)))].outline.mean(axis=0)
    west, south = np.floor(np.clip(middle - edge_m / 2, 0, ground.size_m - edge_m) / 10) * 10
    east, north = rng.uniform(-SHIFT_M, SHIFT_M, 2)
    area = (float(west), float(south), float(west + edge_m), float(south + edge_m))
    return Place(ground, area, _days(rng), (float(east), float(north)))


def flown_over(
    seed: int, befores: Sequence[str], edge_m: float, gsd_m: float = 0.05
) -> Iterator[Flown]:
    """One flight of pixels of `gsd_m` beside each of the earlier images, as orthophotos."""
    place = place_of(seed, edge_m)
    with TemporaryDirectory(prefix="hongxian-flight-") as folder:
        image = Path(folder) / "flight.tif"
        write_orthophoto(image, place.ground, place.days[1], place.area, gsd_m, place.shift_m)
        for name in befores:
            pixel = gsd_m if name == "flight" else BEFORES[name].gsd_m
            before = earlier_image(Path(folder), place, BEFORES[name].camera, pixel)
            yield _brought(f"flight {seed} on {name}", place, image, before, place.shift_m)


def quick_look_over(seed: int, befores: Sequence[str], runs: Runs) -> Iterator[Flown]:
    """One flight as photos of 5 cm whose device does not know quite where it is, laid together."""
    rng, ground = np.random.default_rng([seed, 8]), make_ground(seed, GROUND_M)
    x, y = waste_with_signs(ground)
    around = 55.0, 50.0
    area = (x - around[0], y - around[1], x + around[0], y + around[1])
    place = Place(ground, area, _days(rng), (0.0, 0.0))
    plan = FlightPlan(
        (x - 22, y - 24, x + 22, y + 24), 29.5, SMALL, forward=0.7, side=0.6, seed=seed
    )
    with TemporaryDirectory(prefix="hongxian-flight-") as name:
        folder = Path(name)
        photos = runs.run(_photos, place, plan, folder / "photos")
        work = folder / "work"
        work.mkdir()
        made = quick_look(photos, work, runs, lambda: None)
        for before in befores:
            against = BEFORES[before]
            earlier = runs.run(earlier_image, folder, place, against.camera, against.gsd_m)
            title = f"quick look {seed} on {before}"
            yield runs.run(
                _brought, title, place, work / BANDS_FILE, earlier, None, made.position_error_m
            )


def earlier_image(folder: Path, place: Place, camera: Camera, gsd_m: float) -> Scene:
    """Write what a camera saw of a place on its earlier day, where it lies."""
    path = folder / f"before-{gsd_m:g}.tif"
    if gsd_m < 0.5:
        write_orthophoto(path, place.ground, place.days[0], place.area, gsd_m, camera=camera)
    else:
        grid = _grid(place, gsd_m)
        seen = render(place.ground, place.days[0], camera, grid).raster
        whole = seen.pixels.astype(np.uint16)
        stored = whole.astype(np.uint8) if camera.dtype == "uint8" else whole
        write_tif(path, grid, stored, seen.bands, place.days[0].day)
    return open_scene(str(path), place.days[0].day)


def read_pair(before: Scene, after: Scene, grid: GeoBox) -> Pair:
    """Both whole, on a grid, after a survey."""
    reader = PairReader(before, after, BANDS, grid)
    return reader.read(Window(0, 0, *grid.shape), survey(reader, grid).fit)


def _brought(
    name: str,
    place: Place,
    image: Path,
    before: Scene,
    shift_m: tuple[float, float] | None,
    error_m: float | None = None,
) -> Flown:
    """The image on the earlier one, with the truth of where it should lie."""
    moved = image.with_name(f"moved-{gsd_m(before.geobox):g}.tif")
    placing = bring_together(image, before, moved, error_m)
    after = open_scene(str(moved), place.days[1].day)
    grid = working_grid(common_grid(before, after))
    classes, alike = truth(place.ground, grid, *place.days)
    pair = read_pair(before, after, grid)
    case = Case(name, pair, classes > 0, gsd_m(grid), classes, alike)
    if shift_m is None:
        return Flown(case, placing, None)
    east, north = (placing.east_m, placing.north_m) if placing.applied else (0.0, 0.0)
    return Flown(case, placing, hypot(shift_m[0] + east, shift_m[1] + north))


def _photos(place: Place, plan: FlightPlan, folder: Path) -> list[Photo]:
    flown = fly(place.ground, place.days[1], plan, folder, DRONE)
    return [read_photo(folder / frame.name, frame.name) for frame in flown.frames]


def _days(rng: np.random.Generator) -> tuple[Moment, Moment]:
    earlier = date(2023, 1, 1) + timedelta(int(rng.integers(0, 98)))
    later = date(2024, 3, 21) + timedelta(int(rng.integers(0, 280)))
    first, second = (int(seed) for seed in rng.integers(1, 2**31, 2))
    return moment_of(earlier, seed=first), moment_of(later, seed=second)


def _grid(place: Place, gsd_m: float) -> GeoBox:
    """The place's area in whole pixels."""
    xmin, ymin, xmax, ymax = place.area
    x, y = place.ground.origin
    across, down = round((xmax - xmin) / gsd_m), round((ymax - ymin) / gsd_m)
    corner = Affine(gsd_m, 0.0, x + xmin, 0.0, -gsd_m, y + ymin + down * gsd_m)
    return GeoBox(SHANGHAI_PLANE, corner, down, across)
