"""What a fake service has in its archive: passes over a synthetic ground, as its sensors saw it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry

from geo.crs import CGCS2000, SHANGHAI_PLANE, reproject_geometry, transformer
from geo.geobox import GeoBox
from tiles.synthetic.camera import MSI_10M
from tiles.synthetic.ground import Ground, make_ground
from tiles.synthetic.moment import moment_of
from tiles.synthetic.radar import radar
from tiles.synthetic.render import render

Plane = NDArray[np.float64]

OFFSET = 1000
"""Added to digital numbers since processing baseline 04.00."""
_STAMP = "%Y%m%dT%H%M%S"


@dataclass(frozen=True, slots=True)
class Pass:
    """One product of the archive."""

    identifier: str
    acquired: datetime
    published: datetime
    cloud: float = 0.0
    haze: float = 0.0
    tide_m: float = 1.2
    seed: int = 0
    ground_day: date | None = None
    """Day of the ground that is shown; None: that of the sensing."""
    faults: tuple[str, ...] = ()
    """What happens to the first requests for its pixels: see the fake service."""
    radar: bool = False
    baseline: str = "05.09"
    tile: str = "51RUQ"
    footprint: BaseGeometry | None = None
    """None: far beyond the ground."""
    said: Mapping[str, object] = field(default_factory=dict)
    """Further properties of its item."""

    @property
    def collection(self) -> str:
        return "sentinel-1-grd" if self.radar else "sentinel-2-l2a"

    @property
    def platform(self) -> str:
        return f"sentinel-{self.identifier[1:3].lower()}"


def optical_pass(
    day: date,
    *,
    hours_late: float = 4.0,
    satellite: str = "S2A",
    baseline: str = "05.09",
    made: str = "060000",
    **more: object,
) -> Pass:
    """A pass of Sentinel-2 in the morning, under a name as the real ones have."""
    start = datetime(day.year, day.month, day.day, 2, 35, 31, tzinfo=UTC)
    tile = str(more.get("tile", "51RUQ"))
    name = (
        f"{satellite}_MSIL2A_{start:{_STAMP}}_N{baseline.replace('.', '')}_R089_T{tile}"
        f"_{day:%Y%m%d}T{made}"
    )
    acquired = start + timedelta(minutes=8)
    published = acquired + timedelta(hours=hours_late)
    return Pass(name, acquired, published, baseline=baseline, **{"seed": day.toordinal(), **more})  # type: ignore[arg-type]


def radar_pass(day: date, *, absolute: int = 49719, **more: object) -> Pass:
    """A pass of Sentinel-1 before sunset, under a name as the real ones have."""
    start = datetime(day.year, day.month, day.day, 9, 54, 33, tzinfo=UTC)
    end = start + timedelta(seconds=25)
    name = f"S1A_IW_GRDH_1SDV_{start:{_STAMP}}_{end:{_STAMP}}_{absolute:06d}_05FA89_89F8"
    published = end + timedelta(hours=3)
    return Pass(name, start, published, radar=True, **{"seed": day.toordinal(), **more})  # type: ignore[arg-type]


@lru_cache(maxsize=4)
def sky_ground(seed: int = 7, size_m: float = 3000.0) -> Ground:
    """A small ground."""
    return make_ground(seed, size_m)


@dataclass(slots=True, eq=False)
class Sky:
    """A ground and the passes over it."""

    passes: list[Pass]
    ground: Ground = field(default_factory=sky_ground)
    _seen: dict[tuple[object, ...], dict[str, Plane]] = field(default_factory=dict)

    @property
    def area(self) -> BaseGeometry:
        """The ground in degrees."""
        return reproject_geometry(box(*self.ground.bounds), SHANGHAI_PLANE, CGCS2000)

    def footprint(self, one: Pass) -> BaseGeometry:
        """Ground of a pass in degrees."""
        return one.footprint or self.area.envelope.buffer(0.3, join_style="mitre")

    def look(self, one: Pass, grid: GeoBox) -> dict[str, Plane]:
        """Raw bands of a pass on a grid, nearest pixel, as the sensor's product holds them.

        `dataMask` is 1 where there is something. Optical: digital numbers with their offset.
        """
        whole, box_ = self._whole(one), self.ground.geobox(10.0)
        cols, rows = np.meshgrid(np.arange(grid.width) + 0.5, np.arange(grid.height) + 0.5)
        x, y = grid.transform @ (cols, rows)
        to_plane = transformer(CRS.from_user_input(grid.crs), SHANGHAI_PLANE)
        x, y = to_plane.transform(x, y)
        col, row = ~box_.transform @ (np.asarray(x), np.asarray(y))
        col, row = np.floor(col).astype(int), np.floor(row).astype(int)
        inside = (col >= 0) & (row >= 0) & (col < box_.width) & (row < box_.height)
        col, row = np.clip(col, 0, box_.width - 1), np.clip(row, 0, box_.height - 1)
        return {name: np.where(inside, plane[row, col], 0.0) for name, plane in whole.items()}

    def _whole(self, one: Pass) -> dict[str, Plane]:
        day = one.ground_day or one.acquired.date()
        key = (day, one.cloud, one.haze, one.tide_m, one.seed, one.radar, one.baseline)
        if key not in self._seen:
            self._seen[key] = (
                _radar(self.ground, one, day) if one.radar else _optical(self.ground, one, day)
            )
        return self._seen[key]


def _optical(ground: Ground, one: Pass, day: date) -> dict[str, Plane]:
    moment = moment_of(
        day, tide_m=one.tide_m, haze=one.haze, cloud=one.cloud, seed=one.seed % 10_000
    )
    image = render(ground, moment, MSI_10M, ground.geobox(10.0))
    blue, green, red, nir, swir = (plane.astype(float) for plane in image.raster.pixels)
    offset = OFFSET if one.baseline >= "04.00" else 0
    assert image.scl is not None
    scl = image.scl.astype(float)
    probability = np.select([scl == 9, scl == 8], [97.0, 60.0], 3.0)
    bands = {"B02": blue, "B03": green, "B04": red, "B08": nir, "B11": swir, "B12": 0.7 * swir}
    return {
        **{name: np.rint(plane) + offset for name, plane in bands.items()},
        "SCL": scl,
        "CLD": probability,
        "CLP": np.rint(probability * 2.55),
        "dataMask": np.ones_like(scl),
    }


def _radar(ground: Ground, one: Pass, day: date) -> dict[str, Plane]:
    moment = moment_of(day, tide_m=one.tide_m, seed=one.seed % 10_000)
    power = radar(ground, moment, ground.geobox(10.0)).pixels.astype(float)
    return {"VV": power[0], "VH": power[1], "dataMask": np.ones_like(power[0])}
