"""Tie point: moving a GeoTIFF of our own on the ground, by the two numbers that say where it lies.

Sixteen bytes are written in place, with one call: an image of gigabytes is moved as fast as a small
one, its blocks and its layout stay as they are, and a kill leaves it either here or there.
"""

import os
import struct
from pathlib import Path

from geo.errors import SceneError

_TIE_POINTS = 33922
"""Tag ModelTiepoint: pixel (i, j, k) lies at (x, y, z); GeoTIFF 1.1, 7.1.2."""
_DOUBLE = 12
_HEADERS = {
    b"II*\0": ("<", False),
    b"MM\0*": (">", False),
    b"II+\0": ("<", True),
    b"MM\0+": (">", True),
}


def move_to(path: Path, x: float, y: float) -> None:
    """Let the upper left corner of a north-up GeoTIFF lie at (x, y) in its own CRS.

    Raises SceneError where the file is none that GDAL writes for a north-up image.
    """
    with path.open("r+b") as file:
        at, order = _place_of_ground(path, file.fileno())
        os.pwrite(file.fileno(), struct.pack(f"{order}2d", x, y), at)
        os.fsync(file.fileno())


def _place_of_ground(path: Path, file: int) -> tuple[int, str]:
    """(offset of x and y in the file, byte order) of the first image's only tie point."""
    header = os.pread(file, 16, 0)
    if header[:4] not in _HEADERS:
        raise SceneError(f"{path}: is no GeoTIFF and cannot be moved; make it anew")
    order, big = _HEADERS[header[:4]]
    (first,) = struct.unpack_from(f"{order}{'Q' if big else 'I'}", header, 8 if big else 4)
    counted, each, value = ("Q", 20, "Q") if big else ("H", 12, "I")
    width = struct.calcsize(f"={counted}")
    (count,) = struct.unpack(f"{order}{counted}", os.pread(file, width, first))
    entries = os.pread(file, each * count, first + width)
    for start in range(0, len(entries) - each + 1, each):
        tag, kind, values, offset = struct.unpack_from(f"{order}HH{value}{value}", entries, start)
        if (tag, kind, values) == (_TIE_POINTS, _DOUBLE, 6):
            if struct.unpack(f"{order}3d", os.pread(file, 24, offset)) != (0.0, 0.0, 0.0):
                break
            return offset + 24, order
    raise SceneError(f"{path}: does not say by its corner where it lies; make it anew")
