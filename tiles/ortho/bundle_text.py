"""Text files that come beside a delivery's images, read with caps: XML, JSON and plain text.

An operator's bundle is trusted more than a stranger's upload, not blindly: no document type, no
entities, no endless depth or size. Namespaces are dropped: producers change theirs.
"""

import json
from dataclasses import dataclass
from typing import Any, NoReturn

# expat itself, with every declaration refused: less than any tree builder would load
from xml.parsers import expat

from geo.errors import SceneError

MAX_TEXT_BYTES = 8 << 20
"""Largest metadata file that is read; the largest known are some 100 KB."""
MAX_DEPTH = 40
"""Elements, or JSON brackets, within each other."""
MAX_LEAVES = 100_000
"""Elements and attributes of one XML file."""


@dataclass(frozen=True, slots=True)
class Leaves:
    """The texts of an XML file: its elements in order, without namespaces."""

    name: str
    """File they come from, for messages."""
    items: tuple[tuple[tuple[str, ...], str], ...]
    """(names of the elements from the root down, lower case; text) of each that holds text."""
    attributes: tuple[tuple[str, str], ...] = ()
    """(name, lower case; text) of every attribute, in order, without namespaces."""

    def all(self, *path: str) -> tuple[str, ...]:
        """Texts of elements whose innermost names are `path`, in order."""
        want = tuple(step.lower() for step in path)
        return tuple(text for names, text in self.items if names[-len(want) :] == want)

    def text(self, *names: str) -> str | None:
        """Text of the first of `names` that there is, or None."""
        return next((found[0] for name in names if (found := self.all(name))), None)

    def number(self, *names: str) -> float | None:
        """The first of `names` that there is, as a number. Raises SceneError where it is none."""
        text = self.text(*names)
        try:
            return None if text is None else float(text)
        except ValueError:
            raise SceneError(
                f"{self.name}: <{names[0]}> is {text[:40] if text else ''!r}, no number"
            ) from None


def decoded(data: bytes, name: str) -> str:
    """Text of a file in UTF-8, else in GB 18030 as Chinese producers write. Raises SceneError."""
    _check_size(data, name)
    for code in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(code)
        except UnicodeDecodeError:
            continue
    raise SceneError(f"{name}: neither UTF-8 nor GB 18030 text; fetch it again")


def read_xml(data: bytes, name: str) -> Leaves:
    """The texts of an XML file.

    Raises SceneError: too large, too deep, not well formed, or with a DOCTYPE or entities, which no
    metadata needs.
    """
    _check_size(data, name)
    reader = _Reader(name)
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.add
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.EntityDeclHandler = reader.refuse
    parser.ExternalEntityRefHandler = reader.refuse
    try:
        parser.Parse(_as_utf8(data, name), True)  # noqa: FBT003  (expat takes no keyword)
    except expat.ExpatError as error:
        raise SceneError(f"{name}: not well-formed XML ({error}); fetch it again") from None
    return Leaves(name, tuple(reader.found), tuple(reader.attributes))


def read_json(data: bytes, name: str) -> dict[str, Any]:
    """A JSON object. Raises SceneError: too large, too deep, or none."""
    text = decoded(data, name)
    depth = deepest = 0
    for sign in text:
        depth += (sign in "[{") - (sign in "]}")
        deepest = max(deepest, depth)
    if deepest > MAX_DEPTH:
        raise SceneError(f"{name}: JSON of over {MAX_DEPTH} levels is not read")
    try:
        found = json.loads(text)
    except ValueError as error:
        raise SceneError(f"{name}: no JSON ({error}); fetch it again") from None
    if not isinstance(found, dict):
        raise SceneError(f"{name}: a JSON object is needed, this is a {type(found).__name__}")
    return found


class _Reader:
    """Collects texts while expat reads."""

    def __init__(self, name: str) -> None:
        self.found: list[tuple[tuple[str, ...], str]] = []
        self.attributes: list[tuple[str, str]] = []
        self._name = name
        self._path: list[str] = []
        self._texts: list[list[str]] = []
        self._count = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._count += 1 + len(attributes)
        if len(self._path) >= MAX_DEPTH or self._count > MAX_LEAVES:
            raise SceneError(
                f"{self._name}: XML of over {MAX_DEPTH} levels or {MAX_LEAVES} elements is not read"
            )
        self._path.append(tag.rpartition(":")[2].lower())
        for attribute, text in attributes.items():
            self.attributes.append((attribute.rpartition(":")[2].lower(), text.strip()))
        self._texts.append([])

    def add(self, text: str) -> None:
        if self._texts:
            self._texts[-1].append(text)

    def end(self, tag: str) -> None:
        del tag
        text = "".join(self._texts.pop()).strip()
        if text:
            self.found.append((tuple(self._path), text))
        self._path.pop()

    def refuse(self, *_: object) -> NoReturn:
        raise SceneError(
            f"{self._name}: XML with a DOCTYPE or entities is not read; remove them, or ask the "
            "producer for the plain file"
        )


def _as_utf8(data: bytes, name: str) -> bytes:
    """The bytes without a declaration of another code: expat knows no GB 18030."""
    text = decoded(data, name).lstrip()
    if text.startswith("<?xml"):
        text = text.partition("?>")[2]
    return text.encode()


def _check_size(data: bytes, name: str) -> None:
    if len(data) > MAX_TEXT_BYTES:
        raise SceneError(
            f"{name}: {len(data) / 1e6:.1f} MB of metadata; at most {MAX_TEXT_BYTES >> 20} MB"
        )
