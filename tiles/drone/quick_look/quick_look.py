"""Quick look: the photos of a flight as one image of the ground, with its error of position.

Frames are placed by their pose over flat ground, refined between neighbours, and laid together.
What leans stays leaning: this is for a first look and for finding what changed, not for measuring.
"""

import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np

from geo.errors import SceneError
from tiles.drone.made import Made
from tiles.drone.photo import Photo
from tiles.drone.quick_look.adjust import Adjusted, adjust
from tiles.drone.quick_look.doubt import Doubt, doubt
from tiles.drone.quick_look.features import find_features, read_features
from tiles.drone.quick_look.frames import Frame, frames_of, left_out
from tiles.drone.quick_look.gains import gains
from tiles.drone.quick_look.groups import groups_of, of_another_place
from tiles.drone.quick_look.links import Link, Pair, link, neighbours
from tiles.drone.quick_look.mosaic import BANDS, Layout, Runs, lay_out, write_mosaic
from tiles.drone.quick_look.start import Start, start
from tiles.sources.source import BANDS_FILE

FINEST_M = 0.02
"""Pixels of a quick look are no finer than this."""


@dataclass(frozen=True, slots=True)
class Solved:
    """A flight whose frames have their place."""

    frames: tuple[Frame, ...]
    """The frames that are used."""
    links: tuple[Link, ...]
    """What they share; numbers count in `frames`."""
    adjusted: Adjusted
    """Their poses."""
    groups: tuple[tuple[int, ...], ...]
    """Which hang together, the largest group first."""
    doubt: Doubt
    """How far they may be off."""
    steps: tuple[str, ...]
    """What was found and left out, a line each."""


def quick_look(
    photos: Sequence[Photo],
    work: Path,
    runner: Runs,
    check: Callable[[], None],
    gsd_m: float | None = None,
) -> Made:
    """Write BANDS_FILE of a flight's photos into `work`: red, green and blue as a COG.

    It is 0 where no frame shows the ground, in EPSG:4549 in Shanghai and the UTM zone elsewhere.
    `gsd_m` is the wanted length of a pixel's edge; by default that of the median frame, never finer
    than FINEST_M. Points that were found are kept in `work` until the end: called again after a
    kill it gives the same bytes. `check` is called between steps. Raises SceneError (no photo can
    be laid on the ground), DiskFullError, WorkerError, and what `check` raises.
    """
    kept = work / "quick-look"
    kept.mkdir(parents=True, exist_ok=True)
    found = frames_of(photos)
    frames, lines = _decoded(found.frames, kept, runner, check)
    links = _links(frames, kept, runner, check)
    points = [len(read_features(frame, kept).points) for frame in frames]
    solved = runner.run(solve, frames, links, points)
    check()
    layout = lay_out(solved.frames, solved.adjusted.poses, found.plane, _gsd(solved, gsd_m))
    moments = [photo.taken for photo in photos if photo.taken is not None]
    tags = {"TIFFTAG_DATETIME": f"{max(moments):%Y:%m:%d %H:%M:%S}"} if moments else {}
    tags["HONGXIAN_QUICK_LOOK"] = _words(solved.doubt.all_m)[0]
    write_mosaic(
        work / BANDS_FILE,
        solved.frames,
        layout,
        gains(len(solved.frames), solved.links),
        kept / f"pieces-{_key(solved, layout)}",
        tags,
        runner,
        check,
    )
    shutil.rmtree(kept)
    return _made(solved, layout, (*found.steps, *lines, *solved.steps), len(photos))


def solve(frames: Sequence[Frame], links: Sequence[Link], points: Sequence[int]) -> Solved:
    """Poses of the frames from what neighbours share; `points` says how many each frame has.

    Raises SceneError where no frame has a pose.
    """
    first = start(frames, links)
    steps = list(first.steps)
    frames, links, points = _only(first.kept, frames, links, points)
    strange = of_another_place(frames, first.poses, groups_of(len(frames), links), points)
    if strange:
        steps.append(left_out("shows another place", [frames[k].name for k in strange]))
        rest = tuple(k for k in range(len(frames)) if k not in set(strange))
        first = _those(first, rest)
        frames, links, points = _only(rest, frames, links, points)
    adjusted = adjust(frames, first, links)
    groups = groups_of(len(frames), links)
    return Solved(
        tuple(frames),
        tuple(links),
        adjusted,
        tuple(tuple(group) for group in groups),
        doubt(frames, adjusted, links, groups),
        tuple(steps),
    )


