"""How far a run is: counted by its driver, told to people and to the store."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from time import perf_counter
from typing import Any


class Stage(StrEnum):
    """What a run is at."""

    SURVEY = "survey"
    TILES = "tiles"
    CROSSING = "crossing"
    FILING = "filing"


@dataclass(slots=True)
class Progress:
    """Counts of one run; those of earlier starts are in them, but not in the rate."""

    stage: Stage = Stage.SURVEY
    """What it is at."""
    tiles: int = 0
    """Tiles to look at in all."""
    tiles_done: int = 0
    """Tiles that were looked at."""
    tiles_empty: int = 0
    """Of these, tiles of which nothing was seen on both dates."""
    tiles_set_aside: int = 0
    """Tiles that could not be looked at."""
    pixels: int = 0
    """Pixels of all tiles' cores."""
    pixels_done: int = 0
    """Pixels of the tiles that are done or set aside."""
    errors: Counter[str] = field(default_factory=Counter)
    """Failed tries by the kind of their error."""
    notes: list[str] = field(default_factory=list)
    """What people should know, one sentence each."""
    _seconds_before: float = 0.0
    _started: float = field(default_factory=perf_counter)
    _since: float = field(default_factory=perf_counter)
    _pixels_then: int = 0

    @classmethod
    def after(cls, earlier: Mapping[str, Any] | None) -> "Progress":
        """That of a start that follows one which told `earlier`, if there was one."""
        earlier = earlier or {}
        return cls(
            errors=Counter(earlier.get("errors", {})),
            notes=list(earlier.get("notes", ())),
            _seconds_before=earlier.get("seconds", 0.0),
        )

    @property
    def seconds(self) -> float:
        """Time spent on the run, over all its starts."""
        return self._seconds_before + perf_counter() - self._started

    def begin_tiles(self) -> None:
        """From now on the rate is measured."""
        self.stage = Stage.TILES
        self._since, self._pixels_then = perf_counter(), self.pixels_done

    @property
    def megapixels_per_second(self) -> float | None:
        """Rate since the tiles were begun; None before the first is done."""
        done = self.pixels_done - self._pixels_then
        seconds = perf_counter() - self._since
        return done / 1e6 / seconds if done and seconds else None

    @property
    def seconds_left(self) -> float | None:
        """At that rate; None while it is not known."""
        rate = self.megapixels_per_second
        return None if rate is None else (self.pixels - self.pixels_done) / 1e6 / rate

    @property
    def as_json(self) -> dict[str, Any]:
        """Everything as JSON values."""
        rate, left = self.megapixels_per_second, self.seconds_left
        return {
            "stage": self.stage.value,
            "tiles": self.tiles,
            "tiles_done": self.tiles_done,
            "tiles_empty": self.tiles_empty,
            "tiles_set_aside": self.tiles_set_aside,
            "pixels": self.pixels,
            "pixels_done": self.pixels_done,
            "megapixels_per_second": None if rate is None else round(rate, 3),
            "seconds_left": None if left is None else round(left, 1),
            "seconds": round(self.seconds, 1),
            "errors": dict(self.errors),
            "notes": list(self.notes),
        }
