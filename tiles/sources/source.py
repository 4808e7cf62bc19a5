"""The protocol every source follows, and what is asked of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from shapely.geometry.base import BaseGeometry

from geo.errors import DateError
from tiles.sources.acquisition import Acquisition

BANDS_FILE = "bands.tif"
"""Of a fetched scene: its bands as one COG, each band described by its STAC common name."""
SCL_FILE = "scl.tif"
"""Of a fetched scene: the scene classification as a COG of codes, where the source gives one."""
CLOUD_FILE = "cloud_probability.tif"
"""Of a fetched scene: probability of cloud in percent (uint8, 255 missing), where there is one."""
REFLECTANCE = 10_000
"""Stored reflectance is counted in ten-thousandths (uint16); 0 is missing."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What is searched for."""

    area: BaseGeometry
    """(Multi)polygon in longitude and latitude (EPSG:4490)."""
    start: datetime
    """Acquired at this instant (UTC) or later..."""
    end: datetime
    """...and before this one: windows are half open, so that neighbours share nothing."""

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise DateError("a window of instants needs time zones")
        if self.start > self.end:
            raise DateError(f"a window from {self.start} to {self.end}: swap the two")


@dataclass(frozen=True, slots=True)
class Cost:
    """What fetching takes, told before it is spent."""

    units: float = 0.0
    """Processing units of a metered service; 0 where nothing is metered."""
    requests: int = 0
    """Requests over the network."""
    bytes: int = 0
    """Bytes on this disk, estimated."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What fetching an acquisition left in its folder: BANDS_FILE, and what else there is."""

    bands: tuple[str, ...]
    """STAC common names, in the order of BANDS_FILE; `vv`, `vh` of radar."""
    gsd_m: float
    """Ground length of a pixel's edge of BANDS_FILE, in metres."""
    has_scl: bool
    """Whether SCL_FILE is there."""
    has_cloud_probability: bool = False
    """Whether CLOUD_FILE is there."""
    reflectance: bool = True
    """Pixels are surface reflectance in ten-thousandths; False: digital numbers of the sensor."""
    units: float = 0.0
    """Processing units that were spent in this folder, also on images that were no good."""
    position_error_m: float | None = None
    """Error of position (one standard deviation) that the processing states; None: not stated."""
    properties: Mapping[str, Any] = field(default_factory=dict)
    """STAC properties of the scene: platform, instruments, `view:sun_azimuth`,
    `view:sun_elevation`, `view:off_nadir`, `processing:level`, `processing:version`, ..."""
    steps: tuple[str, ...] = ()
    """What was done to the source's pixels, in order, one short line each."""


class Refusal(Protocol):
    """What lies at a source and is not taken."""

    @property
    def where(self) -> str:
        """Which file or delivery."""
        ...

    @property
    def why(self) -> str:
        """Why, and what to do."""
        ...


@runtime_checkable
class Refusing(Protocol):
    """A source that strangers fill: what it cannot take is told, not passed over."""

    def refused(self) -> Sequence[Refusal]:
        """What lies there and is not taken. Raises SourceError, InputError."""
        ...

    def waiting(self) -> Sequence[Refusal]:
        """What is not taken yet: it is still being written. Raises SourceError, InputError."""
        ...


class Source(Protocol):
    """A place that passes come from.

    All methods raise SourceError where the place is away, slow, out of quota or sends what cannot
    be: worth another try; InputError where what is asked for can never be had.
    """

    @property
    def name(self) -> str:
        """Its name in the configuration."""
        ...

    def search(self, ask: Ask) -> Iterator[Acquisition]:
        """Every acquisition of the window that meets the area, in no agreed order; pages as needed.

        The search is whole or fails: an error on any page is raised, never a shorter list.
        """
        ...

    def cost(self, acquisition: Acquisition, area: BaseGeometry) -> Cost:
        """What `fetch` would take, without spending anything."""
        ...

    def fetch(
        self,
        acquisition: Acquisition,
        area: BaseGeometry,
        folder: Path,
        check: Callable[[], None],
    ) -> Fetched:
        """Fetch what an acquisition shows of an area into `folder`, which exists.

        Parts that an earlier try left there with their checksums are not fetched again. `check` is
        called between requests; what it raises ends the fetch with all finished parts kept. When it
        returns, BANDS_FILE and what belongs to it are whole, and nothing else is left. Until then
        `parts.units_spent(folder)` tells what a metered source took, after failures and kills too.
        """
        ...
