"""Leads on ground where nothing of interest happens: every one of them would cost a trip.

Made-up ground with its look-alikes and its layers goes through the whole line as imagery would:
files, survey, tiles, candidates, crossing, scorecard.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import rasterio

from geo.raster import Raster
from geo.zone import ZoneLayer
from leads.domain.facts import facts_of
from leads.domain.score import score
from leads.domain.status import Priority
from leads.run.detect import detect
from leads.run.detection import Detection, in_force
from leads.run.kept_layers import NO_LAYERS, recorded
from leads.run.request import Request
from leads.run.runner import Inline
from models.evaluation.exact import Rate
from models.evaluation.made_ground import GSD_M, MadePair, made_pair, without_changes
from tiles.synthetic.layers import layers
from tiles.synthetic.render import render

VISITED = (Priority.P1, Priority.P2, Priority.P3)
"""Leads of these priorities are worth a trip."""


@dataclass(frozen=True, slots=True)
class QuietGround:
    """What came of one ground."""

    km2: float
    """Seen on both dates."""
    priorities: Mapping[Priority, int]
    """Leads by priority: one lead per candidate."""


@dataclass(frozen=True, slots=True)
class QuietLine:
    """Runs the line on one ground."""

    detector: str
    """Name in the registry, or a file of weights."""
    threshold: float
    """A pixel is called change at this probability."""

    def __call__(self, seed: int) -> QuietGround:
        """Render the ground of a seed, detect, cross with its layers and score."""
        made = made_pair(seed)
        zones = layers(made.ground)  # laid around the changes, which then do not happen
        with tempfile.TemporaryDirectory(prefix="hongxian-quiet-") as folder:
            found = self._detect(without_changes(made), zones, Path(folder))
        return QuietGround(found.summary.valid_pixels * GSD_M**2 / 1e6, priorities_of(found))

    def _detect(self, made: MadePair, zones: tuple[ZoneLayer, ...], folder: Path) -> Detection:
        files = {name: folder / f"{name}.tif" for name in ("before", "after")}
        for path, shot in zip(files.values(), (made.before, made.after), strict=True):
            grid = made.ground.geobox(GSD_M)
            raster = render(made.ground, shot.moment, shot.camera, grid).raster
            _write(path, raster, shot.camera.dtype)
        request = Request(
            before=str(files["before"]),
            after=str(files["after"]),
            before_date=made.before.moment.day,
            after_date=made.after.moment.day,
            detector=self.detector,
            threshold=self.threshold,
        )
        return detect(
            request,
            Inline(),
            kept=replace(
                NO_LAYERS,
                near=lambda after, until, *_: recorded(in_force(zones, after, until)),
            ),
        )


def priorities_of(found: Detection) -> Counter[Priority]:
    """Leads of a detection by the priority of their scorecards, as when they are filed first."""
    kinds = frozenset(layer.kind for layer in found.layers)
    return Counter(score(facts_of(lead, kinds)).priority for lead in found.leads)


def quiet_report(grounds: Iterator[QuietGround]) -> dict[str, Any]:
    """Candidates per km2, and leads worth a trip per 100 km2, with exact Poisson intervals."""
    km2, count, priorities = 0.0, 0, Counter[Priority]()
    for ground in grounds:
        km2, count = km2 + ground.km2, count + 1
        priorities.update(ground.priorities)
    candidates = Rate(priorities.total(), km2)
    trips = Rate(sum(priorities[level] for level in VISITED), km2)
    return {
        "grounds": count,
        "km2": km2,
        "candidates": candidates.count,
        "candidates_per_km2": candidates.per(),
        "leads_p1_to_p3": trips.count,
        "leads_p1_to_p3_per_100_km2": trips.per(100),
        "leads_by_priority": {level.value: priorities[level] for level in Priority},
        "intervals": {
            "candidates_per_km2": list(candidates.interval()),
            "leads_p1_to_p3_per_100_km2": list(trips.interval(100)),
        },
    }


def _write(path: Path, raster: Raster, dtype: str) -> None:
    """A tiled GeoTIFF that is read back at once, so not compressed."""
    height, width = raster.geobox.shape
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=height,
        width=width,
        count=len(raster.bands),
        dtype=dtype,
        crs=raster.geobox.crs,
        transform=raster.geobox.transform,
        tiled=True,
        blockxsize=256,
        blockysize=256,
        photometric="minisblack",  # else the fourth of four bands is read as transparency
    ) as image:
        image.write(raster.pixels.astype(np.dtype(dtype)))
        image.descriptions = raster.bands
