"""Scene: what is known of one date's imagery without its pixels."""

from dataclasses import dataclass
from datetime import date, datetime

from geo.errors import DateError, SceneError
from geo.geobox import GeoBox

Day = date
"""The type, where a field is called `date`."""


@dataclass(frozen=True, slots=True)
class BandFile:
    """Where one band is stored."""

    name: str
    """STAC common name, for example `red`."""
    path: str
    """Absolute path of the file, or its URL."""
    index: int
    """Band number in the file, from 1."""
    geobox: GeoBox
    """The file's own grid: the bands of a folder may differ in resolution."""
    nodata: float | None = None
    """Value of missing pixels, where the file itself marks none but its producer names one."""
    stamp: str = ""
    """State of the file when the scene was opened; reading refuses another. Size and time of the
    last writing, of a remote file size and ETag. No part of any record: copies have others."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One date's imagery: band files on their grids, a date and a fingerprint."""

    source: str
    """What the user named: a file or its URL, a folder of band files, or a STAC item."""
    date: date
    """Acquisition date."""
    bands: tuple[BandFile, ...]
    """Spectral bands in ascending wavelength where that is known, else in file order."""
    scl: BandFile | None
    """Sentinel-2 scene classification, or None."""
    sha256: str
    """Over the bytes of all files, in the order of their paths.

    Remote files are not read whole: for one its URL, size, ETag and the sums of its first and last
    64 KB stand in. Imagery that is to be evidence must be fetched.
    """

    since: Day | None = None
    """Of a composite of several dates the earliest, `date` being the latest; else None."""
    acquired: datetime | None = None
    """Instant (UTC) of the sensing where it is known: a tide is looked up by it."""
    dates: BandFile | None = None
    """Of a composite: which day each pixel was seen, in days since 1970-01-01; else None."""
    parts_acquired: tuple[datetime, ...] = ()
    """Of a composite whose parts all say it: the instant (UTC) of each; else empty."""

    def __post_init__(self) -> None:
        if not self.bands:
            raise SceneError(f"{self.source}: no spectral band found")
        if self.since is not None and self.since > self.date:
            raise DateError(f"{self.source}: a composite from {self.since} to {self.date}")

    @property
    def geobox(self) -> GeoBox:
        """Grid of the finest band."""
        return min((band.geobox for band in self.bands), key=lambda box: box.pixel_size[0])

    @property
    def instants(self) -> tuple[datetime, ...]:
        """Every instant (UTC) that it may show; empty where they are not known."""
        return self.parts_acquired if self.acquired is None else (self.acquired,)

    @property
    def first_day(self) -> Day:
        """Of a composite the earliest day it may show; else `date`."""
        return self.since or self.date

    @property
    def band_names(self) -> tuple[str, ...]:
        """Names of the spectral bands, in order."""
        return tuple(band.name for band in self.bands)


def check_order(before: Scene, after: Scene) -> None:
    """Refuse two scenes of which the first is not the earlier. Raises DateError."""
    if before.date > after.date:
        raise DateError(
            f"the first image is of {before.date}, the second of {after.date}: swap the two, "
            "or correct them with --before-date and --after-date"
        )
    if before.date == after.date:
        raise DateError(
            f"both images are of {before.date}: a change needs two dates; "
            "correct them with --before-date and --after-date"
        )
