"""Files of any size that hold one block of ground over and over, and its bytes only once.

In a tiled TIFF a list says where each tile's bytes lie. Here all of them point at the same few, so
a pair of ten gigapixels takes some megabytes of disk, and is decoded like any other.
"""

import struct
from pathlib import Path

TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
"""Bytes of a value of each type of the TIFF 6.0 specification."""
SHORT, LONG = 3, 4
WIDTH, HEIGHT, TILE_WIDTH, TILE_HEIGHT, OFFSETS, COUNTS = 256, 257, 322, 323, 324, 325
"""Tags that are written anew, or asked for."""

Tag = tuple[int, int, bytes]
"""Type, number of values, and the values' bytes."""


def write_repeated(source: Path, target: Path, times: tuple[int, int]) -> None:
    """Write the tiled TIFF `source` `times` (rows, columns) over, as one file.

    `source` is little-endian, no BigTIFF, pixel-interleaved, and its edges are multiples of its
    tiles'. Raises ValueError for any other.
    """
    data = source.read_bytes()
    tags = _tags(data)
    if any(tag not in tags for tag in (TILE_WIDTH, TILE_HEIGHT, OFFSETS, COUNTS)):
        raise ValueError(f"{source}: not tiled")
    height, width, rows, cols = (
        _numbers(tags[tag])[0] for tag in (HEIGHT, WIDTH, TILE_HEIGHT, TILE_WIDTH)
    )
    if height % rows or width % cols:
        raise ValueError(f"{source}: {height} x {width} pixels are no whole tiles")
    tags[HEIGHT], tags[WIDTH] = (
        _longs([n * e]) for n, e in zip(times, (height, width), strict=True)
    )
    across = width // cols
    for tag in (OFFSETS, COUNTS):
        values = _numbers(tags[tag])
        if len(values) != across * (height // rows):
            raise ValueError(f"{source}: its bands lie apart")
        lines = [values[n : n + across] * times[1] for n in range(0, len(values), across)]
        tags[tag] = _longs([value for line in lines for value in line] * times[0])
    target.write_bytes(_with_tags(data, tags))


def _tags(data: bytes) -> dict[int, Tag]:
    """The tags of the first image of a little-endian TIFF."""
    mark, version, at = struct.unpack_from("<2sHI", data)
    if (mark, version) != (b"II", 42):
        raise ValueError("no little-endian TIFF")
    tags: dict[int, Tag] = {}
    for n in range(struct.unpack_from("<H", data, at)[0]):
        entry = at + 2 + 12 * n
        tag, kind, count = struct.unpack_from("<HHI", data, entry)
        size = TYPE_SIZES[kind] * count
        start = entry + 8 if size <= 4 else struct.unpack_from("<I", data, entry + 8)[0]
        tags[tag] = kind, count, data[start : start + size]
    return tags


def _with_tags(data: bytes, tags: dict[int, Tag]) -> bytes:
    """The same file with its list of tags at the end, and nothing pointing at the old one."""
    body = bytearray(data + b"\0" * (len(data) % 2))
    struct.pack_into("<I", body, 4, len(body))
    long_values = len(body) + 2 + 12 * len(tags) + 4
    entries, values = bytearray(struct.pack("<H", len(tags))), bytearray()
    for tag, (kind, count, value) in sorted(tags.items()):
        entries += struct.pack("<HHI", tag, kind, count)
        if len(value) <= 4:
            entries += value.ljust(4, b"\0")
        else:
            entries += struct.pack("<I", long_values + len(values))
            values += value + b"\0" * (len(value) % 2)
    return bytes(body + entries + struct.pack("<I", 0) + values)


def _numbers(tag: Tag) -> list[int]:
    kind, count, value = tag
    return list(struct.unpack(f"<{count}{'H' if kind == SHORT else 'I'}", value))


def _longs(values: list[int]) -> Tag:
    return LONG, len(values), struct.pack(f"<{len(values)}I", *values)
