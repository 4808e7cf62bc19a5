"""Journal: tile results on their way into the store, and what becomes of tiles that fail."""

from collections.abc import Callable, Iterable, Sequence
from time import monotonic

from sqlalchemy import Connection, Engine

from geo.errors import HongxianError, InputError, SceneError, WorkerError
from geo.patch_bytes import patches_to_bytes
from geo.tiling import Tile
from leads.domain.job import Job, Lease
from leads.run.jobs.heartbeat import PATIENCE_S
from leads.run.jobs.progress import Progress
from leads.run.tile import TileResult
from leads.store.engine import read, write
from leads.store.job_tiles import TileRow, TileState, keep_tiles, tile_attempts
from leads.store.jobs import save_progress
from tiles.limited import Outcome

Batch = tuple[Tile, ...]

TRIES = 3
"""A tile that failed so often is set aside."""
FLUSH_S, FLUSH_TILES = 2.0, 64
"""Results are written after so many seconds, or so many tiles, whichever comes first."""
IN_A_ROW = 50
"""So many dead or overrun children with nothing done between them: the machine is at fault."""


class Journal:
    """The tiles of one job: what is left to do, what was done, what waits to be written."""

    def __init__(
        self,
        engine: Engine,
        lease: Lease,
        tiles: Sequence[Tile],
        progress: Progress,
        still_there: Callable[[], None],
    ) -> None:
        """`still_there` raises where the imagery is gone, which no tile is to blame for."""
        self.engine, self.lease, self.progress = engine, lease, progress
        self.still_there = still_there
        known = read(engine, lambda c: tile_attempts(c, lease.job_id), waits_s=PATIENCE_S)
        again = {t: tries for t, (state, tries, _) in known.items() if state is TileState.AGAIN}
        self.failures = again
        final = {tile: seen for tile, (state, _, seen) in known.items() if state != TileState.AGAIN}
        self.left = [tile for tile in tiles if tile.index not in final]
        self.waiting: dict[int, TileRow] = {}
        self.flushed, self.in_a_row = monotonic(), 0
        progress.tiles, progress.pixels = len(tiles), sum(map(_pixels, tiles))
        aside = {tile for tile, (state, _, _) in known.items() if state == TileState.SET_ASIDE}
        progress.tiles_set_aside = len(aside)
        progress.tiles_done = len(final) - len(aside)
        progress.tiles_empty = sum(not seen for tile, seen in final.items() if tile not in aside)
        progress.pixels_done = sum(_pixels(tile) for tile in tiles if tile.index in final)

    def take(self, outcome: Outcome[Batch, tuple[TileResult, ...]]) -> list[Batch]:
        """Note what came of a batch; returns the batches to try again.

        Of a batch that failed each tile is tried by itself before one of them is blamed. Raises
        WorkerError or SceneError where machine or imagery are at fault, not a tile.
        """
        if outcome.error is None and outcome.result is not None:
            self.in_a_row = 0
            for tile, result in zip(outcome.item, outcome.result, strict=True):
                self._done(tile, result)
            return []
        error = outcome.error or WorkerError("no result came")
        self.progress.errors[type(error).__name__] += 1
        self._look_for_a_pattern(error)
        if len(outcome.item) > 1:
            return [(tile,) for tile in outcome.item]
        return self._failed(outcome.item[0], error)

    def flush(self, *, now: bool = False, waits_s: tuple[float, ...] = PATIENCE_S) -> Job | None:
        """Write what waits, if it is time to; the job as it stands if so.

        Raises LeaseLostError, StoreError.
        """
        due = monotonic() - self.flushed >= FLUSH_S or len(self.waiting) >= FLUSH_TILES
        if not (now or due):
            return None

        def kept(connection: Connection) -> Job:
            keep_tiles(connection, self.lease, tuple(self.waiting.values()))
            return save_progress(connection, self.lease, self.progress.as_json)

        job = write(self.engine, kept, repeatable=True, waits_s=waits_s)
        self.waiting.clear()
        self.flushed = monotonic()
        return job

    def _done(self, tile: Tile, result: TileResult) -> None:
        patches = patches_to_bytes(result.patches) if result.patches else None
        tries = self.failures.pop(tile.index, 0)
        seen, cpu = result.observed_pixels, result.detector_cpu_seconds
        water = result.water_pixels
        row = TileRow(tile.index, TileState.DONE, tries, None, cpu, seen, patches, water)
        self.waiting[tile.index] = row
        self.progress.tiles_done += 1
        self.progress.tiles_empty += not seen
        self.progress.pixels_done += _pixels(tile)

    def _failed(self, tile: Tile, error: HongxianError) -> list[Batch]:
        tries = self.failures.get(tile.index, 0) + 1
        self.failures[tile.index] = tries
        state = TileState.AGAIN
        if tries >= TRIES:
            self.still_there()
            self._check_not_most(error)
            state = TileState.SET_ASIDE
            self.progress.tiles_set_aside += 1
            self.progress.pixels_done += _pixels(tile)
        row = TileRow(tile.index, state, tries, str(error)[:500], 0.0, 0, None)
        self.waiting[tile.index] = row
        return [(tile,)] if state is TileState.AGAIN else []

    def _look_for_a_pattern(self, error: Exception) -> None:
        self.in_a_row += isinstance(error, WorkerError)
        if self.in_a_row >= IN_A_ROW:
            raise WorkerError(
                f"{self.in_a_row} child processes failed one after the other ({error}): free "
                "memory or give fewer processes, then --resume"
            )

    def _check_not_most(self, error: HongxianError) -> None:
        """Raise where so much is lost that the rest is no result: of what was to blame."""
        if 2 * (self.progress.tiles_set_aside + 1) <= self.progress.tiles:
            return
        told = (
            f"more than half of {self.progress.tiles} tiles cannot be looked at, the last: {error}"
        )
        if isinstance(error, InputError):
            raise SceneError(f"{told}; get the imagery again")
        raise WorkerError(f"{told}; free memory or give fewer processes, then --resume")


def batches_left(batches: Iterable[Batch], left: Sequence[Tile]) -> list[Batch]:
    """The batches without the tiles that are finished; none is empty."""
    numbers = {tile.index for tile in left}
    kept = (tuple(tile for tile in batch if tile.index in numbers) for batch in batches)
    return [batch for batch in kept if batch]


def _pixels(tile: Tile) -> int:
    return tile.core.height * tile.core.width
