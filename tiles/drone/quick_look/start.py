"""Start: a first pose of each frame, from what it states and from what its neighbours show.

How two frames lie to each other in pixels, and how far apart their cameras were by GPS, gives the
heading and the height of both. So what a file does not state, or states wrongly, is found.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import atan2, degrees, exp, hypot, log

import numpy as np
from numpy.typing import NDArray

from geo.errors import SceneError
from tiles.drone.pinhole import axes
from tiles.drone.quick_look.frames import Frame, left_out
from tiles.drone.quick_look.links import Link
from tiles.drone.quick_look.poses import Poses, turned

APART_M = 5.0
"""Cameras nearer than this say too little of heading and height: GPS errs by a metre or two."""
WRONG_YAW_DEG, WRONG_HEIGHT = 25.0, log(1.3)
"""A stated heading or height that is off by more than this is replaced by the one found."""
STATED_YAW_DEG, FOUND_YAW_DEG, TRACK_YAW_DEG = 3.0, 8.0, 20.0
"""Errors of a heading (one standard deviation): stated, found from neighbours, or of the track."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Start:
    """First poses of the frames that have one."""

    kept: tuple[int, ...]
    """Numbers of the frames that have a pose."""
    poses: Poses
    """Their poses."""
    yaw_error_deg: Floats
    """(n) error of each heading, one standard deviation."""
    steps: tuple[str, ...]
    """What was found or left out, a line each."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one link says of one frame."""

    frame: int
    yaw_deg: float
    height_m: float
    apart_m: float


def start(frames: Sequence[Frame], links: Sequence[Link]) -> Start:
    """First poses. Raises SceneError where no frame has one, and says why."""
    seen = [one for link in links for one in _seen(frames, link)]
    heights, height_steps = _heights(frames, seen)
    yaws, errors, yaw_steps = _yaws(frames, seen)
    kept = tuple(k for k in range(len(frames)) if heights[k] is not None and yaws[k] is not None)
    steps = [*height_steps, *yaw_steps]
    lost = {"no height, and no neighbour to find it by": heights}
    lost["no heading, and no neighbour to find it by"] = yaws
    for reason, values in lost.items():
        names = [f.name for f, value in zip(frames, values, strict=True) if value is None]
        if names:
            steps.append(left_out(reason, names))
    if not kept:
        raise SceneError(
            f"no photo can be laid on the ground ({'; '.join(steps)}); keep the photos as the "
            "drone wrote them, with height and heading"
        )
    used = [frames[k] for k in kept]
    centres = np.array([(frames[k].east, frames[k].north, heights[k]) for k in kept], float)
    turns = turned([yaws[k] or 0.0 for k in kept], used)
    return Start(kept, Poses(centres, turns), errors[list(kept)], tuple(steps))


def _seen(frames: Sequence[Frame], link: Link) -> list[_Seen]:
    """Heading and height of both frames: ground = centre + height x turn x ray on either side."""
    one, two = frames[link.first], frames[link.second]
    p, q = _rays(one, link.here), _rays(two, link.there)
    p0, q0 = p.mean(), q.mean()
    turn = ((q - q0).conj() * (p - p0)).sum() / max(float((abs(q - q0) ** 2).sum()), 1e-12)
    shift = p0 - turn * q0
    flown = complex(two.east - one.east, two.north - one.north)
    if abs(flown) < APART_M or abs(shift) < 0.02 or abs(turn) < 1e-3:
        return []
    scaled = flown / shift  # height x turn of the first
    return [
        _Seen(link.first, *_turn(scaled), abs(flown)),
        _Seen(link.second, *_turn(scaled * turn), abs(flown)),
    ]


def _turn(scaled: complex) -> tuple[float, float]:
    return -degrees(atan2(scaled.imag, scaled.real)), abs(scaled)


