"""Pinhole: where a point of flat ground falls in a frame, and where a pixel lies on the ground.

Angles as drones write them: yaw clockwise from north, pitch -90 straight down, roll clockwise about
the line of sight. Pixels count from the upper left corner, centres at +0.5; ground in metres east
and north of the camera's foot. No lens distortion.
"""

from math import cos, radians, sin

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def axes(yaw_deg: float, pitch_deg: float, roll_deg: float) -> Matrix:
    """Rows: the camera's right, down and forward as unit vectors (east, north, up)."""
    yaw, pitch, roll = radians(yaw_deg), radians(pitch_deg), radians(roll_deg)
    forward = np.array([sin(yaw) * cos(pitch), cos(yaw) * cos(pitch), sin(pitch)])
    level = np.array([cos(yaw), -sin(yaw), 0.0])
    below = np.cross(forward, level)
    right = level * cos(roll) + below * sin(roll)
    return np.stack([right, below * cos(roll) - level * sin(roll), forward])


def image_of_ground(
    angles: tuple[float, float, float],
    height_m: float,
    focal_px: float,
    size: tuple[int, int],
) -> Matrix:
    """Homography (3, 3) from ground (east, north, 1) in metres to pixels (x, y, 1).

    `angles` are yaw, pitch, roll in degrees, `height_m` is the camera's height above the ground,
    `size` the frame's width and height. The third value is positive for ground before the camera.
    """
    width, height = size
    lens = np.array([[focal_px, 0.0, width / 2], [0.0, focal_px, height / 2], [0.0, 0.0, 1.0]])
    drop = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, -height_m]])
    image: Matrix = lens @ axes(*angles) @ drop
    return image


def mapped(homography: Matrix, points: Matrix) -> Matrix:
    """Points (n, 2) through a homography."""
    lifted = np.column_stack([points, np.ones(len(points))]) @ homography.T
    flat: Matrix = lifted[:, :2] / lifted[:, 2:]
    return flat
