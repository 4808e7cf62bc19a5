"""Tags of JPEG and TIFF headers, read with caps: strangers' headers count to thousands of millions.

Own reader: a general one reads every entry there is, follows every chain of directories, and adds
up every segment. Here only wanted tags of named directories are read, each of bounded size, and
nothing is followed that could lead round in a circle.
"""

import struct
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import BinaryIO

from geo.errors import SceneError

MAX_ENTRIES = 512
"""Entries of one directory that are looked at; cameras write under a hundred."""
MAX_VALUE_BYTES = 256 << 10
"""Bytes of one value; the largest wanted is XMP, some 10 KB."""
MAX_SEGMENTS = 600
"""Segments of a JPEG before its pixels; thermal cameras write some 30, panoramas some 300."""

Value = bytes | tuple[float, ...]
"""Text and raw bytes as bytes; numbers as numbers, without those that are none."""

_CODES = {3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 16: "Q", 17: "q"}
_RATIONAL, _SIGNED_RATIONAL = 5, 10
_SIZES = {1: 1, 2: 1, 7: 1, _RATIONAL: 8, _SIGNED_RATIONAL: 8} | {
    kind: struct.calcsize(code) for kind, code in _CODES.items()
}
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN, _END_OF_IMAGE, _APP1, _THERMAL = 0xDA, 0xD9, 0xE1, 0xE3
_ALONE = frozenset(range(0xD0, 0xD9)) | {0x01}
_EXIF, _XMP, _FLIR = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"FLIR\0"


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """What stands before the pixels of a JPEG."""

    width: int
    """Columns."""
    height: int
    """Rows."""
    exif: bytes = b""
    """The first EXIF segment, from its byte order on; empty without one."""
    xmp: bytes = b""
    """The first XMP packet; empty without one."""
    has_thermal_data: bool = False
    """Whether a thermal camera's own segments are there."""


@dataclass(frozen=True, slots=True)
class TiffTags:
    """A TIFF structure: a file of that format, or the EXIF of a JPEG."""

    stream: BinaryIO = field(repr=False)
    """Where it is read from, starting at byte 0."""
    order: str
    """`<` or `>`."""
    is_big: bool
    """Whether it is a BigTIFF."""
    first: int
    """Offset of the first directory."""

    def directory(self, offset: int, wanted: Collection[int]) -> Mapping[int, Value]:
        """The `wanted` tags of the directory at `offset`; none where that cannot be read."""
        head, entry_size = ("Q", 20) if self.is_big else ("H", 12)
        counted = self._at(offset, struct.calcsize(head))
        if len(counted) < struct.calcsize(head):
            return {}
        (count,) = struct.unpack(self.order + head, counted)
        count = min(count, MAX_ENTRIES)
        entries = self._at(offset + len(counted), count * entry_size)
        found: dict[int, Value] = {}
        for start in range(0, len(entries) - entry_size + 1, entry_size):
            tag, kind = struct.unpack_from(self.order + "HH", entries, start)
            if tag in wanted and tag not in found:
                value = self._value(kind, entries[start + 4 : start + entry_size])
                if value is not None:
                    found[tag] = value
        return found

    def _value(self, kind: int, rest: bytes) -> Value | None:
        wide = "Q" if self.is_big else "I"
        inline = struct.calcsize(wide)
        (count,) = struct.unpack_from(self.order + wide, rest)
        size = count * _SIZES.get(kind, 0)
        if not 0 < size <= MAX_VALUE_BYTES:
            return None
        if size <= inline:
            data = rest[inline : inline + size]
        else:
            (offset,) = struct.unpack_from(self.order + wide, rest, inline)
            data = self._at(offset, size)
        return _decoded(self.order, kind, data) if len(data) == size else None

    def _at(self, offset: int, size: int) -> bytes:
        try:
            self.stream.seek(offset)
            return self.stream.read(size)
        except (OSError, ValueError, OverflowError):
            return b""


def tiff_tags(stream: BinaryIO, name: str) -> TiffTags:
    """The TIFF structure at byte 0 of a stream. Raises SceneError where there is none."""
    stream.seek(0)
    head = stream.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is not None and len(head) >= 8:
        (mark,) = struct.unpack_from(order + "H", head, 2)
        if mark == 42:
            return TiffTags(stream, order, False, struct.unpack_from(order + "I", head, 4)[0])  # noqa: FBT003
        if mark == 43 and len(head) == 16:
            return TiffTags(stream, order, True, struct.unpack_from(order + "Q", head, 8)[0])  # noqa: FBT003
    raise SceneError(f"{name}: no TIFF header; copy the file from the drone again")


