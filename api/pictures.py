"""Before and after of leads: read in one limited child, kept in a small cache on disk."""

import os
from collections import OrderedDict
from collections.abc import Callable
from contextlib import ExitStack, suppress
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Literal, TypeVar
from uuid import uuid4

import shapely
from shapely import MultiPolygon

from geo.errors import InputError, NotFoundError, WorkerError
from leads.run.pictures import SceneSource, open_stored, read_picture, read_pictures
from leads.store.runs import RunRow
from leads.store.scenes import SceneRow
from tiles.limited import LimitedPool, Limits, limited_pool
from tiles.reading.read import PairReader

Result = TypeVar("Result")
When = Literal["before", "after"]
Suffix = Literal["png", "webp"]

LIMITS = Limits(memory_mb=4096, seconds=120)
"""Of one reading; opening a scene reads its files once, to know that they are the run's."""
OPEN_PAIRS = 32
"""Runs whose scenes stay known as opened."""
EDITION = b"1"
"""Part of each cached name: counts up when pictures come out otherwise."""


class Pictures:
    """Reads and keeps pictures; one child process, made on first use."""

    def __init__(self, folder: Path, most_mb: int) -> None:
        self._folder, self._most = folder, most_mb << 20
        self._stack, self._lock = ExitStack(), Lock()
        self._child: LimitedPool | None = None
        self._pairs: OrderedDict[str, PairReader] = OrderedDict()

    def read(
        self,
        run: RunRow,
        scenes: tuple[SceneRow, SceneRow],
        place: MultiPolygon,
        when: When,
        suffix: Suffix,
    ) -> bytes:
        """One picture. Raises NotFoundError when the imagery cannot be had any more."""
        stem = sha256(EDITION + run.run_id.encode() + shapely.to_wkb(place)).hexdigest()[:40]
        file = self._folder / f"{stem}-{when}.{suffix}"
        with suppress(OSError):
            kept = file.read_bytes()
            os.utime(file)
            return kept
        with self._lock:  # one reading at a time: whoever waited finds it in the cache
            with suppress(OSError):
                return file.read_bytes()
            return self._read_both(run, scenes, place, stem, suffix)[when]

    def read_one(self, scene: SceneRow, place: MultiPolygon, suffix: Suffix) -> bytes:
        """One scene around a place. Raises NotFoundError as `read`."""
        stem = sha256(EDITION + scene.scene_id.encode() + shapely.to_wkb(place)).hexdigest()[:40]
        file = self._folder / f"{stem}.{suffix}"
        with self._lock:
            with suppress(OSError):
                kept = file.read_bytes()
                os.utime(file)
                return kept
            source = SceneSource(scene.folder or scene.source, scene.date, scene.scene_id)
            try:
                data = self._run(read_picture, source, place, f".{suffix}")
            except (InputError, WorkerError):
                raise NotFoundError(
                    f"the imagery of scene {scene.scene_id} is gone or was changed: put its files "
                    "back"
                ) from None
            self._keep(file, data)
            self._forget_the_oldest()
            return data

    def close(self) -> None:
        """End the child process."""
        with self._lock:
            self._stack.close()
            self._child = None

    def _read_both(
        self,
        run: RunRow,
        scenes: tuple[SceneRow, SceneRow],
        place: MultiPolygon,
        stem: str,
        suffix: Suffix,
    ) -> dict[When, bytes]:
        fit = run.record["fit"]
        shift = (float(fit["shift_x_px"]), float(fit["shift_y_px"]))
        try:
            pair = self._pair(run, scenes)
            read = self._run(read_pictures, pair, shift, place, f".{suffix}")
        except (InputError, WorkerError):
            self._pairs.pop(run.run_id, None)
            raise NotFoundError(
                f"the imagery of run {run.run_id} is gone or was changed: put its files back"
            ) from None
        both: dict[When, bytes] = {"before": read.before, "after": read.after}
        for when, data in both.items():
            self._keep(self._folder / f"{stem}-{when}.{suffix}", data)
        self._forget_the_oldest()
        return both

    def _pair(self, run: RunRow, scenes: tuple[SceneRow, SceneRow]) -> PairReader:
        known = self._pairs.get(run.run_id)
        if known is None:
            before, after = (SceneSource(s.source, s.date, s.scene_id) for s in scenes)
            known = self._run(open_stored, before, after, dict(run.record))
            self._pairs[run.run_id] = known
            if len(self._pairs) > OPEN_PAIRS:
                self._pairs.popitem(last=False)
        return known

    def _run(self, function: Callable[..., Result], *args: object) -> Result:
        if self._child is None:
            self._child = self._stack.enter_context(limited_pool(1, LIMITS))
        try:
            return self._child.run(function, *args)
        except WorkerError:
            self._stack.close()  # a child that died badly may not answer again
            self._child = None
            raise

    def _keep(self, file: Path, data: bytes) -> None:
        """Write whole or not at all; a full disk only costs the cache."""
        draft = file.with_name(f"{uuid4().hex}.part")
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                draft.write_bytes(data)
                draft.replace(file)
            finally:
                draft.unlink(missing_ok=True)

    def _forget_the_oldest(self) -> None:
        with suppress(OSError):
            files = [(f.stat(), f) for f in self._folder.iterdir()]
            taken = sum(stat.st_size for stat, _ in files)
            for stat, file in sorted(files, key=lambda one: one[0].st_mtime):
                if taken <= self._most:
                    return
                file.unlink(missing_ok=True)
                taken -= stat.st_size
