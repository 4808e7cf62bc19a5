"""Round things of one size: centres that edges all around point to, and their look inside.

Everything is counted in whole numbers from a neighbourhood of fixed reach, so a centre is the same
in whatever tile it is seen. Method: votes along gradients, by the directions they come from.
"""

from dataclasses import dataclass
from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from geo.raster import Mask

Bytes = NDArray[np.uint8]
Whole = NDArray[np.int64]
Exact = NDArray[np.float64]

SECTORS = 16
"""Directions that are told apart."""


@dataclass(frozen=True, slots=True)
class Size:
    """Which round things are looked for."""

    radii_m: tuple[float, ...]
    """Distances of the edge from the centre, in m."""
    least_edge: int
    """Sobel magnitude, in digital numbers of 0 to 255, from which an edge counts."""
    least_sides: int
    """Of SECTORS directions, how many must have an edge."""
    slack_px: int
    """Pixels by which an edge may lie off its place."""
    most_spread: float
    """Largest standard deviation of the brightness inside, in digital numbers."""
    least_contrast: float
    """Least difference from what lies around, in the band where it is largest."""

    @property
    def reach_m(self) -> float:
        """How far from a centre pixels are looked at, with peaks of neighbours, in m."""
        return 2 * max(self.radii_m) + 0.6


@dataclass(frozen=True, slots=True, eq=False)
class RoundThings:
    """Centres on a working grid."""

    rows: Whole
    """(n,) row of the centre's pixel."""
    cols: Whole
    """(n,) column."""
    sides: Whole
    """(n,) of SECTORS directions, how many have an edge."""
    radii_m: Exact
    """(n,) radius in m."""
    colours: Exact
    """(n, 3) mean red, green, blue inside, 0 to 255."""
    spreads: Exact
    """(n,) standard deviation of the brightness inside."""
    contrasts: Exact
    """(n,) difference from what lies around."""

    def __len__(self) -> int:
        return len(self.rows)

    def chosen(self, which: Mask | Whole) -> "RoundThings":
        """Some of them."""
        return RoundThings(
            self.rows[which], self.cols[which], self.sides[which], self.radii_m[which],
            self.colours[which], self.spreads[which], self.contrasts[which],
        )  # fmt: skip

    def moved(self, rows: int, cols: int) -> "RoundThings":
        """The same on a grid whose first pixel lies so far before."""
        return RoundThings(
            self.rows + rows, self.cols + cols, self.sides, self.radii_m,
            self.colours, self.spreads, self.contrasts,
        )  # fmt: skip


def round_things(image: Bytes, valid: Mask, gsd_m: float, size: Size) -> RoundThings:
    """Centres in an image (3, y, x) of pixels of `gsd_m`; not to be trusted near its rim."""
    edges = _edges(image, valid, size.least_edge)
    best = np.zeros(valid.shape, np.uint8)
    total, ties = np.zeros(valid.shape), np.ones(valid.shape)
    for radius in size.radii_m:
        sides = _sides(edges, valid.shape, radius / gsd_m, size.slack_px)
        better, equal = sides > best, (sides == best) & (sides > 0)
        best[better], total[better], ties[better] = sides[better], radius, 1
        total[equal] += radius
        ties[equal] += 1
    rows, cols = np.nonzero(_peaks(best, size, gsd_m) & valid)
    rows, cols = rows.astype(np.int64), cols.astype(np.int64)
    radii = total[rows, cols] / ties[rows, cols]  # of several that fit as well, the mean
    return _described(image, (rows, cols), best[rows, cols].astype(np.int64), radii, gsd_m, size)


@dataclass(frozen=True, slots=True, eq=False)
class _Edges:
    """Edge pixels and the unit vector from each to a centre it speaks for, sorted by sector."""

    row: Exact
    col: Exact
    down: Exact
    right: Exact
    starts: Whole


