"""Poses from shared points alone: random flights with truth, over ground that is not quite flat."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial.transform import Rotation

from tiles.drone.pinhole import axes
from tiles.drone.quick_look.frames import Frame
from tiles.drone.quick_look.gains import gains
from tiles.drone.quick_look.links import Link, neighbours
from tiles.drone.quick_look.poses import Poses, images_of_ground, lenses, through
from tiles.drone.quick_look.quick_look import Solved, solve

Matrix = NDArray[np.float64]
FOCAL = 2330.0


@dataclass(frozen=True)
class Flown:
    """A flight: what the files say, what neighbours share, and the truth."""

    frames: tuple[Frame, ...]
    links: tuple[Link, ...]
    truth: Poses
    ground: "Relief"


@dataclass(frozen=True)
class Relief:
    """Heights: a slope of the whole, and bumps."""

    slope: Matrix
    bumps: Matrix
    wide: float

    def at(self, place: Matrix) -> Matrix:
        cell = ((place / self.wide + 0.5) * len(self.bumps)).astype(int)
        row, column = cell.clip(0, len(self.bumps) - 1).T
        heights: Matrix = place @ self.slope + self.bumps[row, column]
        return heights


def fly(seed: int, *, rtk: bool = False, relief: float = 1.0) -> Flown:
    """GPS errs alike in all frames (1.5 m an axis), drifts, and heights, headings and tilts err."""
    rng = np.random.default_rng(seed)
    high = rng.uniform(40, 120)
    size = (4000, int(rng.choice([2250, 3000])))
    wide, tall = size[0] / FOCAL * high, size[1] / FOCAL * high
    step, apart = tall * rng.uniform(0.15, 0.4), wide * rng.uniform(0.25, 0.6)
    count, per = int(rng.integers(1, 5)), int(rng.integers(3, 9))
    azimuth = rng.uniform(0, 360)
    along, across = (np.array([np.sin(a), np.cos(a)]) for a in np.radians([azimuth, azimuth + 90]))
    error = 0.03 if rtk else 1.5
    shared, drift, noise = rng.normal(0, error, 2), np.zeros(2), 0.03 if rtk else 0.2
    low, off_yaw, hang = rng.normal(0, 0.04 * high), rng.normal(0, 3), rng.normal(0, 0.5, 2)
    frames, centres, turns = [], [], []
    for number in range(count * per):
        line, k = divmod(number, per)
        back = -1 if line % 2 else 1
        place = along * (k - per / 2) * step * back + across * (line - count / 2) * apart
        place = place + rng.normal(0, 0.5, 2)
        yaw = azimuth + (180 if line % 2 else 0) + rng.normal(0, 2)
        height = high + rng.normal(0, 0.4)
        tilt = [*np.radians(hang + rng.normal(0, 0.5, 2)), 0.0]
        drift = 0.9 * drift + rng.normal(0, noise, 2)
        told = place + shared + drift
        frames.append(Frame(
            "p", f"{number:03d}", size, FOCAL, float(told[0]), float(told[1]),
            float(height + low + rng.normal(0, 0.3)), float(yaw + off_yaw + rng.normal(0, 1.5)),
            -90.0, 0.0, error if rtk else None,
        ))  # fmt: skip
        centres.append([*place, height])
        turns.append(Rotation.from_rotvec(tilt).as_matrix() @ axes(yaw, -90, 0))
    bumps = gaussian_filter(rng.normal(0, 1, (64, 64)), 2)
    bumps = np.abs(bumps / bumps.std() * relief * rng.uniform(0, 2))
    ground = Relief(rng.normal(0, 0.01, 2) * relief, bumps, 6 * high)
    truth = Poses(np.array(centres), np.array(turns))
    return Flown(tuple(frames), tuple(shared_points(frames, truth, ground, rng)), truth, ground)


def shared_points(
    frames: list[Frame], truth: Poses, ground: Relief, rng: np.random.Generator
) -> list[Link]:
    images = np.linalg.inv(images_of_ground(lenses(frames), truth))
    links = []
    for one, two in neighbours(frames):
        size = np.array(frames[one].size)
        flat = through(np.repeat(images[[one]], 300, 0), rng.uniform(0, 1, (300, 2)) * size)
        spots = np.column_stack([flat, ground.at(flat)])
        here, there = (seen(spots, truth, k, size) for k in (one, two))
        both = ((here > 0) & (here < size) & (there > 0) & (there < size)).all(axis=1)
        if both.sum() >= 40:
            found = here[both][:48] + rng.normal(0, 1, (min(48, int(both.sum())), 2))
            links.append(Link(one, two, found, there[both][:48], (0.0, 0.0, 0.0)))
    return links


def seen(spots: Matrix, poses: Poses, number: int, size: NDArray[np.intp]) -> Matrix:
    ray = (spots - poses.centres[number]) @ poses.axes[number].T
    pixels: Matrix = ray[:, :2] / ray[:, 2:] * FOCAL + size / 2
    return pixels


def true_error_m(flown: Flown, solved: Solved) -> float:
    """RMS of where the ground is laid, for the middle of each frame."""
    rng = np.random.default_rng(0)
    was = np.linalg.inv(images_of_ground(lenses(flown.frames), flown.truth))
    now = np.linalg.inv(images_of_ground(lenses(solved.frames), solved.adjusted.poses))
    errors = []
    for number, frame in enumerate(flown.frames):
        pixels = (rng.uniform(-0.25, 0.25, (20, 2)) + 0.5) * np.array(frame.size)
        flat = through(np.repeat(was[[number]], 20, 0), pixels)
        foot, height = flown.truth.centres[number, :2], flown.truth.centres[number, 2]
        true = flat - (flat - foot) * (flown.ground.at(flat) / height)[:, None]
        laid = through(np.repeat(now[[number]], 20, 0), pixels)
        errors.append(((laid - true) ** 2).sum(axis=1))
    return float(np.sqrt(np.mean(errors)))


def solved_of(flown: Flown) -> Solved:
    return solve(flown.frames, flown.links, [2000] * len(flown.frames))


SEEDS = st.integers(0, 10_000)


@given(SEEDS)
@settings(max_examples=6)
def test_over_flat_ground_with_rtk_positions_come_back(seed: int) -> None:
    flown = fly(seed, rtk=True, relief=0.0)
    solved = solved_of(flown)
    assert len(solved.frames) == len(flown.frames)
    assert true_error_m(flown, solved) < 2.0
    assert np.median(solved.adjusted.off_m) < 0.25


@given(SEEDS)
@settings(max_examples=6)
def test_lies_about_heading_and_height_change_little(seed: int) -> None:
    flown = fly(seed)
    lies = tuple(
        replace(f, yaw_deg=(f.yaw_deg or 0) + 180, height_m=(f.height_m or 0) * 1.8)
        for f in flown.frames
    )
    honest = true_error_m(flown, solved_of(flown))
    assert true_error_m(flown, solved_of(replace(flown, frames=lies))) < honest + 0.6


@given(SEEDS)
@settings(max_examples=6)
def test_one_lying_position_does_not_pull_the_others(seed: int) -> None:
    flown = fly(seed)
    if len(flown.frames) < 8:
        return
    first = flown.frames[0]
    lies = (replace(first, east=first.east + 25.0), *flown.frames[1:])
    honest = solved_of(flown).adjusted.poses.centres[1:, :2]
    pulled = solved_of(replace(flown, frames=lies)).adjusted.poses.centres[1:, :2]
    assert np.hypot(*(np.median(pulled - honest, axis=0))) < 0.5


@given(st.integers(2, 12), SEEDS)
@settings(max_examples=20)
def test_gains_undo_what_frames_differ_by(count: int, seed: int) -> None:
    true = np.random.default_rng(seed).normal(0, 0.1, (count, 3))
    none = np.zeros((0, 2))
    links = [
        Link(k, k + 1, none, none, tuple(float(v) for v in true[k + 1] - true[k]))  # type: ignore[arg-type]
        for k in range(count - 1)
    ]
    left = np.log(gains(count, links)) + true
    assert (np.ptp(left, axis=0) < 0.03 + 0.1 * np.ptp(true, axis=0)).all()


@pytest.mark.slow
@pytest.mark.parametrize("gps", ["alone", "rtk"])
def test_nine_flights_in_ten_keep_to_the_error_told(gps: str) -> None:
    kept, ratios = 0, []
    for seed in range(50):
        flown = fly(seed, rtk=gps == "rtk")
        solved = solved_of(flown)
        true = true_error_m(flown, solved)
        kept += true <= solved.doubt.all_m
        ratios.append(solved.doubt.all_m / true)
    assert kept >= 45
    assert np.median(ratios) < 3.0  # and it is not told too large
