"""Dumps composited onto pairs without change, by the recipe training never draws from."""

from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

import numpy as np
from scipy import ndimage

from geo.raster import Float, Mask, Pair, Raster
from models.evaluation.case import DECOY, Case, Source
from models.evaluation.folder import FolderCase, labelled_files
from models.evaluation.made_ground import case_of, ground_seeds, made_pair, without_changes
from tiles.composite.paste import composite
from tiles.composite.recipe import HELD_OUT

TILE_PX = 256
"""Edge of the squares that a large pair is cut into; each gets heaps of its own."""
MARGIN_PX = 8
"""What changed in a real pair is not counted, nor what lies so near to it."""
FIRST_BANDS = ("red", "green", "blue", "nir", "swir16")
"""Order in which compositing wants the bands that are named so."""


@dataclass(frozen=True, slots=True)
class QuietCase:
    """Renders one pair of made-up ground on which only look-alikes happen."""

    seed: int
    """Of the ground and of how it is photographed."""

    def __call__(self) -> Case:
        """Render it."""
        return case_of(without_changes(made_pair(self.seed)), f"ground {self.seed}")


@dataclass(frozen=True, slots=True)
class DumpCase:
    """Pastes heaps onto a case; what had changed in it before is not counted."""

    onto: Source
    """The case that is pasted onto."""
    seed: int
    """Of the heaps, with the case's name."""

    def __call__(self) -> Case:
        """Read or render it, and paste."""
        return with_dumps(self.onto(), self.seed)


def dump_sources(km2: float, seed: int) -> list[Source]:
    """Heaps on at least `km2` of made-up ground without change."""
    return [DumpCase(QuietCase(ground), ground) for ground in ground_seeds("dumps", km2, seed)]


def dumps_on_folder(folder: Path, nominal_gsd_m: float, seed: int) -> list[Source]:
    """Heaps on the unchanged parts of FOLDER/{A,B,label}."""
    files = labelled_files(folder)
    return [DumpCase(FolderCase(one, nominal_gsd_m), seed) for one in files]


def with_dumps(case: Case, seed: int) -> Case:
    """The case with heaps of the held-out recipe, square by square, and their truth alone.

    Heaps on both dates become look-alikes of code `DECOY`. Raises InputError for images that have
    fewer than three bands or are too small to paste into.
    """
    rng = np.random.default_rng([seed, crc32(case.name.encode())])
    order = _band_order(case.pair.bands)
    before, after = (raster.pixels[order].copy() for raster in (case.pair.before, case.pair.after))
    shape = case.pair.geobox.shape
    changed, classes = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=np.uint8)
    alike = np.zeros(shape, dtype=np.uint8) if case.lookalikes is None else case.lookalikes.copy()
    for square in _squares(shape):
        part = (slice(None), *square)
        made = composite(rng, before[part], after[part], case.gsd_m, HELD_OUT)
        before[part], after[part] = made.before, made.after
        changed[square], classes[square] = made.changed, made.classes
        alike[square][made.changed] = 0
        alike[square][made.decoys] = DECOY
    bands = tuple(case.pair.bands[i] for i in order)
    return replace(
        case,
        pair=Pair(
            _painted(case.pair.before, bands, before), _painted(case.pair.after, bands, after)
        ),
        changed=changed,
        classes=classes,
        lookalikes=alike,
        ignored=_around(case.changed),
    )


def _band_order(bands: tuple[str, ...]) -> list[int]:
    """Indices of the bands: red, green, blue first, where they are named."""
    rank = {name: i for i, name in enumerate(FIRST_BANDS)}
    return sorted(range(len(bands)), key=lambda i: (rank.get(bands[i], len(rank)), i))


def _squares(shape: tuple[int, int]) -> list[tuple[slice, slice]]:
    """Squares of `TILE_PX` over the whole; the last of a row or column takes what is left over."""
    starts = [
        [0] if edge < 2 * TILE_PX else list(range(0, edge - TILE_PX + 1, TILE_PX)) for edge in shape
    ]
    spans = [
        [slice(a, b) for a, b in zip(begin, [*begin[1:], edge], strict=True)]
        for begin, edge in zip(starts, shape, strict=True)
    ]
    return [(rows, cols) for rows in spans[0] for cols in spans[1]]


def _painted(raster: Raster, bands: tuple[str, ...], pixels: Float) -> Raster:
    return Raster(raster.geobox, bands, pixels, raster.valid)


def _around(changed: Mask) -> Mask | None:
    """What changed and what lies within `MARGIN_PX` of it."""
    if not changed.any():
        return None
    near: Mask = ndimage.distance_transform_edt(~changed) <= MARGIN_PX
    return near
