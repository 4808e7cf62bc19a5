"""Flight: photos of the ground from a drone, as files, with the truth of where they were taken.

The ground is flat to the camera: houses do not lean. Each frame is the ground through the true pose
(`tiles.drone.pinhole`); the file says the pose that the device believes.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from math import ceil, cos, floor, radians, sin
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from pyproj import Proj

from geo.change_class import ChangeClass
from geo.crs import SHANGHAI_PLANE, WGS84, transformer
from geo.errors import SceneError
from tiles.drone.pinhole import Matrix, image_of_ground, mapped
from tiles.synthetic.camera import DRONE, Camera
from tiles.synthetic.flight_plan import SMALL, Doubt, FlightPlan, Lens
from tiles.synthetic.ground import Ground, make_ground
from tiles.synthetic.moment import Moment, moment_of
from tiles.synthetic.near import NEAR_M
from tiles.synthetic.photo_file import Written, write_photo
from tiles.synthetic.sheet import Sheet
from tiles.synthetic.signs import signs_of

TRUTH_FILE = "truth.json"
"""End of the name of the file with the true poses, beside the folder of the photos."""

ZONE_H = 8
"""Hours that the camera clock is ahead of UTC."""

TAKE_OFF_M = 4.0
"""Altitude that the device gives the place of take-off."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a camera was and looked."""

    x: float
    """Local metres east."""
    y: float
    """Local metres north."""
    height_m: float
    """Above the ground."""
    yaw_deg: float
    """Clockwise from the north of the ground's grid, not from true north."""
    pitch_deg: float
    """-90 is straight down."""
    roll_deg: float
    """About the line of sight."""

    def to_image(self, lens: Lens) -> Matrix:
        """Homography (3, 3) from local metres (x, y, 1) to pixels of the frame."""
        foot = np.array([[1.0, 0.0, -self.x], [0.0, 1.0, -self.y], [0.0, 0.0, 1.0]])
        angles = self.yaw_deg, self.pitch_deg, self.roll_deg
        through: Matrix = image_of_ground(angles, self.height_m, lens.focal_px, lens.size) @ foot
        return through


@dataclass(frozen=True, slots=True)
class Frame:
    """One photo of a flight."""

    name: str
    """File name."""
    true: Pose
    """Where it was taken."""
    told: Pose
    """Where the device believes it was taken."""
    seconds: float
    """After the first frame."""


@dataclass(frozen=True, slots=True)
class Flown:
    """A flight as files."""

    folder: Path
    """The photos, nothing else."""
    plan: FlightPlan
    """How it was flown."""
    frames: tuple[Frame, ...]
    """In order of time."""

    @property
    def truth_path(self) -> Path:
        """JSON beside the folder: ground, true poses and the outlines of signs in EPSG:4549."""
        return self.folder.parent / f"{self.folder.name}.{TRUTH_FILE}"


def fly(
    ground: Ground, moment: Moment, plan: FlightPlan, folder: Path, camera: Camera = DRONE
) -> Flown:
    """Photograph the ground into `folder`; beside it goes the truth, `<folder>.truth.json`.

    Raises SceneError where the plan has pixels of NEAR_M or more.
    """
    if plan.gsd_m >= NEAR_M:
        raise SceneError(f"pixels of {plan.gsd_m:.2f} m: fly lower than {NEAR_M} m a pixel")
    folder.mkdir(parents=True, exist_ok=True)
    sheet = Sheet(ground, moment, replace(camera, noise=0.0), plan.gsd_m)
    frames = tuple(_frames(plan))
    for number, frame in enumerate(frames):
        pixels = _photograph(sheet, plan, frame, number, camera.noise)
        write_photo(folder / frame.name, pixels, plan.lens, _written(ground, plan, frame))
    flown = Flown(folder, plan, frames)
    flown.truth_path.write_text(_truth_text(ground, moment, flown), encoding="utf-8")
    return flown


