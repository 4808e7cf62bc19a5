"""Parts of a fetch that is under way, kept with their checksums: a kill costs one of them."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from geo.errors import SceneError

PARTS = ".parts"
"""Folder of the parts, below that of the scene they are for; also for what is half written."""

_MANIFEST = "manifest.json"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,80}(\.[a-z0-9]{1,8})?")


@dataclass(slots=True)
class PartsFolder:
    """Files of one fetch under `folder/.parts/`: a part is there once its bytes and checksum are.

    Parts that were kept for another purpose, or whose bytes are not those of their checksum any
    more, are as good as absent.
    """

    folder: Path
    """Folder of the scene, which exists."""
    purpose: Mapping[str, Any]
    """What the parts belong to, as JSON values: acquisition, grid, bands; each has its own."""
    spent: float = field(init=False)
    """Units that a metered source took for this folder in all: also for what was no good, for
    another purpose, and before a kill. It ends with `clear`."""
    _sums: dict[str, str] = field(init=False)
    _seen: set[str] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self.place.mkdir(exist_ok=True)
        self.spent = units_spent(self.folder)
        self._sums = self._kept()

    @property
    def place(self) -> Path:
        """The folder of the parts."""
        return self.folder / PARTS

    @property
    def names(self) -> frozenset[str]:
        """Names of all parts in the manifest; `has` looks at their bytes."""
        return frozenset(self._sums)

    def path(self, name: str) -> Path:
        """Where the part of a name lies, or would. Raises SceneError: no name for a part."""
        if not _NAME.fullmatch(name) or name == _MANIFEST:
            raise SceneError(f"{name!r} names no part: small letters, digits, _ and - only")
        return self.place / name

    def has(self, name: str) -> bool:
        """Whether the part is there whole: its bytes are read once and held to their checksum."""
        path = self.path(name)
        if name not in self._sums:
            return False
        if name not in self._seen:
            if not path.is_file() or _sha256(path) != self._sums[name]:
                path.unlink(missing_ok=True)
                del self._sums[name]
                return False
            self._seen.add(name)
        return True

    def draft(self, name: str) -> Path:
        """A file to write a part into before `keep` takes it up; no part yet, whatever is in it."""
        path = self.path(name)
        return path.with_name(f"new-{path.name}")

    def keep(self, name: str, content: bytes | Path) -> Path:
        """Take up a part, given as its bytes or as the file (`draft`) that holds them, which moves.

        Returns its path. Raises OSError where the disk does not take it.
        """
        path = self.path(name)
        draft = content if isinstance(content, Path) else self.draft(name)
        if isinstance(content, bytes):
            draft.write_bytes(content)
        digest = _sha256(draft)
        draft.replace(path)
        self._sums[name] = digest
        self._seen.add(name)
        self._write()
        return path

    def drop(self, name: str) -> None:
        """Forget a part, which turned out to be no good."""
        self.path(name).unlink(missing_ok=True)
        self._seen.discard(name)
        if self._sums.pop(name, None) is not None:
            self._write()

    def spend(self, units: float) -> None:
        """Count units, lasting; below 0 takes back what was counted before it was known."""
        self.spent = max(0.0, self.spent + units)
        self._write()

    def drop_all(self) -> None:
        """Forget all parts; what was spent stays counted."""
        for name in tuple(self._sums):
            self.path(name).unlink(missing_ok=True)
        self._sums, self._seen = {}, set()
        self._write()

    def clear(self) -> None:
        """Remove all parts and their folder: what they were for is whole."""
        shutil.rmtree(self.place, ignore_errors=True)
        self._sums, self._seen = {}, set()

    def _kept(self) -> dict[str, str]:
        """Checksums of the parts that an earlier try kept for the same purpose."""
        try:
            values = json.loads((self.place / _MANIFEST).read_text(encoding="utf-8"))
            kept, parts = values["purpose"], dict(values["parts"])
        except (OSError, ValueError, KeyError, TypeError):
            kept, parts = None, {}
        if kept == json.loads(json.dumps(self.purpose)):
            return {str(name): str(digest) for name, digest in parts.items()}
        shutil.rmtree(self.place)
        self.place.mkdir()
        self._sums = {}
        if self.spent:
            self._write()
        return {}

    def _write(self) -> None:
        path = self.place / _MANIFEST
        draft = path.with_name(f"new-{_MANIFEST}")
        with draft.open("w", encoding="utf-8") as file:
            told = {"purpose": self.purpose, "parts": self._sums, "spent": self.spent}
            json.dump(told, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)


def units_spent(folder: Path) -> float:
    """Units that a metered source took so far for a scene's folder that is not whole yet.

    0 once it is whole: `Fetched.units` tells the same then.
    """
    try:
        text = (folder / PARTS / _MANIFEST).read_text(encoding="utf-8")
        return max(0.0, float(json.loads(text)["spent"]))
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