def _rays(frame: Frame, points: Floats) -> NDArray[np.complex128]:
    """Ground per metre of height under pixels, were the camera's heading north."""
    width, height = frame.size
    x = (points - np.array([width / 2, height / 2])) / frame.focal_px
    rays = np.column_stack([x, np.ones(len(x))]) @ axes(0.0, *frame.view)
    along = -rays[:, 2]
    return np.asarray(rays[:, 0] / along + 1j * rays[:, 1] / along, np.complex128)


def _heights(
    frames: Sequence[Frame], seen: Sequence[_Seen]
) -> tuple[list[float | None], list[str]]:
    stated = [frame.height_m for frame in frames]
    pairs = [(one, stated[one.frame]) for one in seen]
    ratios = [(one.height_m / told, one.apart_m) for one, told in pairs if told is not None]
    steps = []
    if ratios and sum(apart for _, apart in ratios) >= 4 * APART_M:
        off = _weighted_median([(log(ratio), apart) for ratio, apart in ratios])
        if abs(off) > WRONG_HEIGHT:
            steps.append(
                f"stated heights are {exp(-off):.2f} times what the photos and their positions "
                "show: corrected"
            )
            stated = [None if told is None else told * exp(off) for told in stated]
    found: list[float | None] = []
    for number, told in enumerate(stated):
        mine = [(one.height_m, one.apart_m) for one in seen if one.frame == number]
        found.append(told if told is not None else _weighted_median(mine) if mine else None)
    if any(told is None and now is not None for told, now in zip(stated, found, strict=True)):
        steps.append("heights that are not stated were found from the photos and their positions")
    return found, steps


def _yaws(
    frames: Sequence[Frame], seen: Sequence[_Seen]
) -> tuple[list[float | None], Floats, list[str]]:
    yaws: list[float | None] = []
    errors, replaced, tracked = [], [], []
    for number, frame in enumerate(frames):
        mine = [(one.yaw_deg, one.apart_m) for one in seen if one.frame == number]
        found = _mean_angle(mine)
        yaw, error = frame.yaw_deg, STATED_YAW_DEG
        if found is not None and (yaw is None or abs(_turned(found - yaw)) > WRONG_YAW_DEG):
            yaw, error = found, FOUND_YAW_DEG
            replaced.append(frame.name)
        elif yaw is None:
            yaw, error = _track(frames, number), TRACK_YAW_DEG
            tracked += [] if yaw is None else [frame.name]
        yaws.append(yaw)
        errors.append(error)
    steps = []
    if replaced:
        steps.append(f"heading of {len(replaced)} photos found from the photos and their positions")
    if tracked:
        steps.append(f"heading of {len(tracked)} photos taken from the track of the flight")
    return yaws, np.array(errors), steps


def _turned(angle: float) -> float:
    """An angle in degrees, from -180 to 180."""
    return (angle + 180.0) % 360.0 - 180.0


def _mean_angle(angles: Sequence[tuple[float, float]]) -> float | None:
    """Weighted mean of degrees; None where there are none, or they say different things."""
    if not angles:
        return None
    whole = sum(weight for _, weight in angles)
    total = sum(weight * np.exp(1j * np.radians(angle)) for angle, weight in angles) / whole
    return None if abs(total) < 0.8 else float(np.degrees(np.angle(total)))


def _weighted_median(values: Sequence[tuple[float, float]]) -> float:
    ordered = sorted(values)
    weights = np.cumsum([weight for _, weight in ordered])
    return ordered[int(np.searchsorted(weights, weights[-1] / 2))][0]


def _track(frames: Sequence[Frame], number: int) -> float | None:
    """Heading of the way flown around one frame."""
    flown = sorted(
        (k for k, f in enumerate(frames) if f.moment is not None),
        key=lambda k: (str(frames[k].moment), k),
    )
    if number not in flown:
        return None
    at = flown.index(number)
    headings = []
    for one, two in ((at - 1, at), (at, at + 1)):
        if one >= 0 and two < len(flown):
            a, b = frames[flown[one]], frames[flown[two]]
            east, north = b.east - a.east, b.north - a.north
            if hypot(east, north) >= APART_M / 2:
                headings.append(degrees(atan2(east, north)))
    return headings[0] if headings else None
