"""Poses: where cameras were and how they looked, as arrays, and what frames make of flat ground."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiles.drone.pinhole import axes
from tiles.drone.quick_look.frames import Frame

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Poses:
    """Cameras over flat ground at height 0."""

    centres: Matrix
    """(n, 3) east, north and height above the ground, in metres."""
    axes: Matrix
    """(n, 3, 3) rows: right, down and forward of each camera as unit vectors (east, north, up)."""

    def __len__(self) -> int:
        return len(self.centres)


def lenses(frames: Sequence[Frame]) -> Matrix:
    """(n, 3, 3) from rays in a camera's own axes to its pixels; no distortion."""
    made = np.zeros((len(frames), 3, 3))
    for lens, frame in zip(made, frames, strict=True):
        width, height = frame.size
        lens[0, 0] = lens[1, 1] = frame.focal_px
        lens[:, 2] = width / 2, height / 2, 1.0
    return made


def images_of_ground(lens: Matrix, poses: Poses) -> Matrix:
    """(n, 3, 3) homographies from ground (east, north, 1) to pixels, as in `pinhole`."""
    drop = np.zeros((len(poses), 3, 3))
    drop[:, 0, 0] = drop[:, 1, 1] = 1.0
    drop[:, :, 2] = -poses.centres
    return lens @ poses.axes @ drop


def through(homographies: Matrix, points: Matrix) -> Matrix:
    """Points (m, 2), each through its own homography (m, 3, 3)."""
    lifted = (homographies[:, :, :2] * points[:, None, :]).sum(axis=2) + homographies[:, :, 2]
    flat: Matrix = lifted[:, :2] / lifted[:, 2:]
    return flat


def footprint(homography: Matrix, size: tuple[int, int]) -> Matrix:
    """(4, 2) ground under the corners of a frame, east and north, clockwise from the upper left."""
    width, height = size
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], float)
    ground = corners @ np.linalg.inv(homography).T
    flat: Matrix = ground[:, :2] / ground[:, 2:]
    return flat


def turned(yaw_deg: Sequence[float], frames: Sequence[Frame]) -> Matrix:
    """(n, 3, 3) axes of frames with these headings and the tilt they state."""
    pairs = zip(yaw_deg, frames, strict=True)
    return np.stack([axes(yaw, *frame.view) for yaw, frame in pairs])
