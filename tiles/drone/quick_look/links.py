"""Links: the same ground in two neighbouring frames, point by point."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import atan2, hypot, pi
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from tiles.drone.quick_look.features import read_features
from tiles.drone.quick_look.frames import Frame

SECTORS = 8
"""A frame is held against its nearest neighbour in each of so many directions."""
LIKE = 0.8
"""A point is found again if the next best is farther by this much."""
LEAST_POINTS, LEAST_PART = 16, 0.15
"""Of two frames that show the same ground: points on one plane, and their part of those alike."""
MOST_POINTS = 48
"""Points of a pair that are kept, spread over the overlap."""
OFF_PX = 0.0025
"""How far, in frame lengths, a point may be off the common plane."""

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Link:
    """Two frames of the same ground."""

    first: int
    """Number of a frame."""
    second: int
    """Number of another, higher."""
    here: Matrix
    """(n, 2) stored pixels of the first."""
    there: Matrix
    """(n, 2) the same ground in the second."""
    gain: tuple[float, float, float]
    """Logarithm of how much brighter the second is, in red, green and blue."""


def neighbours(frames: Sequence[Frame]) -> list[tuple[int, int]]:
    """Pairs of frames that may overlap: few per frame, in every direction, and in flight order."""
    spots = np.array([(f.east, f.north) for f in frames]).reshape(-1, 2)
    reach = _reach(frames)
    tree = cKDTree(spots)
    pairs = set()
    for number, spot in enumerate(spots):
        near = tree.query_ball_point(spot, reach) if np.isfinite(reach) else range(len(spots))
        order = sorted((hypot(*(spots[k] - spot)), k) for k in near if k != number)
        taken: set[int] = set()
        for _, other in order:
            dx, dy = spots[other] - spot
            sector = int((atan2(dy, dx) + pi) / (2 * pi) * SECTORS) % SECTORS
            if sector not in taken:
                taken.add(sector)
                pairs.add((min(number, other), max(number, other)))
    inside = {frozenset(pair) for pair in pairs}
    flown = [k for k, f in enumerate(frames) if f.moment is not None]
    flown.sort(key=lambda k: (str(frames[k].moment), k))
    for one, two in pairwise(flown):
        if hypot(*(spots[one] - spots[two])) <= reach and frozenset((one, two)) not in inside:
            pairs.add((min(one, two), max(one, two)))
    return sorted(pairs)


def _reach(frames: Sequence[Frame]) -> float:
    """Metres between cameras within which their frames may overlap."""
    heights = [f.height_m for f in frames if f.height_m is not None]
    if not heights:
        return float("inf")
    wide = [hypot(*f.size) / f.focal_px for f in frames]
    return 1.0 * median(heights) * median(wide) + 10.0


@dataclass(frozen=True, slots=True)
class Pair:
    """Two frames to be held against each other."""

    first: int
    """Number of a frame."""
    second: int
    """Number of another, higher."""
    frames: tuple[Frame, Frame]
    """The two."""
    work: str
    """Folder with the features."""


def link(pair: Pair) -> Link | None:
    """The same ground in two frames; None: they do not show the same. In a child process."""
    cv2.setNumThreads(1)
    one, two = (read_features(frame, Path(pair.work)) for frame in pair.frames)
    if min(len(one.points), len(two.points)) < LEAST_POINTS:
        return None
    ours, theirs = _alike(one.words, two.words)
    if len(ours) < LEAST_POINTS:
        return None
    here, there = one.points[ours], two.points[theirs]
    off = OFF_PX * max(pair.frames[1].size)
    plane, mask = cv2.findHomography(here, there, cv2.RANSAC, off, maxIters=3000, confidence=0.999)
    if plane is None or mask is None or not _is_view(np.asarray(plane), pair.frames):
        return None
    good = np.flatnonzero(mask.ravel())
    if len(good) < max(LEAST_POINTS, LEAST_PART * len(ours)):
        return None
    lights = np.log((two.colours[theirs] + 4.0) / (one.colours[ours] + 4.0))[good]
    gain = tuple(float(value) for value in np.median(lights, axis=0))
    spread = _spread(here[good], MOST_POINTS)
    return Link(
        pair.first,
        pair.second,
        here[good][spread].astype(np.float64),
        there[good][spread].astype(np.float64),
        (gain[0], gain[1], gain[2]),
    )


def _alike(
    one: NDArray[np.uint8], two: NDArray[np.uint8]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows that are each other's best, and clearly so."""
    a, b = one.astype(np.float32), two.astype(np.float32)
    apart = (a * a).sum(1)[:, None] + (b * b).sum(1)[None] - 2 * (a @ b.T)
    best = apart.argmin(axis=1)
    back = apart.argmin(axis=0)
    rows = np.arange(len(a))
    nearest = apart[rows, best]
    apart[rows, best] = np.inf
    clear = nearest < LIKE**2 * apart.min(axis=1)
    kept = np.flatnonzero(clear & (back[best] == rows))
    return kept, best[kept]


def _is_view(plane: Matrix, frames: tuple[Frame, Frame]) -> bool:
    """Whether a homography is what two cameras that look down can see of flat ground."""
    width, height = frames[0].size
    lens = frames[1].focal_px / frames[0].focal_px
    for x, y in ((0.5, 0.5), (0.25, 0.25), (0.75, 0.75), (0.25, 0.75), (0.75, 0.25)):
        step = np.array(
            [[x * width, y * height], [x * width + 1, y * height], [x * width, y * height + 1]]
        )
        moved = np.column_stack([step, np.ones(3)]) @ plane.T
        if (moved[:, 2] * moved[0, 2] <= 0).any():
            return False
        flat = moved[:, :2] / moved[:, 2:]
        jacobian = np.stack([flat[1] - flat[0], flat[2] - flat[0]])
        most, least = np.linalg.svd(jacobian, compute_uv=False)
        if (
            np.linalg.det(jacobian) <= 0
            or not 0.2 < least / lens <= most / lens < 5
            or most > 3 * least
        ):
            return False
    return True


def _spread(points: NDArray[np.float32], most: int) -> NDArray[np.intp]:
    """Numbers of up to `most` points, each far from those taken before."""
    if len(points) <= most:
        return np.arange(len(points))
    taken = [int(np.argmin(((points - points.mean(axis=0)) ** 2).sum(axis=1)))]
    apart = ((points - points[taken[0]]) ** 2).sum(axis=1)
    while len(taken) < most:
        taken.append(int(apart.argmax()))
        apart = np.minimum(apart, ((points - points[taken[-1]]) ** 2).sum(axis=1))
    return np.array(sorted(taken))
