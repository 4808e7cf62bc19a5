"""Mask a fetched scene: SCL_FILE says what hid the ground, whatever said so."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from math import isfinite
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geo.errors import SceneError
from geo.geobox import GeoBox
from geo.raster import Codes, Float, Mask
from tiles.clear.cells import Cells, cell_factor, cell_grid, read_cells, read_planes
from tiles.clear.cloud import CLEAR_SKY, HAZE, THICK, grown, sky_of
from tiles.clear.cloud_shadow import SunSeen, shadow_of
from tiles.clear.codes import (
    AS_SAID,
    CIRRUS,
    CLOUD_HIGH,
    CLOUD_MEDIUM,
    SHADOW,
    UNCLASSIFIED,
    UNKNOWN,
    cell_codes,
    write_codes,
)
from tiles.clear.join import joined
from tiles.clear.likeness import is_unlike
from tiles.files.probe import probe_file
from tiles.reading.masks import SCL_LAST, SCL_NOT_OBSERVED
from tiles.scene import BandFile, Scene
from tiles.sources.source import BANDS_FILE, CLOUD_FILE, SCL_FILE, Fetched

GROWTH_M = 50.0
"""What is hidden reaches so much further than where it can be told: edges are thin."""
LOOKED_AT = ("blue", "green", "red", "nir")
"""Bands the tests look at; blue and red are needed."""
MISSING_PROBABILITY = 255.0
"""In CLOUD_FILE."""
UNMASKED = "nothing"
"""Method where nobody can say what was seen: none of the ground counts."""


@dataclass(frozen=True, slots=True)
class MaskFacts:
    """What a mask says of a scene; shares are of its observed ground, 0 to 1."""

    clear_share: float
    """Seen: neither cloud nor haze nor shadow, with growth, nor hidden in the producer's words."""
    cloud_share: float
    """Under cloud, with its growth."""
    haze_share: float
    """Under haze or thin cloud through which changes do not show."""
    shadow_share: float
    """In the shadow of a cloud, with its growth."""
    method: str
    """What was looked at, joined by plus signs: `scl`, `probability`, `own`, `earlier`, `sun`;
    UNMASKED where there is no classification and blue or red is missing."""


def mask_scene(folder: Path, fetched: Fetched, reference: Scene | None = None) -> MaskFacts:
    """Write or complete SCL_FILE of a folder that a source filled.

    Where there is a classification it is joined with the probability of cloud and with what the
    pixels themselves show; cloud is grown and its shadow looked for. Where there is none, the
    pixels alone decide, on cells of a few of them; without blue or red nobody can, and nothing
    counts as seen. `reference` is an earlier clear image of the
    place: what was as bright there is no cloud, and a scene that has nothing of it is all cloud.
    Memory is bounded, whatever the size. For strangers' files call it in a child process. Raises
    SceneError: a file is missing or broken.
    """
    scene = Scene(str(folder), date.min, _bands(folder / BANDS_FILE), None, "")
    said = _bands(folder / SCL_FILE)[0] if fetched.has_scl else None
    base = scene.geobox if said is None else said.geobox
    factor, grid = cell_factor(base), cell_grid(base)
    looked = tuple(name for name in LOOKED_AT if name in scene.band_names)
    verdict: Codes = np.full(grid.shape, UNKNOWN if said is None else AS_SAID, np.uint8)
    seen: Mask = np.ones(grid.shape, np.bool_)
    words = [UNMASKED if said is None else "scl"]
    if {"blue", "red"} <= set(looked):
        cells = read_cells(scene, grid, looked, reflectance=fetched.reflectance)
        earlier = _earlier(reference, cells, fetched)
        verdict, words = _verdict(folder, fetched, cells, said, earlier)
        seen = cells.valid
    counts = write_codes(folder / SCL_FILE, base, said, factor, verdict, seen)
    return _facts(counts, "+".join(words))


def sun_seen(properties: Mapping[str, object]) -> SunSeen | None:
    """Where the sun stood by a scene's STAC properties; None where they do not say."""
    azimuth, elevation = (properties.get(f"view:sun_{name}") for name in ("azimuth", "elevation"))
    if not isinstance(azimuth, int | float) or not isinstance(elevation, int | float):
        return None
    if not (isfinite(azimuth) and 3 <= elevation <= 90):
        return None
    return SunSeen(float(azimuth), float(elevation))