def made_flight(
    folder: Path, ground: Ground | None = None, day: date = date(2024, 4, 6), **changed: object
) -> tuple[Ground, Flown]:
    """A dozen small frames at about 5 cm over a waste event with signs, in a few seconds.

    `changed` are fields of the FlightPlan to set otherwise.
    """
    ground = ground or make_ground(31, 1920)
    x, y = waste_with_signs(ground)
    plan = FlightPlan((x - 9.0, y - 12.0, x + 9.0, y + 12.0), 29.5, SMALL, forward=0.7, side=0.6)
    moment = moment_of(day, seed=plan.seed)
    return ground, fly(ground, moment, replace(plan, **changed), folder)  # type: ignore[arg-type]


def waste_with_signs(ground: Ground) -> tuple[float, float]:
    """Middle, in local metres, of an event that holds signs, waste heaps first."""
    events = {id(sign.event): sign.event for sign in signs_of(ground)}
    if not events:
        raise SceneError(f"ground of seed {ground.seed} holds no signs: take another seed")
    first = min(events.values(), key=lambda event: event.kind is not ChangeClass.WASTE_HEAP)
    low, high = first.outline.min(axis=0), first.outline.max(axis=0)
    x, y = (low + high) / 2
    return float(x), float(y)


def _frames(plan: FlightPlan) -> Iterator[Frame]:
    """Lines to and fro: every frame's place, true and told."""
    rng = np.random.default_rng([plan.seed, 71])
    width, height = (side * plan.gsd_m for side in plan.lens.size)
    step, apart = height * (1 - plan.forward), width * (1 - plan.side)
    xmin, ymin, xmax, ymax = plan.area
    middle = np.array([(xmin + xmax) / 2, (ymin + ymax) / 2])
    turn = radians(plan.heading_deg)
    along, across = np.array([sin(turn), cos(turn)]), np.array([cos(turn), -sin(turn)])
    size = np.array([xmax - xmin, ymax - ymin])
    long, wide = float(np.abs(along) @ size), float(np.abs(across) @ size)
    lines, count = max(1, ceil(wide / apart) + 1), max(1, ceil(long / step) + 1)
    seconds, number = 0.0, 0
    for line in range(lines):
        way = 1 if line % 2 == 0 else -1
        for n in range(count):
            at = middle + across * (line - (lines - 1) / 2) * apart
            at = at + along * way * (n - (count - 1) / 2) * step
            true = _swayed(rng, plan, at, plan.heading_deg + (0 if way > 0 else 180))
            number += 1
            yield Frame(f"DJI_{number:04d}.JPG", true, _told(rng, plan.doubt, true), seconds)
            seconds += step / plan.speed_ms
        seconds += apart / plan.speed_ms + 4.0


def _swayed(
    rng: np.random.Generator, plan: FlightPlan, at: NDArray[np.float64], yaw: float
) -> Pose:
    sway = plan.doubt.sway_deg * rng.normal(0, 1, 3)
    drift = min(1.0, plan.doubt.sway_deg) * rng.normal(0, 0.25, 3)
    return Pose(
        float(at[0] + drift[0]),
        float(at[1] + drift[1]),
        float(plan.height_m + drift[2]),
        float((yaw + sway[0] + 180) % 360 - 180),
        float(-90 + abs(sway[1]) * 0.6),
        float(sway[2] * 0.6),
    )


def _told(rng: np.random.Generator, doubt: Doubt, true: Pose) -> Pose:
    place, high, angles = rng.normal(0, 1, 2), rng.normal(), rng.normal(0, 1, 3)
    yaw, pitch, roll = angles * doubt.angle_deg
    return Pose(
        float(true.x + doubt.bias_m[0] + doubt.gps_m * place[0]),
        float(true.y + doubt.bias_m[1] + doubt.gps_m * place[1]),
        float(true.height_m + doubt.height_bias_m + doubt.height_m * high),
        float((true.yaw_deg + yaw + 180) % 360 - 180),
        float(max(-90.0, true.pitch_deg + pitch)),
        float(true.roll_deg + roll),
    )


