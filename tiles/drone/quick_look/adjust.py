"""Adjust: all poses of a flight at once, so that the ground agrees where frames overlap.

Unknown are six numbers per frame (position, height, three small turns) and four that all frames
share (height of the ground, and how the camera hangs). GPS, stated height and stated angles hold
them weakly, points seen twice strongly; a robust least squares, sparse in the frames. Lens
distortion is not modelled: makers correct for most of it, and frames are used near their middle.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import splu
from scipy.spatial.transform import Rotation

from tiles.drone.quick_look.frames import Frame
from tiles.drone.quick_look.links import Link
from tiles.drone.quick_look.poses import Poses, images_of_ground, lenses, through
from tiles.drone.quick_look.start import Start

GPS_M, LEAST_GPS_M = 1.0, 0.05
"""Error of GPS between the frames of one flight (one standard deviation per axis): of a device that
states none, and the least that is believed (the shutter is not where the antenna is)."""
HEIGHT_M, GROUND_PART = 1.0, 0.1
"""Height of one frame against the others; height of all above the ground, as a part of it."""
TILT_DEG, UNTOLD_TILT_DEG = 0.7, 4.0
"""Tilt of one frame: stated, and not stated."""
HANG_TILT_DEG, HANG_YAW_DEG = 1.0, 4.0
"""Tilt and heading that are wrong in all frames alike."""
LEAST_OFF_PX = 1.0
"""Points are never found better than this, in stored pixels."""
RELIEF_M = 1.5
"""Height of what stands on flat ground: points are off by as much as it leans between cameras."""
SAYING = 4.0
"""Points of one pair are not independent: together they weigh as much as so many."""
ROUNDS = 25
PER_FRAME, COMMON = 6, 4

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Poses that agree with each other, and how well they are known."""

    poses: Poses
    """The poses."""
    normal: sp.csc_matrix
    """Information on all unknowns: its inverse is their covariance."""
    off_m: Matrix
    """(links) how far apart the two frames of each link lay the same ground (robust RMS)."""
    gps_off_m: Matrix
    """(n, 2) adjusted positions from those of GPS, east and north."""
    gps_m: Matrix
    """(n) error of GPS that this flight shows, one standard deviation per axis."""


@dataclass(slots=True)
class _Problem:
    """The flight as arrays."""

    lens: Matrix
    base: Poses
    first: NDArray[np.intp]
    second: NDArray[np.intp]
    link: NDArray[np.intp]
    here: Matrix
    there: Matrix
    share: Matrix
    lean: Matrix
    prior: Matrix

    def poses(self, state: Matrix) -> Poses:
        own = state[:-COMMON].reshape(-1, PER_FRAME)
        centres = self.base.centres + own[:, :3]
        centres[:, 2] = np.maximum(centres[:, 2] + state[-COMMON], 1.0)
        turns = Rotation.from_rotvec(own[:, 3:] + state[-3:]).as_matrix()
        return Poses(centres, turns @ self.base.axes)

    def off(self, first: Matrix, second: Matrix) -> Matrix:
        """(m, 2) pixels between where a point is and where its twin says it is."""
        back = np.asarray(np.linalg.inv(first), np.float64)
        ground = through(back[self.first], self.here)
        return through(second[self.second], ground) - self.there

    def images(self, state: Matrix) -> Matrix:
        return images_of_ground(self.lens, self.poses(state))

    def jacobian(self, state: Matrix) -> sp.csr_matrix:
        """(2 m, unknowns), by differences: each number moves in all frames at once."""
        now = self.images(state)
        here = self.off(now, now)
        m, count = len(here), len(state)
        rows = np.arange(2 * m).reshape(m, 2)
        values, row, column = [], [], []
        for k in range(PER_FRAME + COMMON):
            step = 1e-4 if k in {3, 4, 5, 7, 8, 9} else 1e-2
            moved = state.copy()
            where = slice(k, count - COMMON, PER_FRAME)
            moved[where if k < PER_FRAME else count - COMMON + k - PER_FRAME] += step
            images = self.images(moved)
            if k < PER_FRAME:
                sides = [(self.off(images, now), self.first), (self.off(now, images), self.second)]
                for off, frame in sides:
                    values.append((off - here).ravel() / step)
                    row.append(rows.ravel())
                    column.append(np.repeat(frame * PER_FRAME + k, 2))
            else:
                values.append((self.off(images, images) - here).ravel() / step)
                row.append(rows.ravel())
                column.append(np.full(2 * m, count - COMMON + k - PER_FRAME))
        parts = np.concatenate(values), (np.concatenate(row), np.concatenate(column))
        return sp.csr_matrix(parts, shape=(2 * m, count))


def adjust(frames: Sequence[Frame], first: Start, links: Sequence[Link]) -> Adjusted:
    """Bring the frames of `first.kept` together; `links` count among those."""
    gps = np.array([GPS_M if f.gps_m is None else max(f.gps_m, LEAST_GPS_M) for f in frames])
    problem = _problem(frames, first, links, gps)
    state = _solve(problem, np.zeros(len(problem.prior)))
    spread = _spread(problem, state, links)
    if spread > 1.2:  # this flight's GPS is worse than was thought
        gps = gps * spread
        problem.prior[:-COMMON].reshape(-1, PER_FRAME)[:, :2] = gps[:, None]
        state = _solve(problem, state)
    images, poses = problem.images(state), problem.poses(state)
    off = problem.off(images, images)
    weights = _weights(problem, off)
    return Adjusted(
        poses,
        _normal(problem, state, weights),
        _link_off(problem, poses, off, len(links)),
        (poses.centres - problem.base.centres)[:, :2],
        gps,
    )


