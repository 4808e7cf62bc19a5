"""Passes for tests: a scripted source over the sample ground, late, cloudy, broken or away as told.

The sample ground is 180 x 180 pixels of 10 m, 324 hectares, seen on three dates. Each scripted pass
shows one of them; the west of it may lie under cloud.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from shapely import Polygon, box
from shapely.geometry.base import BaseGeometry

from geo.crs import CGCS2000, reproject_geometry
from geo.errors import SourceError
from tiles.common_grid import footprint
from tiles.files.open_scene import open_scene
from tiles.sources.acquisition import Acquisition, Kind
from tiles.sources.source import BANDS_FILE, SCL_FILE, Ask, Cost, Fetched

SAMPLES = Path(__file__).resolve().parents[3] / "data_samples" / "s2"
GROUNDS = ("2023-03-23", "2023-08-05", "2024-04-11")
"""Dates the sample ground was photographed on; the last shows what was built and dumped."""
BANDS = {"blue": "B02", "green": "B03", "red": "B04", "nir": "B08", "swir16": "B11"}
CLOUD, CLEAR = 9, 5
ORIGIN = (666240.0, 3495120.0)
"""Left and upper edge of the ground in EPSG:4549."""
EDGE_PX, PIXEL_M = 180, 10.0


def _area() -> Polygon:
    grid = open_scene(str(SAMPLES / GROUNDS[0])).geobox
    outline = reproject_geometry(footprint(grid, 1), grid.crs, CGCS2000)
    assert isinstance(outline, Polygon)
    return outline


AREA = _area()
"""The sample ground, in longitude and latitude."""


def at(day: str, hour: int = 2) -> datetime:
    """An instant of a day, UTC."""
    return datetime.fromisoformat(day).replace(hour=hour, minute=31, second=5, tzinfo=UTC)


@dataclass(frozen=True)
class Showing:
    """One pass of the script."""

    acquisition: Acquisition
    ground: str = GROUNDS[0]
    cloud: float = 0.0
    """Share of the ground that lies under cloud, from the west..."""
    in_the_east: bool = False
    """...or from the east."""
    appears: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    """The source does not know of it before."""


def showing(
    day: str,
    ground: str = GROUNDS[0],
    *,
    cloud: float = 0.0,
    stated: float | None = None,
    appears: datetime | None = None,
    version: str = "05.11",
    tile: str = "51RUQ",
    platform: str = "sentinel-2a",
    source: str = "made",
    published: datetime | None = None,
    footprint: BaseGeometry = AREA,
) -> Showing:
    """An optical pass of a day as Sentinel-2's producer would tell it."""
    acquired = at(day)
    identifier = f"{platform}-{day}-{tile}-{version}"
    acquisition = Acquisition(
        source, "sentinel-2-l2a", identifier, Kind.OPTICAL, acquired, footprint,
        published=published or acquired + timedelta(hours=6), cloud_share=stated,
        platform=platform, same_as=f"{platform} {acquired:%Y%m%dT%H%M%S} {tile}", version=version,
        orbit="132",
    )  # fmt: skip
    known_from = appears or datetime(1970, 1, 1, tzinfo=UTC)
    return Showing(acquisition, ground, cloud, appears=known_from)


@dataclass
class ScriptedSource:
    """A source of scripted passes; what was asked of it is written down."""

    showings: list[Showing]
    name: str = "made"
    clock: Callable[[], datetime] = lambda: datetime(2100, 1, 1, tzinfo=UTC)
    away: bool = False
    """Nothing answers."""
    faults: dict[str, list[Exception]] = field(default_factory=dict)
    """Identifier -> what the next fetches of it raise, first to last."""
    search_faults: list[Exception] = field(default_factory=list)
    """What the next searches raise, first to last."""
    garbled: set[str] = field(default_factory=set)
    """Identifiers whose pixels arrive broken, each time."""
    units: float = 0.0
    """What each fetch costs."""
    searches: list[Ask] = field(default_factory=list)
    fetches: list[str] = field(default_factory=list)

    def search(self, ask: Ask) -> Iterator[Acquisition]:
        self._answer()
        self.searches.append(ask)
        if self.search_faults:
            raise self.search_faults.pop(0)
        for one in self.showings:
            inside = ask.start <= one.acquisition.acquired < ask.end
            known = one.appears <= self.clock()
            if inside and known and one.acquisition.footprint.intersects(ask.area):
                yield one.acquisition

    def cost(self, acquisition: Acquisition, area: BaseGeometry) -> Cost:
        del acquisition, area
        return Cost(self.units, 1, 400_000)

    def fetch(
        self,
        acquisition: Acquisition,
        area: BaseGeometry,
        folder: Path,
        check: Callable[[], None],
    ) -> Fetched:
        del area
        self._answer()
        check()
        self.fetches.append(acquisition.identifier)
        if waiting := self.faults.get(acquisition.identifier):
            raise waiting.pop(0)
        fetched = write_scene(folder, self._showing(acquisition.identifier))
        if acquisition.identifier in self.garbled:
            garble(folder / BANDS_FILE)
        return replace(fetched, units=self.units)

    def _answer(self) -> None:
        if self.away:
            raise SourceError(f"{self.name}: no answer in 10 s: it is asked again")

    def _showing(self, identifier: str) -> Showing:
        return next(one for one in self.showings if one.acquisition.identifier == identifier)


