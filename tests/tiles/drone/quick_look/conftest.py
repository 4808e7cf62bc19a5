"""A small flight over painted flat ground, with true poses."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from geo.crs import SHANGHAI_PLANE, WGS84, transformer
from tiles.drone.photo import Photo
from tiles.drone.pinhole import image_of_ground

SIZE, FOCAL, HEIGHT = (400, 300), 350.0, 40.0
EAST, NORTH = 640_000.0, 3_460_000.0
GROUND_PX, GROUND_GSD = 1600, 0.08


class Inline:
    """Everything in this process."""

    def run(self, function: Callable[..., Any], *args: object) -> Any:  # noqa: ANN401
        return function(*args)

    def map(self, function: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[Any]:
        return map(function, items)


def painted(seed: int) -> NDArray[np.uint8]:
    """Ground (rows, columns, 3) with detail at every scale; row 0 is north."""
    rng = np.random.default_rng(seed)
    total = np.zeros((GROUND_PX, GROUND_PX, 3), np.float32)
    for cells in (10, 40, 160, 800):
        noise = rng.normal(0, 1, (cells, cells, 3)).astype(np.float32)
        total += cv2.resize(noise, (GROUND_PX, GROUND_PX), interpolation=cv2.INTER_CUBIC)
    return (118 + 28 * total).clip(5, 250).astype(np.uint8)


def ground_px(east: float, north: float) -> tuple[float, float]:
    """Column and row of the painted ground under a place, from its middle."""
    return GROUND_PX / 2 + east / GROUND_GSD, GROUND_PX / 2 - north / GROUND_GSD


@dataclass(frozen=True)
class Shot:
    """One frame to be taken: metres from the middle of the ground, degrees."""

    east: float
    north: float
    yaw: float
    pitch: float = -90.0
    light: float = 1.0


def take(shot: Shot, ground: NDArray[np.uint8], path: Path, number: int) -> Photo:
    image = image_of_ground((shot.yaw, shot.pitch, 0.0), HEIGHT, FOCAL, SIZE)
    columns = np.array([[GROUND_GSD, 0, -GROUND_PX / 2 * GROUND_GSD - shot.east],
                        [0, -GROUND_GSD, GROUND_PX / 2 * GROUND_GSD - shot.north],
                        [0, 0, 1]])  # fmt: skip
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
    matrix = np.linalg.inv(half) @ image @ columns @ half
    pixels = cv2.warpPerspective(ground, matrix, SIZE, flags=cv2.INTER_AREA)
    lit = (pixels * shot.light).clip(1, 255).astype(np.uint8)
    Image.fromarray(lit).save(path, quality=92)
    move = transformer(SHANGHAI_PLANE, WGS84).transform
    lon, lat = move(EAST + shot.east, NORTH + shot.north)
    (x0, y0), (x1, y1) = (move(EAST + shot.east, NORTH + d) for d in (-5.0, 5.0))
    north = np.degrees(np.arctan2((x1 - x0) * np.cos(np.radians(lat)), y1 - y0))
    taken = datetime(2026, 5, 1, 9, 30) + timedelta(seconds=2 * number)  # noqa: DTZ001
    return Photo(
        str(path), path.name, *SIZE, lon=lon, lat=lat, altitude_m=HEIGHT + 10, height_m=HEIGHT,
        taken=taken, yaw_deg=shot.yaw + north, pitch_deg=shot.pitch, roll_deg=0.0, focal_px=FOCAL,
    )  # fmt: skip


def lines(columns: int = 3, rows: int = 3) -> list[Shot]:
    """A lawn-mower flight: 11 m along, 15 m across."""
    shots = []
    for line in range(columns):
        for k in range(rows):
            along = (k - (rows - 1) / 2) * 11.0 * (1 if line % 2 == 0 else -1)
            yaw = 0.0 if line % 2 == 0 else 180.0
            light = 1.0 + 0.12 * ((k + line) % 2)
            shots.append(Shot((line - (columns - 1) / 2) * 15.0, along, yaw, light=light))
    return shots


def moved(photo: Photo, east: float, north: float) -> Photo:
    """The photo as if GPS had said that it was taken so many metres away."""
    x, y = transformer(WGS84, SHANGHAI_PLANE).transform(photo.lon, photo.lat)
    lon, lat = transformer(SHANGHAI_PLANE, WGS84).transform(x + east, y + north)
    return replace(photo, lon=lon, lat=lat)


@pytest.fixture(scope="session")
def ground() -> NDArray[np.uint8]:
    return painted(7)


@pytest.fixture(scope="session")
def flight(tmp_path_factory: pytest.TempPathFactory, ground: NDArray[np.uint8]) -> list[Photo]:
    """Nine photos; GPS errs by some decimetres."""
    folder, rng = tmp_path_factory.mktemp("flight"), np.random.default_rng(3)
    photos = [take(s, ground, folder / f"{k:03d}.jpg", k) for k, s in enumerate(lines())]
    return [moved(photo, *rng.normal(0, 0.4, 2)) for photo in photos]


@pytest.fixture(scope="session")
def tools() -> Any:  # noqa: ANN401
    """What tests take photos with."""
    return {"take": take, "shot": Shot, "moved": moved, "inline": Inline, "painted": painted}