def _photograph(
    sheet: Sheet, plan: FlightPlan, frame: Frame, number: int, noise: float
) -> NDArray[np.uint8]:
    """Pixels (y, x, 3) of a frame: the ground through its true pose, lens and sensor."""
    width, height = plan.lens.size
    through = frame.true.to_image(plan.lens)
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)
    ground = mapped(np.asarray(np.linalg.inv(through), np.float64), corners)
    pixel = np.array([sheet.pixel_of(x, y) for x, y in ground])
    left, top = (floor(float(edge)) - 4 for edge in pixel.min(axis=0))
    right, low = (ceil(float(edge)) + 4 for edge in pixel.max(axis=0))
    source = sheet.window(top, left, low - top, right - left)
    x0, y0 = left * sheet.gsd_m, (sheet.pixel_of(0, 0)[1] - top) * sheet.gsd_m
    g = sheet.gsd_m
    to_ground = np.array([[g, 0, x0 + g / 2], [0, -g, y0 - g / 2], [0, 0, 1]])  # OpenCV: centres
    to_pixel = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1.0]])
    warp = to_pixel @ through @ to_ground
    seen = cv2.warpPerspective(source, warp, (width, height), flags=cv2.INTER_CUBIC)
    return _sensed(np.asarray(seen, np.float32), plan, number, noise)


def _sensed(
    seen: NDArray[np.float32], plan: FlightPlan, number: int, noise: float
) -> NDArray[np.uint8]:
    """What lens, shutter and sensor make of it."""
    height, width = seen.shape[:2]
    rng = np.random.default_rng([plan.seed, 72, number])
    if number in plan.blurred:
        reach = max(9, round(width / 90))
        kernel = np.zeros((reach, reach), np.float32)
        np.fill_diagonal(kernel, 1 / reach)
        seen = np.asarray(cv2.filter2D(seen, -1, kernel), np.float32)
    x = (np.arange(width, dtype=np.float32) - width / 2) / np.hypot(width / 2, height / 2)
    y = (np.arange(height, dtype=np.float32) - height / 2) / np.hypot(width / 2, height / 2)
    away = x[None, :] ** 2 + y[:, None] ** 2
    seen *= (1 - np.float32(plan.lens.vignette) * away)[..., None]
    if number in plan.dark:
        seen *= np.float32(0.16)
    if number in plan.bright:
        seen = seen * np.float32(2.4) + np.float32(40)
    seen += np.float32(noise) * rng.standard_normal(seen.shape, dtype=np.float32)
    return np.clip(np.rint(seen), 0, 255).astype(np.uint8)


def _written(ground: Ground, plan: FlightPlan, frame: Frame) -> Written:
    """The told pose in the words of EXIF."""
    told = frame.told
    x, y = ground.to_world(np.array([told.x, told.y]))
    lon, lat = transformer(SHANGHAI_PLANE, WGS84).transform(x, y)
    north = Proj(SHANGHAI_PLANE).get_factors(lon, lat).meridian_convergence
    at = plan.start + timedelta(seconds=frame.seconds)
    clock = at + timedelta(hours=ZONE_H, seconds=plan.doubt.clock_s)
    yaw = (told.yaw_deg + north + 180) % 360 - 180
    return Written(
        lon, lat, told.height_m + TAKE_OFF_M, told.height_m, yaw, told.pitch_deg, told.roll_deg,
        clock.replace(tzinfo=None), at,
    )  # fmt: skip


def _truth_text(ground: Ground, moment: Moment, flown: Flown) -> str:
    signs = [
        {"kind": sign.kind.value, "outline": ground.to_world(sign.outline).round(3).tolist()}
        for sign in signs_of(ground)
        if sign.event.shows_on(moment.day)
    ]
    truth = {
        "ground": {"seed": ground.seed, "size_m": ground.size_m, "origin": ground.origin},
        "crs": "EPSG:4549",
        "day": moment.day.isoformat(),
        "gsd_m": flown.plan.gsd_m,
        "focal_px": flown.plan.lens.focal_px,
        "frames": [asdict(frame) for frame in flown.frames],
        "signs": signs,
    }
    return json.dumps(truth, indent=1)
