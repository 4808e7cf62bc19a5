"""Flights made up for tests of their jobs: orthophotos of one ground, a depot, a worker."""

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from sqlalchemy import Engine

from leads.domain.job import FLIGHT, Job
from leads.domain.roles import Actor, Role
from leads.flights.flight_job import Flyer
from leads.flights.nodeodm import NodeOdm
from leads.flights.take_in import files_in, take_in
from leads.run.jobs.disk_guard import DiskGuard
from leads.run.jobs.worker import Worker
from leads.run.runner import Inline, Runner
from leads.store.accounts import add_account
from leads.store.engine import reading, writing
from leads.store.flights import FlightRow, flight_row
from leads.store.jobs import job, list_jobs
from leads.uploads.local_depot import LocalDepot

PILOT = Actor("feishou-1", Role.DRONE_OPERATOR)
OTHER = Actor("feishou-2", Role.DRONE_OPERATOR)
DESK = Actor("neiye-1", Role.ANALYST)
DISPATCH = Actor("paidan-1", Role.DISPATCHER)
NOW = datetime(2026, 11, 27, 6, tzinfo=UTC)
SIDE = 240
PIXEL = 0.25
CORNER = (351_000.0, 3_460_000.0)


def ground(heap: bool = False) -> NDArray[np.uint8]:  # noqa: FBT001, FBT002
    """Fields and tracks, 60 m on a side; with a bright heap of 12 m on one of them."""
    rng = np.random.default_rng(7)
    coarse = rng.integers(60, 150, (3, SIDE // 24, SIDE // 24)).astype(np.float64)
    pixels = np.kron(coarse, np.ones((1, 24, 24)))
    pixels += np.kron(rng.normal(0, 14, (1, SIDE // 2, SIDE // 2)), np.ones((1, 2, 2)))
    pixels += rng.normal(0, 3, pixels.shape)
    if heap:
        pixels[:, 100:148, 90:138] = rng.integers(190, 240, (3, 48, 48))
    clipped: NDArray[np.uint8] = np.clip(pixels, 1, 255).astype(np.uint8)
    return clipped


def orthophoto(
    path: Path, pixels: NDArray[np.uint8], east: float = 0.0, north: float = 0.0
) -> Path:
    """The ground as a GeoTIFF, moved by some metres."""
    place = Affine(PIXEL, 0, CORNER[0] + east, 0, -PIXEL, CORNER[1] + north)
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path, "w", driver="GTiff", height=SIDE, width=SIDE, count=3, dtype="uint8",
        crs="EPSG:32651", transform=place,
    ) as out:  # fmt: skip
        out.write(pixels)
    return path


def zipped(path: Path, members: Mapping[str, Path]) -> Path:
    """An archive of files."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, file in members.items():
            archive.writestr(zipfile.ZipInfo(name), file.read_bytes())  # with no time of its own
    return path


@contextmanager
def inline() -> Iterator[Runner]:
    """Everything in this process."""
    yield Inline()


@dataclass
class Field:
    """A store with a depot and a worker that flies."""

    store: Engine
    folder: Path
    nodeodm: NodeOdm | None = None
    now: datetime = NOW
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.depot = LocalDepot(self.folder / "originals")

    def add_people(self) -> None:
        with writing(self.store) as connection:
            for person in (PILOT, OTHER, DESK, DISPATCH):
                add_account(connection, person, "样例", "$argon2id$v=19$m=8,t=1,p=1$c2E$aGE", NOW)

    def clock(self) -> datetime:
        return self.now

    @property
    def guard(self) -> DiskGuard:
        return DiskGuard((self.folder,), 0.0)

    @property
    def flyer(self) -> Flyer:
        return Flyer(
            self.store, self.depot, self.folder / "flights", self.guard, self.nodeodm, inline,
            self.clock,
        )  # fmt: skip

    def take_in(self, *paths: Path, actor: Actor = PILOT, **more: Any) -> FlightRow:  # noqa: ANN401
        """A flight of files that are all here."""
        files = files_in(paths)
        name = more.pop("name", paths[0].name)
        return take_in(self.store, self.depot, self.guard, files, actor, self.clock, name, **more)

    def work(self, most: int = 50) -> int:
        """Carry out what is due."""
        return Worker(self.store, {FLIGHT: self.flyer}, self.told.append, clock=self.clock).work(
            once=True, most=most
        )

    def flown(self, *paths: Path, **more: Any) -> FlightRow:  # noqa: ANN401
        """A flight once its job was carried out."""
        row = self.take_in(*paths, **more)
        self.work()
        return self.row(row.flight_id)

    def row(self, flight_id: str) -> FlightRow:
        with reading(self.store) as connection:
            return flight_row(connection, flight_id)

    def job(self, job_id: str | None) -> Job:
        with reading(self.store) as connection:
            return job(connection, str(job_id))

    def jobs_of(self, kind: str) -> tuple[Job, ...]:
        with reading(self.store) as connection:
            return list_jobs(connection, kind=kind)

    @property
    def scenes(self) -> set[str]:
        """Folders of scenes that can be seen."""
        there = (self.folder / "flights").glob("*")
        return {path.name for path in there if not path.name.startswith(".")}