def _problem(frames: Sequence[Frame], first: Start, links: Sequence[Link], gps: Matrix) -> _Problem:
    counts = [len(link.here) for link in links]
    prior = np.zeros(len(frames) * PER_FRAME + COMMON)
    own = prior[:-COMMON].reshape(-1, PER_FRAME)
    told = np.array([f.pitch_deg is not None for f in frames])
    own[:, :2] = gps[:, None]
    own[:, 2] = HEIGHT_M
    own[:, 3:5] = np.radians(np.where(told, TILT_DEG, UNTOLD_TILT_DEG))[:, None]
    own[:, 5] = np.radians(first.yaw_error_deg)
    height = float(np.median(first.poses.centres[:, 2]))
    hang = np.radians([HANG_TILT_DEG, HANG_TILT_DEG, HANG_YAW_DEG])
    prior[-COMMON:] = [max(2.0, GROUND_PART * height), *hang]
    centre = first.poses.centres.copy()
    none = np.zeros((0, 2))
    return _Problem(
        lenses(frames),
        replace(first.poses, centres=centre),
        np.repeat([link.first for link in links], counts).astype(np.intp),
        np.repeat([link.second for link in links], counts).astype(np.intp),
        np.repeat(np.arange(len(links)), counts).astype(np.intp),
        np.concatenate([link.here for link in links]) if links else none,
        np.concatenate([link.there for link in links]) if links else none,
        np.repeat([min(1.0, SAYING / count) for count in counts], counts),
        np.repeat(_lean(frames, first.poses, links), counts),
        prior,
    )


def _lean(frames: Sequence[Frame], poses: Poses, links: Sequence[Link]) -> Matrix:
    """Pixels that RELIEF_M moves a point between the two frames of each link."""
    one = poses.centres[[link.first for link in links]].reshape(-1, 3)
    two = poses.centres[[link.second for link in links]].reshape(-1, 3)
    focal = np.array([frames[link.second].focal_px for link in links])
    apart = np.hypot(*(two - one)[:, :2].T)
    lean: Matrix = RELIEF_M * apart / (one[:, 2] * two[:, 2]) * focal
    return lean


def _solve(problem: _Problem, state: Matrix) -> Matrix:
    """Gauss-Newton, weights anew in each round."""
    for _ in range(ROUNDS):
        images = problem.images(state)
        off = problem.off(images, images)
        weights = _weights(problem, off)
        slope = problem.jacobian(state)
        pull = slope.T @ (np.repeat(weights, 2) * off.ravel())
        calm = _calm(problem, state)
        pull = pull + calm * state / problem.prior**2
        step = splu(_information(problem, slope, weights, calm)).solve(-pull)
        state = state + step
        if float(np.abs(step / problem.prior).max()) < 1e-3:
            break
    return state


def _calm(problem: _Problem, state: Matrix) -> Matrix:
    """Weights of the priors: one frame's lying GPS does not pull the others along."""
    calm = np.ones(len(state))
    own = (state / problem.prior)[:-COMMON].reshape(-1, PER_FRAME)
    far = (own[:, :2] ** 2).sum(axis=1)
    calm[:-COMMON].reshape(-1, PER_FRAME)[:, :2] = (1.0 / (1.0 + far / 9.0))[:, None]
    return calm


def _weights(problem: _Problem, off: Matrix) -> Matrix:
    """(m) weights of points: small where a point lies far off, by the flight's own spread."""
    if not len(off):
        return np.zeros(0)
    length = np.hypot(off[:, 0], off[:, 1])
    least = max(LEAST_OFF_PX, float(np.median(length)) / 1.18)
    usual = np.hypot(least, problem.lean)
    weights: Matrix = problem.share / (usual**2 * (1.0 + (length / (2.5 * usual)) ** 2))
    return weights


def _information(
    problem: _Problem, slope: sp.csr_matrix, weights: Matrix, calm: Matrix
) -> sp.csc_matrix:
    points = slope.T @ slope.multiply(np.repeat(weights, 2)[:, None])
    return sp.csc_matrix(points + sp.diags(calm / problem.prior**2))


def _normal(problem: _Problem, state: Matrix, weights: Matrix) -> sp.csc_matrix:
    slope = problem.jacobian(state)
    return _information(problem, slope, weights, _calm(problem, state))


def _spread(problem: _Problem, state: Matrix, links: Sequence[Link]) -> float:
    """How much farther from GPS the linked frames ended than its error says."""
    linked = sorted({k for link in links for k in (link.first, link.second)})
    if len(linked) < 4:
        return 1.0
    own = (state / problem.prior)[:-COMMON].reshape(-1, PER_FRAME)[linked, :2]
    return float(1.48 * np.median(np.abs(own)))


def _link_off(problem: _Problem, poses: Poses, off: Matrix, count: int) -> Matrix:
    """Metres on the ground between twins, per link: median length over 1.18 times root two."""
    height = poses.centres[problem.second, 2]
    metres = np.hypot(off[:, 0], off[:, 1]) * height / problem.lens[problem.second, 0, 0]
    parts = [metres[problem.link == k] for k in range(count)]
    return np.array([1.2 * np.median(part) for part in parts])