def radar_showing(day: str, orbit: str = "171 ascending") -> Showing:
    """A radar pass of a day."""
    identifier, acquired = f"s1-{day}-{orbit}".replace(" ", "-"), at(day, 10)
    acquisition = Acquisition(
        "made", "sentinel-1-grd", identifier, Kind.SAR, acquired, AREA, platform="sentinel-1a",
        same_as=identifier, orbit=orbit,
    )  # fmt: skip
    return Showing(acquisition)


def _write_radar(folder: Path, shown: Showing) -> Fetched:
    """Power of two polarisations that speckles, as a source leaves it."""
    with rasterio.open(SAMPLES / shown.ground / "B04.tif") as image:
        ground, place = image.read(1), {"crs": image.crs, "transform": image.transform}
    random = np.random.default_rng(int(shown.acquisition.acquired.timestamp()))
    speckle = random.gamma(4.0, 0.25, (2, EDGE_PX, EDGE_PX))
    power = (speckle * ground / 20_000).astype(np.float32)
    shape = {"height": EDGE_PX, "width": EDGE_PX, "compress": "zstd", **place}
    _write(folder / BANDS_FILE, power, ("vv", "vh"), shape)
    return Fetched(("vv", "vh"), PIXEL_M, has_scl=False, reflectance=False)


def write_scene(folder: Path, shown: Showing) -> Fetched:
    """Bands and classification of a scripted pass, as a source leaves them."""
    if shown.acquisition.kind is Kind.SAR:
        return _write_radar(folder, shown)
    from_day = SAMPLES / shown.ground
    planes = []
    for stem in BANDS.values():
        with rasterio.open(from_day / f"{stem}.tif") as image:
            planes.append(image.read(1))
            place = {"crs": image.crs, "transform": image.transform}
    pixels = np.stack(planes)
    seed = int(shown.acquisition.acquired.timestamp())
    noise = np.random.default_rng(seed).normal(0, 15, pixels.shape)  # no two passes are alike
    pixels = np.clip(pixels + noise, 1, 20_000).astype(np.uint16)
    scl = np.full((EDGE_PX, EDGE_PX), CLEAR, np.uint8)
    hidden = round(shown.cloud * EDGE_PX)
    under = slice(EDGE_PX - hidden, None) if shown.in_the_east else slice(hidden)
    scl[:, under] = CLOUD
    pixels[:, :, under] = 9_000
    shape = {"height": EDGE_PX, "width": EDGE_PX, "compress": "zstd", **place}
    _write(folder / BANDS_FILE, pixels, tuple(BANDS), shape)
    _write(folder / SCL_FILE, scl[None], ("scl",), shape)
    about = {"view:sun_azimuth": 150.0, "view:sun_elevation": 55.0, "processing:level": "L2A"}
    return Fetched(tuple(BANDS), PIXEL_M, has_scl=True, properties=about)


def _write(
    path: Path, pixels: NDArray[Any], names: tuple[str, ...], shape: dict[str, object]
) -> None:
    kind = {"driver": "COG", "count": len(pixels), "dtype": str(pixels.dtype), "nodata": 0}
    profile: dict[str, Any] = kind | shape
    with rasterio.open(path, "w", **profile) as image:
        image.write(pixels)
        image.descriptions = names


def garble(path: Path) -> None:
    """Overwrite where the first block begins: the file opens, and that block is not decoded."""
    with rasterio.open(path) as image:
        start = int(image.get_tag_item("BLOCK_OFFSET_0_0", "TIFF", bidx=1))
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\xff" * 64)


def west_of(share: float) -> BaseGeometry:
    """The west of the sample ground, in longitude and latitude."""
    left, top = ORIGIN
    edge = EDGE_PX * PIXEL_M
    grid = open_scene(str(SAMPLES / GROUNDS[0])).geobox
    return reproject_geometry(box(left, top - edge, left + share * edge, top), grid.crs, CGCS2000)