def _edges(image: Bytes, valid: Mask, least: int) -> _Edges:
    """Of each pixel the band with the strongest edge counts."""
    across = np.zeros(valid.shape, np.int32)
    along = np.zeros(valid.shape, np.int32)
    power = np.zeros(valid.shape, np.int32)
    for band in image:
        dx = cv2.Sobel(band, cv2.CV_16S, 1, 0, ksize=3).astype(np.int32)
        dy = cv2.Sobel(band, cv2.CV_16S, 0, 1, ksize=3).astype(np.int32)
        own = dx * dx + dy * dy
        more = own > power
        power[more], across[more], along[more] = own[more], dx[more], dy[more]
    seen = cv2.erode(valid.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    row, col = np.nonzero((power >= least * least) & seen)
    length = np.sqrt(power[row, col].astype(np.float64))
    right, down = across[row, col] / length, along[row, col] / length
    row, col = np.concatenate([row, row]), np.concatenate([col, col])
    right, down = np.concatenate([right, -right]), np.concatenate([down, -down])
    sector = _sector(right, down)
    order = np.argsort(sector, kind="stable")
    starts = np.searchsorted(sector[order], np.arange(SECTORS + 1))
    return _Edges(
        row[order].astype(np.float64), col[order].astype(np.float64), down[order], right[order],
        starts.astype(np.int64),
    )  # fmt: skip


def _sector(right: Exact, down: Exact) -> Whole:
    """Which of sixteen directions; by comparisons only, which are exact on every machine."""
    steep = np.abs(down) > np.abs(right)
    long = np.where(steep, np.abs(down), np.abs(right))
    short = np.where(steep, np.abs(right), np.abs(down))
    off = (short > 0.41421356237309503 * long).astype(np.int64)
    quarter = np.where(down < 0, 2, 0) + np.where(right < 0, 1, 0)
    return quarter * 4 + np.where(steep, 2, 0) + off


def _sides(edges: _Edges, shape: tuple[int, int], radius_px: float, slack: int) -> Bytes:
    """(y, x) from how many directions an edge at `radius_px` speaks for the pixel as a centre."""
    rows = np.rint(edges.row + radius_px * edges.down).astype(np.int64)
    cols = np.rint(edges.col + radius_px * edges.right).astype(np.int64)
    inside = (rows >= 0) & (rows < shape[0]) & (cols >= 0) & (cols < shape[1])
    around = np.ones((2 * slack + 1, 2 * slack + 1), np.uint8)
    total = np.zeros(shape, np.uint8)
    for start, stop in zip(edges.starts[:-1], edges.starts[1:], strict=True):
        own = inside[start:stop]
        spot = np.zeros(shape, np.uint8)
        spot[rows[start:stop][own], cols[start:stop][own]] = 1
        total += cv2.dilate(spot, around).astype(np.uint8)
    return total


def _peaks(best: Bytes, size: Size, gsd_m: float) -> Mask:
    """Where most directions agree, the middle of a plateau before its rim."""
    soft = cv2.boxFilter(best.astype(np.int32).astype(np.float32), -1, (5, 5), normalize=False)
    rank = best.astype(np.int32) * 1024 + np.rint(soft).astype(np.int32)
    reach = max(1, ceil(0.5 * min(size.radii_m) / gsd_m))
    around = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    highest = cv2.dilate(rank.astype(np.float32), around)
    return np.asarray((best >= size.least_sides) & (rank >= highest), dtype=np.bool_)


def _described(
    image: Bytes,
    spots: tuple[Whole, Whole],
    sides: Whole,
    radii: Exact,
    gsd_m: float,
    size: Size,
) -> RoundThings:
    """What is inside and around each centre; those that are no one thing are left out."""
    rows, cols = spots
    inner = _disc(0.0, 0.75 * min(size.radii_m) / gsd_m)
    outer = _disc(1.15 * max(size.radii_m) / gsd_m, 1.45 * max(size.radii_m) / gsd_m)
    inside, around = _gathered(image, rows, cols, inner), _gathered(image, rows, cols, outer)
    colours, ground = inside.mean(axis=1), around.mean(axis=1)
    spreads = inside.sum(axis=2).std(axis=1) / 3
    contrasts = np.abs(colours - ground).max(axis=1, initial=0)
    found = RoundThings(rows, cols, sides, radii, colours, spreads, contrasts)
    return found.chosen((spreads <= size.most_spread) & (contrasts >= size.least_contrast))


def _disc(inner: float, outer: float) -> Whole:
    """(m, 2) offsets in pixels between two radii."""
    reach = ceil(outer)
    rows, cols = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    squared = rows * rows + cols * cols
    keep = (squared <= outer * outer) & (squared >= inner * inner)
    return np.stack([rows[keep], cols[keep]], axis=1).astype(np.int64)


def _gathered(image: Bytes, rows: Whole, cols: Whole, offsets: Whole) -> Exact:
    """(n, m, 3) pixels at offsets from each centre."""
    y = np.clip(rows[:, None] + offsets[None, :, 0], 0, image.shape[1] - 1)
    x = np.clip(cols[:, None] + offsets[None, :, 1], 0, image.shape[2] - 1)
    return image[:, y, x].transpose(1, 2, 0).astype(np.float64)
