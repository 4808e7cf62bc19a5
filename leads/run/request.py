"""Request: what to compare and how, as the user said it; also as JSON values for the queue."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from models.registry import DEFAULT_DETECTOR


@dataclass(frozen=True, slots=True)
class Request:
    """One pair of scenes to compare."""

    before: str
    """A file, a folder of band files, or a STAC item."""
    after: str
    """Likewise."""
    before_date: date | None = None
    """Overrides what the imagery says of itself."""
    after_date: date | None = None
    """Likewise."""
    layers: tuple[Path, ...] = ()
    """Vector files or folders to cross with."""
    detector: str = DEFAULT_DETECTOR
    """Name in the registry."""
    threshold: float | None = None
    """Probability from which a pixel is change; None: the detector's."""
    min_area_m2: float | None = None
    """Smallest candidate; None: by the grid's GSD."""
    tile_px: int | None = None
    """Edge of a tile's core; None: by the detector's halo."""
    district: str | None = None
    """Code of the only district to look at; None: all that the pair shows."""
    tide: Path | None = None
    """Tide table, CSV; None: the tide is not known."""

    @property
    def as_json(self) -> dict[str, Any]:
        """The request as JSON values; a tide table is named only where there is one."""
        values = {name: value for name, value in asdict(self).items() if name != "tide"}
        return {
            **values,
            **({} if self.tide is None else {"tide": str(self.tide)}),
            "before_date": _iso(self.before_date),
            "after_date": _iso(self.after_date),
            "layers": [str(path) for path in self.layers],
        }


def request_of(values: Mapping[str, Any]) -> Request:
    """The request of `Request.as_json`; names that are none of its fields are left out."""
    known = {name: values[name] for name in Request.__slots__ if name in values}
    return Request(
        **{
            **known,
            "before_date": _day(known.get("before_date")),
            "after_date": _day(known.get("after_date")),
            "layers": tuple(Path(path) for path in known.get("layers", ())),
            "tide": None if known.get("tide") is None else Path(known["tide"]),
        }
    )


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
