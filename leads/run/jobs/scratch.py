"""Scratch: copies that make slow files quick to read by tiles, and their clean-up."""

import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

from leads.run.jobs.disk_guard import GB, DiskGuard
from leads.run.prepared import Planned
from leads.run.runner import Runner, run_surely
from tiles.common_grid import gsd_m
from tiles.files.cog import Recoding, as_cog, recodings, to_copy
from tiles.limited import blaming
from tiles.scene import Scene

COPY_S = 3600.0
"""Most seconds that one copy may take."""


@dataclass(frozen=True, slots=True)
class Scratch:
    """A folder for what only lives while a job does, a folder of its own for each."""

    folder: Path
    """Where it is; made when it is needed."""
    guard: DiskGuard
    """Asked before anything large is written."""

    def quick(
        self, planned: Planned, job_id: str, runner: Runner, check: Callable[[], None]
    ) -> Planned:
        """The pair with its slow files copied, where that pays; ids and leads stay the same.

        `check` is called before each scene and raises where the job must end.
        """
        reader = planned.reader
        scenes = []
        for scene in (reader.before, reader.after):
            check()
            scenes.append(self._quick(scene, planned, job_id, runner))
        return replace(planned, reader=replace(reader, before=scenes[0], after=scenes[1]))

    def drop(self, job_id: str) -> None:
        """Remove what was written for a job."""
        shutil.rmtree(self.folder / job_id, ignore_errors=True)

    def sweep(self, living: Collection[str]) -> None:
        """Remove what was left behind by jobs that are not among the `living`."""
        if self.folder.is_dir():
            for left in self.folder.iterdir():
                if left.name not in living:
                    self.drop(left.name)

    def _quick(self, scene: Scene, planned: Planned, job_id: str, runner: Runner) -> Scene:
        files = slow_files(scene, planned, runner)
        if not files:
            return scene
        missing = to_copy(files, self.folder / job_id, scene)
        self.guard.ask(sum(file.most_bytes for file in missing) / GB)
        return as_cog(scene, files, self.folder / job_id, runner.processes, COPY_S)


def slow_files(scene: Scene, planned: Planned, runner: Runner) -> tuple[Recoding, ...]:
    """The files of one of the pair's scenes that are worth copying before tiles are read."""
    plan = planned.plan
    finer = gsd_m(plan.grid) / gsd_m(scene.geobox)  # tiles count pixels of the working grid
    tile_px, halo_px = ceil(plan.tile_px * finer), ceil(plan.halo_px * finer)
    with blaming(scene.source):
        return run_surely(runner, recodings, scene, tile_px, halo_px)