def _only(
    kept: Sequence[int], frames: Sequence[Frame], links: Sequence[Link], points: Sequence[int]
) -> tuple[list[Frame], list[Link], list[int]]:
    new = {old: number for number, old in enumerate(kept)}
    among = [one for one in links if one.first in new and one.second in new]
    moved = [replace(one, first=new[one.first], second=new[one.second]) for one in among]
    return [frames[k] for k in kept], moved, [points[k] for k in kept]


def _those(first: Start, kept: tuple[int, ...]) -> Start:
    rows = list(kept)
    poses = replace(first.poses, centres=first.poses.centres[rows], axes=first.poses.axes[rows])
    return Start(kept, poses, first.yaw_error_deg[rows], first.steps)


def _decoded(
    frames: Sequence[Frame], kept: Path, runner: Runs, check: Callable[[], None]
) -> tuple[list[Frame], list[str]]:
    """Frames whose pixels can be read, their features kept."""
    good, bad = [], []
    for frame, why in zip(frames, runner.map(_Sought(str(kept)), frames), strict=True):
        check()
        if why is None:
            good.append(frame)
        else:
            bad.append(why)
    if not good:
        raise SceneError(f"no photo can be decoded: {bad[0]}")
    return good, [f"left out, {why}" for why in bad]


@dataclass(frozen=True, slots=True)
class _Sought:
    """`find_features` into one folder."""

    kept: str

    def __call__(self, frame: Frame) -> str | None:
        return find_features(frame, self.kept)


def _links(
    frames: Sequence[Frame], kept: Path, runner: Runs, check: Callable[[], None]
) -> list[Link]:
    pairs = [
        Pair(one, two, (frames[one], frames[two]), str(kept)) for one, two in neighbours(frames)
    ]
    links = []
    for found in runner.map(link, pairs):
        check()
        if found is not None:
            links.append(found)
    return links


def _gsd(solved: Solved, wanted: float | None) -> float:
    heights = solved.adjusted.poses.centres[:, 2]
    fine = [h / f.focal_px for h, f in zip(heights, solved.frames, strict=True)]
    return float(max(FINEST_M, np.ceil(median(fine) * 1000) / 1000 if wanted is None else wanted))


def _key(solved: Solved, layout: Layout) -> str:
    """Pieces that were cut by other poses are no good."""
    poses = solved.adjusted.poses
    told = hashlib.sha256(poses.centres.tobytes() + poses.axes.tobytes())
    told.update(repr((layout.grid, [f.path for f in solved.frames])).encode())
    return told.hexdigest()[:16]


def _words(error_m: float) -> tuple[str, str]:
    """How it is marked, in English and Chinese."""
    return f"quick look, position +-{error_m:.1f} m", f"快速拼图，位置误差 ±{error_m:.1f} 米"


def _made(solved: Solved, layout: Layout, steps: Sequence[str], photos: int) -> Made:
    error = solved.doubt.all_m
    english, chinese = _words(error)
    gps = solved.adjusted.gps_off_m
    lines = [
        *steps,
        f"{len(solved.frames)} of {photos} photos laid on flat ground and refined between "
        f"{len(solved.links)} overlapping pairs",
    ]
    if solved.links:
        lines.append(
            f"neighbours agree within {np.median(solved.adjusted.off_m):.2f} m; cameras lie "
            f"{np.sqrt((gps**2).sum(axis=1).mean()):.2f} m from their GPS (RMS)"
        )
    if len(solved.groups) > 1:
        lone = [len(group) for group in solved.groups[1:]]
        worst = max(solved.doubt.islands_m)
        lines.append(
            f"{sum(lone)} photos in {len(lone)} islands overlap with no others: placed by "
            f"their own pose, position +-{worst:.1f} m"
        )
    parts = ", ".join(f"{words} {metres:.2f} m" for words, metres in solved.doubt.parts)
    lines += [f"error of position from: {parts}", english]
    properties = {
        "hongxian:quick_look": english,
        "hongxian:quick_look_zh": chinese,
        "hongxian:photos": len(solved.frames),
        "hongxian:islands": len(solved.groups) - 1,
    }
    size = layout.grid.pixel_size[0]
    return Made(BANDS, size, round(error, 2), tuple(lines), properties)