def _verdict(
    folder: Path,
    fetched: Fetched,
    cells: Cells,
    said: BandFile | None,
    earlier: Cells | None,
) -> tuple[Codes, list[str]]:
    """A code per cell, and what was looked at."""
    sun = sun_seen(fetched.properties)
    words = [word for word, known in (("earlier", earlier), ("sun", sun)) if known is not None]
    nothing: Mask = np.zeros(cells.valid.shape, np.bool_)
    if said is None:
        sky = sky_of(cells, earlier)
        if earlier is not None and is_unlike(cells, earlier, sky == CLEAR_SKY):
            sky[cells.valid] = THICK
        shadow = shadow_of(cells, sky > 0, sun, earlier)
        return _hidden(cells, sky, nothing, shadow), ["own", *words]
    blocks = cell_codes(said, cell_factor(said.geobox))
    probability = _probability(folder, cells.geobox) if fetched.has_cloud_probability else None
    if probability is not None:
        words = ["probability", *words]
    sky, denied = joined(blocks, cells, probability, earlier)
    shadow = shadow_of(cells, sky > 0, sun, earlier) | blocks.shadow
    return _hidden(cells, sky, denied, shadow), ["scl", *words]


def _hidden(cells: Cells, sky: Codes, denied: Mask, shadow: Mask) -> Codes:
    """Codes of what hides the ground, with its growth; UNCLASSIFIED where cloud was denied."""
    radius = max(1, cells.px(GROWTH_M))
    verdict: Codes = np.full(sky.shape, AS_SAID, np.uint8)
    verdict[denied] = UNCLASSIFIED
    verdict[grown(shadow, radius)] = SHADOW
    verdict[grown(sky == HAZE, radius)] = CIRRUS
    verdict[grown((sky != CLEAR_SKY) & (sky != HAZE), radius)] = CLOUD_MEDIUM
    verdict[sky == THICK] = CLOUD_HIGH
    return verdict


def _earlier(reference: Scene | None, cells: Cells, fetched: Fetched) -> Cells | None:
    """The earlier image on the same cells; None where it lacks a band or shows little of them."""
    if reference is None or not set(cells.planes) <= set(reference.band_names):
        return None
    try:
        earlier = read_cells(
            reference, cells.geobox, tuple(cells.planes), reflectance=fetched.reflectance
        )
    except SceneError:
        return None  # a mask without it is worse, no mask is worse still
    shared = np.count_nonzero(earlier.valid & cells.valid)
    return earlier if shared > 0.1 * np.count_nonzero(cells.valid) else None


def _probability(folder: Path, grid: GeoBox) -> Float:
    """Probability of cloud in percent on cells, NaN where unknown."""
    facts = probe_file(str(folder / CLOUD_FILE))
    band = BandFile("probability", facts.path, 1, facts.geobox, MISSING_PROBABILITY, facts.stamp)
    planes, valid = read_planes(Scene(str(folder), date.min, (band,), None, ""), grid, (band.name,))
    return np.where(valid, planes[0], np.float32(np.nan))


def _bands(path: Path) -> tuple[BandFile, ...]:
    facts = probe_file(str(path))
    return tuple(
        BandFile(name or f"band{index}", facts.path, index, facts.geobox, None, facts.stamp)
        for index, name in enumerate(facts.names, start=1)
    )


def _facts(counts: NDArray[np.int64], method: str) -> MaskFacts:
    total = max(1, int(counts.sum()))
    hidden = int(counts[list(SCL_NOT_OBSERVED)].sum() + counts[SCL_LAST + 1 :].sum())
    cloud, haze, shadow = (
        float(counts[list(some)].sum() / total)
        for some in ((CLOUD_MEDIUM, CLOUD_HIGH), (CIRRUS,), (SHADOW,))
    )
    return MaskFacts(float((counts.sum() - hidden) / total), cloud, haze, shadow, method)
