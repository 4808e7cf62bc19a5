"""Features: points of a frame that can be found again in its neighbours, kept in a small file."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from geo.errors import SceneError
from tiles.drone.quick_look.frames import Frame

LOOKED_AT_PX = 1200
"""Longer side of the reduced frame in which points are sought."""
CELLS, PER_CELL = 10, 24
"""Points are taken evenly: the clearest of each of so many cells a side."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Features:
    """The points of one frame."""

    points: Floats
    """(n, 2) x and y in stored pixels, from the upper left corner."""
    words: NDArray[np.uint8]
    """(n, 128) what the surroundings look like."""
    colours: Floats
    """(n, 3) red, green and blue around each point, 0 to 255."""


def read_rgb(path: str, name: str, size: tuple[int, int], shrink: int = 1) -> NDArray[np.uint8]:
    """Pixels (rows, columns, 3) of a photo as they are stored.

    They are reduced up to `shrink` times (1, 2, 4 or 8) where its format can do that while it is
    decoded. Raises SceneError: it has another size, or cannot be decoded to its end.
    """
    try:
        with Image.open(path) as image:
            if image.size != size:
                raise SceneError(f"{name}: {image.size} pixels where {size} were told")
            if shrink > 1:
                image.draft("RGB", (size[0] // shrink, size[1] // shrink))
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise SceneError(f"{name}: cannot be decoded ({str(error)[:120]}); copy it anew") from None


def features_file(frame: Frame, work: Path) -> Path:
    """Where the features of a frame are kept."""
    told = f"{frame.path}\0{frame.name}\0{frame.size}"
    return work / f"features-{hashlib.sha256(told.encode()).hexdigest()[:20]}.npz"


def find_features(frame: Frame, work: str) -> str | None:
    """Look for the points of a frame and keep them in `work`; in a child process.

    What was found before is kept. Returns why the frame cannot be used, or None.
    """
    target = features_file(frame, Path(work))
    if target.exists():
        return None
    try:
        found = _found(frame)
    except SceneError as error:
        return str(error)
    draft = target.with_suffix(".draft.npz")
    np.savez(draft, points=found.points, words=found.words, colours=found.colours)
    draft.replace(target)
    return None


def read_features(frame: Frame, work: Path) -> Features:
    """The features that `find_features` kept."""
    with np.load(features_file(frame, work)) as kept:
        return Features(kept["points"], kept["words"], kept["colours"])


def _found(frame: Frame) -> Features:
    cv2.setNumThreads(1)
    longer = max(frame.size)
    shrink = max((k for k in (1, 2, 4, 8) if longer / k >= LOOKED_AT_PX), default=1)
    pixels = read_rgb(frame.path, frame.name, frame.size, shrink)
    part = min(1.0, LOOKED_AT_PX / max(pixels.shape[:2]))
    if part < 1.0:
        size = (round(pixels.shape[1] * part), round(pixels.shape[0] * part))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    grey = cv2.createCLAHE(2.0, (8, 8)).apply(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))
    sift = cv2.SIFT_create(nfeatures=8000, contrastThreshold=0.02)  # type: ignore[attr-defined]
    spots = _evenly(sift.detect(grey, None), grey.shape)
    if not spots:
        none = np.zeros((0, 3), np.float32)
        return Features(none[:, :2], np.zeros((0, 128), np.uint8), none)
    spots, words = sift.compute(grey, spots)
    at = np.array([spot.pt for spot in spots], np.float32)
    soft = cv2.blur(pixels, (9, 9))
    column, row = np.rint(at).astype(int).T
    colours = soft[row.clip(0, soft.shape[0] - 1), column.clip(0, soft.shape[1] - 1)]
    scale = np.array(frame.size, np.float32) / np.array(grey.shape[::-1], np.float32)
    points: Floats = ((at + 0.5) * scale).astype(np.float32)
    return Features(points, _rooted(words), colours.astype(np.float32))


def _evenly(spots: list[cv2.KeyPoint], shape: tuple[int, ...]) -> list[cv2.KeyPoint]:
    """The clearest of each cell, in an order that is always the same."""
    ordered = sorted(spots, key=lambda s: (-s.response, s.pt, s.angle))
    taken: dict[tuple[int, int], int] = {}
    even, seen = [], set()
    for spot in ordered:
        if spot.pt in seen:
            continue
        cell = int(spot.pt[0] * CELLS / shape[1]), int(spot.pt[1] * CELLS / shape[0])
        if taken.get(cell, 0) < PER_CELL:
            taken[cell] = taken.get(cell, 0) + 1
            seen.add(spot.pt)
            even.append(spot)
    return even


def _rooted(words: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Square roots of parts of one: distances between them tell likeness better."""
    part = words / np.maximum(words.sum(axis=1, keepdims=True), 1e-9)
    rooted: NDArray[np.uint8] = np.rint(np.sqrt(part) * 255).clip(0, 255).astype(np.uint8)
    return rooted