def jpeg_header(stream: BinaryIO, name: str) -> JpegHeader:
    """Walk a JPEG's segments up to its pixels.

    Raises SceneError: no JPEG, cut short before its pixels, or more segments than photos have.
    """
    stream.seek(0)
    if stream.read(2) != b"\xff\xd8":
        raise SceneError(f"{name}: not a JPEG, whatever its name says; copy it again")
    size, exif, xmp = (0, 0), b"", b""
    thermal, flir = 0, False
    for marker, body, length in _segments(stream, name):
        if marker in _FRAMES and 0 in size and length >= 6:
            height, width = struct.unpack_from(">HH", body, 1)
            size = width, height
        elif body.startswith(_EXIF):
            exif = exif or body[len(_EXIF) :]
        elif body.startswith(_XMP):
            xmp = xmp or body[len(_XMP) :]
        flir = flir or body.startswith(_FLIR)
        thermal += length if marker == _THERMAL else 0
    if 0 in size:
        raise SceneError(f"{name}: its header states no size; copy it from the drone again")
    raw = thermal > size[0] * size[1]  # two bytes of temperature per pixel, packed or not
    return JpegHeader(*size, exif, xmp, flir or raw)


def text_of(value: Value | None) -> str | None:
    """Text of a tag without padding, or None."""
    if not isinstance(value, bytes):
        return None
    raw = value.split(b"\0")[0].strip()
    for code in ("utf-8", "gb18030"):
        try:
            return raw.decode(code)[:200] or None
        except UnicodeDecodeError:
            continue
    return None


def number_of(value: Value | None) -> float | None:
    """The first number of a tag, or None."""
    return value[0] if isinstance(value, tuple) and value else None


def _segments(stream: BinaryIO, name: str) -> Iterator[tuple[int, bytes, int]]:
    """Marker, body and length of each segment before the pixels; bodies only where they matter."""
    for _ in range(MAX_SEGMENTS):
        marker, length = _next_segment(stream, name)
        if marker == _START_OF_SCAN:
            return
        wanted = marker in _FRAMES or marker == _APP1
        body = stream.read(length) if wanted else b""
        if wanted and len(body) < length:
            raise _cut_short(name)
        if not wanted:
            stream.seek(length, 1)
        yield marker, body, length
    raise SceneError(f"{name}: over {MAX_SEGMENTS} segments before its pixels: no photo")


def _next_segment(stream: BinaryIO, name: str) -> tuple[int, int]:
    """Marker of the next segment and the length of its body; raises SceneError at a wrong end."""
    for _ in range(64):  # fill bytes and markers without a body
        mark = stream.read(2)
        if len(mark) < 2 or mark[0] != 0xFF or mark[1] == _END_OF_IMAGE:
            raise _cut_short(name)
        if mark[1] == 0xFF:
            stream.seek(-1, 1)
        elif mark[1] not in _ALONE:
            length = stream.read(2)
            if len(length) < 2 or (size := int.from_bytes(length, "big")) < 2:
                raise _cut_short(name)
            return mark[1], size - 2
    raise _cut_short(name)


def _cut_short(name: str) -> SceneError:
    return SceneError(
        f"{name}: damaged or cut short before its pixels; copy it from the drone again"
    )


def _decoded(order: str, kind: int, data: bytes) -> Value | None:
    if kind in (1, 2, 7):
        return data
    if kind in (_RATIONAL, _SIGNED_RATIONAL):
        code = "I" if kind == _RATIONAL else "i"
        parts = struct.unpack(f"{order}{len(data) // 4}{code}", data)
        pairs = zip(parts[::2], parts[1::2], strict=True)
        numbers = tuple(top / bottom for top, bottom in pairs if bottom)
        return numbers if 2 * len(numbers) == len(parts) else None
    count = len(data) // _SIZES[kind]
    values = tuple(float(one) for one in struct.unpack(f"{order}{count}{_CODES[kind]}", data))
    return values if all(map(isfinite, values)) else None
