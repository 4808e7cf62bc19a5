"""Doubt: how far the mosaic may be from the truth, measured on the flight itself.

X is the horizontal error of position, as a root mean square over the mosaic, that nine flights in
ten keep to. It adds up what the adjustment leaves open (its covariance: GPS of the frames as far
apart as this flight shows it, heading, tilt, height, and what follows for ground away from below
the cameras; larger for frames that hang on no others), what stands above the ground (from how far
neighbours still disagree), and what no adjustment can see: the error that GPS has in all frames
alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import splu
from scipy.spatial.transform import Rotation

from tiles.drone.quick_look.adjust import COMMON, PER_FRAME, Adjusted
from tiles.drone.quick_look.frames import Frame
from tiles.drone.quick_look.links import Link
from tiles.drone.quick_look.poses import Poses, images_of_ground, lenses, through

SHARED_GPS_M = 1.5
"""Error of GPS without corrections that all frames of a flight share, one standard deviation per
axis."""
SHARED_RTK = 1.5
"""The same of a device that states its error, as a multiple of what it states."""
NINE_IN_TEN = 1.5
"""Error that nine flights in ten keep to, over that of the usual flight: 2.15 over root two for
errors that are normal and alike east and north."""
LEAST_APART = 0.1
"""Cameras nearer to each other, per metre of height, show too little of what stands up."""
MIDDLE = 0.2
"""Distance of usual ground from the middle of the frame that shows it, as part of its diagonal."""
LOOKED_AT = 48
"""Frames whose ground is looked at; more change nothing."""

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Doubt:
    """How far the mosaic may be off."""

    all_m: float
    """X of the whole mosaic, in metres."""
    islands_m: tuple[float, ...]
    """X of each group of frames that hang together, largest group first."""
    parts: tuple[tuple[str, float], ...]
    """What it is made of: words and metres (RMS)."""


def doubt(
    frames: Sequence[Frame],
    adjusted: Adjusted,
    links: Sequence[Link],
    groups: Sequence[Sequence[int]],
) -> Doubt:
    """How far the mosaic of these frames may be off; `groups` are those that hang together."""
    open_m2 = _left_open(frames, adjusted, groups)
    relief_m2 = _relief(frames, adjusted, links)
    shared_m2 = _shared(frames)
    each = [NINE_IN_TEN * float(np.sqrt(part + relief_m2 + shared_m2)) for part in open_m2]
    sizes = np.array([len(group) for group in groups], float)
    usual = float((open_m2 * sizes).sum() / sizes.sum())
    parts = (
        ("GPS shared by all frames", shared_m2),
        ("left open by the adjustment", usual),
        ("what stands above the ground", relief_m2),
    )
    return Doubt(
        NINE_IN_TEN * float(np.sqrt(usual + relief_m2 + shared_m2)),
        tuple(each),
        tuple((words, float(np.sqrt(value))) for words, value in parts),
    )


def _shared(frames: Sequence[Frame]) -> float:
    each = [SHARED_GPS_M if f.gps_m is None else SHARED_RTK * f.gps_m for f in frames]
    return float(2 * np.median(each) ** 2)


def _left_open(
    frames: Sequence[Frame], adjusted: Adjusted, groups: Sequence[Sequence[int]]
) -> Matrix:
    """(groups) mean square of the ground's error, over the ground that frames are used for."""
    factor = splu(adjusted.normal)
    found = []
    for group in groups:
        step = max(1, -(-len(group) // max(2, LOOKED_AT // len(groups))))
        values = []
        for k in list(group)[::step]:
            reach = 0.25 if len(group) > 1 else 0.5  # beside others a frame gives its middle
            values += _of_frame(frames, adjusted.poses, k, reach, factor)
        found.append(np.mean(values))
    return np.array(found)


def _of_frame(
    frames: Sequence[Frame], poses: Poses, number: int, reach: float, factor: "splu"
) -> list[float]:
    """Variance (both axes) of where five points of a frame lie on the ground."""
    frame = frames[number]
    own = Poses(poses.centres[[number]], poses.axes[[number]])
    lens = lenses([frame])
    spots = np.array([(0, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)]) * reach * 0.7 + 0.5
    points = spots * np.array(frame.size)
    slopes = _slopes(lens, own, points)
    count = len(poses) * PER_FRAME + COMMON
    sides = np.zeros((count, 2 * len(points)))
    sides[number * PER_FRAME : (number + 1) * PER_FRAME] = slopes[:PER_FRAME]
    sides[-COMMON] = slopes[2]
    sides[-COMMON + 1 :] = slopes[3:]
    variance = (sides * factor.solve(sides)).sum(axis=0)
    return [float(value) for value in variance.reshape(-1, 2).sum(axis=1)]


def _slopes(lens: Matrix, pose: Poses, points: Matrix) -> Matrix:
    """(6, 2 n): how the ground under pixels moves with each number of a pose."""

    def ground(change: Matrix) -> Matrix:
        turn = Rotation.from_rotvec(change[3:]).as_matrix()
        moved = Poses(pose.centres + change[:3], turn @ pose.axes)
        image = np.linalg.inv(images_of_ground(lens, moved))
        return through(np.repeat(image, len(points), axis=0), points)

    here = ground(np.zeros(PER_FRAME))
    slopes = []
    for k in range(PER_FRAME):
        change = np.zeros(PER_FRAME)
        change[k] = 1e-4
        slopes.append(((ground(change) - here) / 1e-4).ravel())
    return np.stack(slopes)


def _relief(frames: Sequence[Frame], adjusted: Adjusted, links: Sequence[Link]) -> float:
    """Mean square that what stands above or below flat ground is off by in the mosaic.

    Two cameras disagree by its height x their distance / their height; the mosaic shows it off by
    its height x the distance from below the camera / the camera's height.
    """
    if not links:
        return 0.0
    centres = adjusted.poses.centres
    one, two = (centres[[getattr(link, k) for link in links]] for k in ("first", "second"))
    apart = np.hypot(*(two - one)[:, :2].T) / two[:, 2]
    heights = adjusted.off_m / np.maximum(apart, LEAST_APART)
    away = np.median([MIDDLE * np.hypot(*f.size) / f.focal_px for f in frames])
    return float((np.quantile(heights, 0.75) * away) ** 2)
