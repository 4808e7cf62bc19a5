"""Tiles of a job: what each gave, until the run is filed, and why some were set aside."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum

from sqlalchemy import Connection, delete, func, insert, select

from leads.domain.job import Lease
from leads.store.jobs import check_lease
from leads.store.schema import job_tiles

BATCH = 500
"""Rows of one question."""


class TileState(StrEnum):
    """What became of a tile; one without a row was not finished yet."""

    DONE = "done"
    AGAIN = "again"
    SET_ASIDE = "set_aside"


@dataclass(frozen=True, slots=True)
class TileRow:
    """One tile of one job."""

    tile: int
    """Its number in the plan."""
    state: TileState
    """What became of it."""
    attempts: int
    """Tries that failed."""
    reason: str | None
    """Why the last try failed."""
    detector_cpu_s: float
    """Processor time inside the detector."""
    observed_pixels: int
    """Pixels seen on both dates."""
    patches: bytes | None
    """`geo.patch_bytes` of what was found; None where there is nothing."""
    water_pixels: int | None = None
    """Pixels of change that were water on both dates; None where the tile failed."""


_COLUMNS = tuple(job_tiles.c[field.name] for field in fields(TileRow))


def keep_tiles(connection: Connection, lease: Lease, rows: Sequence[TileRow]) -> None:
    """Write tiles anew, each over what was known of it. Raises LeaseLostError."""
    check_lease(connection, lease)
    if not rows:
        return
    numbers = [row.tile for row in rows]
    for start in range(0, len(numbers), BATCH):
        some = job_tiles.c.tile.in_(numbers[start : start + BATCH])
        connection.execute(delete(job_tiles).where(job_tiles.c.job_id == lease.job_id, some))
    connection.execute(insert(job_tiles), [{**asdict(row), "job_id": lease.job_id} for row in rows])


def drop_tiles(connection: Connection, lease: Lease, states: Collection[TileState]) -> None:
    """Forget the tiles of a job that are in one of `states`. Raises LeaseLostError."""
    check_lease(connection, lease)
    gone = (job_tiles.c.job_id == lease.job_id, job_tiles.c.state.in_(states))
    connection.execute(delete(job_tiles).where(*gone))


def tile_rows(connection: Connection, job_id: str) -> Iterator[TileRow]:
    """Every tile of a job that was tried, by number, a part at a time."""
    last = -1
    while True:
        asked = select(*_COLUMNS).where(job_tiles.c.job_id == job_id, job_tiles.c.tile > last)
        rows = connection.execute(asked.order_by(job_tiles.c.tile).limit(BATCH)).all()
        for row in rows:
            yield TileRow(row[0], TileState(row[1]), *row[2:])
        if len(rows) < BATCH:
            return
        last = rows[-1][0]


def tile_attempts(connection: Connection, job_id: str) -> Mapping[int, tuple[TileState, int, int]]:
    """Per tile that was tried: state, failed tries, pixels seen."""
    columns = (
        job_tiles.c.tile,
        job_tiles.c.state,
        job_tiles.c.attempts,
        job_tiles.c.observed_pixels,
    )
    rows = connection.execute(select(*columns).where(job_tiles.c.job_id == job_id))
    return {tile: (TileState(state), tries, seen) for tile, state, tries, seen in rows}


def set_aside_tiles(connection: Connection, job_id: str) -> tuple[TileRow, ...]:
    """The tiles of a job that could not be looked at, with their reasons."""
    here = (job_tiles.c.job_id == job_id, job_tiles.c.state == TileState.SET_ASIDE)
    rows = connection.execute(select(*_COLUMNS).where(*here).order_by(job_tiles.c.tile))
    return tuple(TileRow(row[0], TileState(row[1]), *row[2:]) for row in rows)


def count_tiles(connection: Connection, job_id: str) -> Mapping[TileState, int]:
    """How many tiles of a job are in which state."""
    asked = select(job_tiles.c.state, func.count()).where(job_tiles.c.job_id == job_id)
    rows = connection.execute(asked.group_by(job_tiles.c.state))
    return {TileState(state): count for state, count in rows}


def forget_failures(connection: Connection, job_id: str) -> None:
    """Let tiles that failed be tried anew, those set aside too: somebody mended something."""
    failed = (job_tiles.c.job_id == job_id, job_tiles.c.state != TileState.DONE)
    connection.execute(delete(job_tiles).where(*failed))
