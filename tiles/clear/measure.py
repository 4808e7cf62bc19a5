"""Measure masks on made-up ground under made-up skies, whose truth is known: decision 0026's table.

python -m tiles.clear.measure
"""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import cycle
from pathlib import Path

import click
import numpy as np
import rasterio

from geo.raster import Float, Mask
from tiles.clear.mask_scene import mask_scene
from tiles.files.new_cog import new_cog
from tiles.files.open_scene import open_scene
from tiles.reading.masks import SCL_LAST, SCL_NOT_OBSERVED
from tiles.scene import Scene
from tiles.sources.source import BANDS_FILE, SCL_FILE, Fetched
from tiles.synthetic.camera import MSI_10M, VHR_A, Camera
from tiles.synthetic.ground import Ground, make_ground
from tiles.synthetic.moment import Moment, moment_of
from tiles.synthetic.render import render
from tiles.synthetic.sky import through_air

SKIES = ((0.0, 0.02), (0.15, 0.05), (0.4, 0.1), (0.7, 0.05), (0.0, 0.3), (0.25, 0.0))
"""Cloud and haze of the looks at one ground."""
DAYS = (date(2024, 4, 11), date(2024, 8, 5), date(2024, 11, 20), date(2024, 1, 25))
"""Their days, in turn; the earlier clear image is of the same month a year before."""
OPAQUE, SHADED = 0.1, 0.25
"""Ground is hidden from such an opacity of cloud, or such a depth of its shadow, on."""
CLEAR_OPACITY, CLEAR_SHADE = 0.02, 0.05
"""Ground is clear below both; what lies between counts as neither."""
_INSET_M = 60.0


@dataclass(frozen=True, slots=True)
class Trial:
    """Grounds that are looked at by one sensor."""

    camera: Camera
    """Sensor; of 16 bits it tells reflectance, of 8 numbers."""
    gsd_m: float
    """Edge of a pixel, m."""
    size_m: float
    """Edge of a ground, m."""
    seeds: tuple[int, ...]
    """Of the grounds."""
    ways: tuple[str, ...] = ("sun",)
    """What is known beside the pixels: `sun`, `nothing`, `earlier` (image, and the sun)."""


TRIALS: Mapping[str, Trial] = {
    "10 m, grounds used for tuning": Trial(MSI_10M, 10.0, 3000.0, (1, 2, 3)),
    "10 m, held out": Trial(MSI_10M, 10.0, 3000.0, (11, 12, 13), ("sun", "nothing", "earlier")),
    "2 m, 8-bit numbers, held out": Trial(VHR_A, 2.0, 2400.0, (11, 12), ("sun", "earlier")),
}
"""By name; thresholds were chosen on the first alone."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Pixels of some looks."""

    hidden: int = 0
    """Under cloud or its shadow."""
    found: int = 0
    """Of those in the mask."""
    clear: int = 0
    """Clear."""
    lost: int = 0
    """Of those in the mask."""

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.hidden + other.hidden,
            self.found + other.found,
            self.clear + other.clear,
            self.lost + other.lost,
        )


def counted(mask: Mask, sky: Float, shade: Float) -> Counts:
    """What a mask (y, x), true where hidden, makes of a sky's opacity and shadow of clouds."""
    hidden = (sky > OPAQUE) | (shade > SHADED)
    clear = (sky < CLEAR_OPACITY) & (shade < CLEAR_SHADE)
    four = (hidden, hidden & mask, clear, clear & mask)
    return Counts(*(int(np.count_nonzero(one)) for one in four))


def looks(trial: Trial) -> Iterator[tuple[str, bool, Counts]]:
    """For each look at each ground, by each way: the way, whether the sky was clear, the counts."""
    for seed in trial.seeds:
        ground = make_ground(seed, trial.size_m)
        for number, ((cloud, haze), day) in enumerate(zip(SKIES, cycle(DAYS), strict=False)):
            moment = moment_of(day, cloud=cloud, haze=haze, seed=seed * 10 + number)
            with tempfile.TemporaryDirectory(prefix="hongxian-masks-") as folder:
                for way, found in _by_ways(trial, ground, moment, Path(folder)):
                    yield way, cloud == 0, found


def _by_ways(
    trial: Trial, ground: Ground, moment: Moment, folder: Path
) -> Iterator[tuple[str, Counts]]:
    sun = {"view:sun_azimuth": moment.sun.azimuth, "view:sun_elevation": moment.sun.elevation}
    reflectance = trial.camera.dtype == "uint16"
    _write(trial, ground, moment, folder)
    sky, shade = _truth(trial, ground, moment)
    for way in trial.ways:
        fetched = Fetched(
            trial.camera.bands,
            trial.gsd_m,
            has_scl=False,
            reflectance=reflectance,
            properties={} if way == "nothing" else sun,
        )
        mask_scene(folder, fetched, _earlier(trial, ground, moment, folder, way))
        yield way, counted(_hidden(folder, sky.shape), sky, shade)


def _earlier(trial: Trial, ground: Ground, moment: Moment, folder: Path, way: str) -> Scene | None:
    if way != "earlier":
        return None
    before = moment_of(date(2023, moment.day.month, 9), haze=0.02, seed=moment.seed + 5)
    (folder / way).mkdir()
    _write(trial, ground, before, folder / way)
    return open_scene(str(folder / way / BANDS_FILE), before.day)


def _write(trial: Trial, ground: Ground, moment: Moment, folder: Path) -> None:
    grid = ground.geobox(trial.gsd_m, _INSET_M)
    pixels = render(ground, moment, trial.camera, grid).raster.pixels
    names, kind = trial.camera.bands, trial.camera.dtype
    with new_cog(folder / BANDS_FILE, grid, names, kind, nodata=None) as image:
        image.write(pixels.astype(kind))


def _truth(trial: Trial, ground: Ground, moment: Moment) -> tuple[Float, Float]:
    grid = ground.geobox(trial.gsd_m, _INSET_M)
    steps = (np.arange(grid.width, dtype=np.float64) + 0.5) * trial.gsd_m
    x = np.asarray(grid.transform.c - ground.origin[0] + steps, dtype=np.float64)
    y = np.asarray(grid.transform.f - ground.origin[1] - steps, dtype=np.float64)
    _, sky, shade = through_air(np.ones((1, *grid.shape), np.float32), ("blue",), moment, x, y)
    return sky, shade


def _hidden(folder: Path, shape: tuple[int, int]) -> Mask:
    with rasterio.open(folder / SCL_FILE) as image:
        codes = image.read(1)
    times = -(-shape[0] // codes.shape[0])
    hidden = np.isin(codes, SCL_NOT_OBSERVED) | (codes > SCL_LAST)
    fine: Mask = np.repeat(np.repeat(hidden, times, axis=0), times, axis=1)
    return fine[: shape[0], : shape[1]]


@click.command()
def main() -> None:
    """Print, for each trial and way, what is found of hidden ground and lost of clear ground."""
    fair: list[Counts] = []
    for name, trial in TRIALS.items():
        totals = dict.fromkeys(trial.ways, Counts())
        for way, is_fair, found in looks(trial):
            totals[way] += found
            if is_fair and way == "sun" and trial.camera is MSI_10M:
                fair.append(found)
        for way, total in totals.items():
            click.echo(
                f"{name}, {way} known: found {total.found / total.hidden:.1%}, "
                f"clear lost {total.lost / total.clear:.1%}"
            )
    of_fair = sum(fair, Counts())
    click.echo(
        f"the {len(fair)} clear skies at 10 m: clear lost {of_fair.lost / of_fair.clear:.2%}"
    )


if __name__ == "__main__":
    main()
