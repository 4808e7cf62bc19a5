"""Banks: the pairs that training draws from, in memory, and what is known of each pixel."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.errors import InputError
from geo.raster import Codes, Float, Mask
from models.evaluation.case import Case
from models.evaluation.folder import labelled_files, read_pairs
from models.sample import MIN_PIXELS
from models.siamese import BANDS, NEEDED
from models.training.config import Source
from models.training.ground_bank import TRAINING_SEEDS, ground_pair
from models.training.verdicts import learnt_from
from tiles.composite import site_images
from tiles.survey.gain import fit_gains

ALIKE = 2
"""In `changed`: not changed, but it looks so, which weighs more."""
UNKNOWN = 255
"""In `changed`: not sure, not learnt from. In `classes`: changed, to what is not known."""
S2_BANDS = MappingProxyType({"red": 3, "green": 2, "blue": 1, "nir": 7, "swir16": 10})
"""Where our bands lie among the twelve of the Sentinel-2 tiles (B1 ... B8, B8A, B9, B11, B12)."""
LEAST_PX = 128
"""Edge of a verdict's tile at least, so that a crop need not be enlarged beyond `crops.ZOOM`."""
FINE_ENOUGH = 16.0
"""Resampled numbers are rounded where each band spreads wider: 2 % of a standard deviation."""
PIXELS_FOR_GAINS = 2048
"""Pixels of a tile that its gains are fitted on, evenly taken."""

Numbers = NDArray[np.unsignedinteger[Any] | np.float32]
Places = NDArray[np.intp]

PLACES_STEP = 4
"""Places are told on every so-manyth row and column."""


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """A pair of images of one place, and what changed."""

    bands: tuple[str, ...]
    """STAC common names, red, green and blue first."""
    gsd_m: float
    """Metres per pixel."""
    before: Numbers
    """(band, y, x), digital numbers."""
    after: Numbers
    """(band, y, x), digital numbers."""
    changed: Codes
    """(y, x): 1 changed, 0 not, `ALIKE`, `UNKNOWN`."""
    classes: Codes
    """(y, x): change class codes where changed, or `UNKNOWN`; 0 elsewhere."""
    scales: tuple[Float, ...]
    """Per band (band, 1, 1): gain and offset of before, then centre and spread of both."""
    changes: Places
    """(place, 2) rows and columns at which something changed."""
    lookalikes: Places
    """(place, 2) rows and columns at which something only looks like a change."""

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        rows, cols = self.changed.shape
        return rows, cols


def tile_of(
    bands: tuple[str, ...],
    gsd_m: float,
    before: Numbers,
    after: Numbers,
    changed: Codes,
    classes: Codes,
    seen: Mask | None = None,
    lookalikes: Codes | None = None,
) -> Tile:
    """A tile with the gains that the survey would find, and the spread of its values.

    Both are fitted where `seen` (y, x) is true; None: everywhere.
    """
    whole = [x.reshape(len(x), -1) if seen is None else x[:, seen] for x in (before, after)]
    every = max(1, whole[0].shape[1] // PIXELS_FOR_GAINS)
    flat = [x[:, ::every].astype(np.float64) for x in whole]
    gains = fit_gains(bands, *flat)
    gain, offset = (np.array([getattr(g, n) for g in gains]) for n in ("gain", "offset"))
    centre, spread = flat[1].mean(axis=1), np.maximum(flat[1].std(axis=1), 1e-3)
    scales = [x.astype(np.float32)[:, None, None] for x in (gain, offset, centre, spread)]
    alike = np.zeros_like(changed) if lookalikes is None else lookalikes
    return Tile(
        bands, gsd_m, before, after, changed, classes, tuple(scales),
        _places(changed == 1), _of_each_kind(alike),
    )  # fmt: skip


def _of_each_kind(codes: Codes) -> Places:
    """(place, 2) rows and columns, as many of every code (y, x) that is there: rare kinds too."""
    kinds = [_places(codes == code) for code in np.unique(codes[codes > 0])]
    kinds = [places for places in kinds if len(places)]
    if not kinds:
        return np.zeros((0, 2), np.intp)
    most = max(map(len, kinds))
    return np.concatenate([np.resize(places, (most, 2)) for places in kinds])


def _places(where: Mask) -> Places:
    """(place, 2) rows and columns of some pixels of a mask (y, x)."""
    places: Places = np.argwhere(where[::PLACES_STEP, ::PLACES_STEP]) * PLACES_STEP
    return places


def load_bank(source: Source, data: Path, cache: Path) -> list[Tile]:
    """The tiles of a source; `data` is where its path begins, `cache` where grounds are kept.

    Raises InputError where there is nothing to load.
    """
    if source.kind not in _LOADERS:
        raise InputError(f"source {source.name!r}: kind {source.kind!r}, needs {', '.join(KINDS)}")
    tiles = _LOADERS[source.kind](source, data, cache)
    if not tiles:
        raise InputError(f"source {source.name!r}: no tile in {source.path or source.kind}")
    return tiles


def in_split(stem: str, columns_out: Sequence[int] = (), columns_only: Sequence[int] = ()) -> bool:
    """Whether a tile named COLUMN_ROW may be used; without any column given, every tile may."""
    if not columns_out and not columns_only:
        return True
    column = stem.split("_", maxsplit=1)[0]
    if not column.isdigit():
        raise InputError(f"tile {stem!r}: splits by column need names like 12_31")
    if columns_only:
        return int(column) in columns_only
    return int(column) not in columns_out


def _pairs(source: Source, data: Path, cache: Path) -> list[Tile]:
    """FOLDER/{A,B,label}; the label says that something changed, not what."""
    del cache
    files = [
        one
        for one in labelled_files(data / source.path)
        if in_split(one.before.stem, source.columns_out)
    ]
    tiles = []
    for labelled in read_pairs(files):
        pair, changed = labelled.pair, labelled.changed.astype(np.uint8)
        changed[~pair.observed] = UNKNOWN
        before, after = (_numbers(r.pixels) for r in (pair.before, pair.after))
        classes = np.where(changed == 1, UNKNOWN, 0).astype(np.uint8)
        tiles.append(tile_of(pair.bands, source.gsd_m, before, after, changed, classes))
    return tiles


def _sentinel2(source: Source, data: Path, cache: Path) -> list[Tile]:
    """An npz of Sentinel-2 tiles: before, after (n, y, x, 12), change (n, y, x), tile (n)."""
    del cache
    with np.load(data / source.path) as held:
        before, after, change, names = (held[key] for key in ("before", "after", "change", "tile"))
    chosen = list(S2_BANDS.values())
    tiles = []
    for n, name in enumerate(names.tolist()):
        if in_split(name, source.columns_out):
            first, second = (
                np.ascontiguousarray(x[n][..., chosen].transpose(2, 0, 1)) for x in (before, after)
            )
            changed = change[n].astype(np.uint8)
            classes = changed * np.uint8(UNKNOWN)
            tiles.append(tile_of(tuple(S2_BANDS), source.gsd_m, first, second, changed, classes))
    return tiles


def _ground(source: Source, data: Path, cache: Path) -> list[Tile]:
    """Synthetic ground, its classes known everywhere."""
    del data
    order = ("red", "green", "blue", "nir", "swir16")
    tiles = []
    for seed in range(
        TRAINING_SEEDS.start + source.first, TRAINING_SEEDS.start + source.first + source.count
    ):
        made = ground_pair(seed, cache / "ground")
        bands = tuple(band for band in order if band in made.bands)
        rows = [made.bands.index(band) for band in bands]
        before, after = (_numbers(x[rows]) for x in (made.before, made.after))
        changed = (made.classes > 0).astype(np.uint8)
        changed[made.lookalikes > 0] = ALIKE
        tiles.append(
            tile_of(
                bands, made.gsd_m, before, after, changed, made.classes, lookalikes=made.lookalikes
            )
        )
    return tiles


def _singles(source: Source, data: Path, cache: Path) -> list[Tile]:
    """Single images with a mask: each with itself, unchanged; change is pasted when drawn."""
    del cache
    tiles = []
    for pixels in site_images(data / source.path):
        numbers, nothing = _numbers(pixels), np.zeros(pixels.shape[1:], np.uint8)
        tiles.append(
            tile_of(("red", "green", "blue"), source.gsd_m, numbers, numbers, nothing, nothing)
        )
    return tiles


def _verdicts(source: Source, data: Path, cache: Path) -> list[Tile]:
    """What `hongxian labels export` wrote, less the ground that is held out."""
    del cache
    cases = (one() for one in learnt_from(source, data))
    return [_verdict_tile(case) for case in cases if case.counted.sum() >= MIN_PIXELS]


def _verdict_tile(case: Case) -> Tile:
    """A tile of at least `LEAST_PX` per edge; what was not seen holds each band's mean.

    The detector fills holes so, too. The margin of a small tile was not seen.
    """
    pair = case.pair
    missing = [band for band in NEEDED if band not in pair.bands]
    if missing:
        raise InputError(
            f"verdict {case.name}: no {', '.join(missing)} among {', '.join(pair.bands)}; "
            "leave this pair out"
        )
    margin = [(0, max(0, LEAST_PX - edge)) for edge in case.changed.shape]
    seen, true = np.pad(case.counted, margin), np.pad(case.changed, margin)
    codes = np.zeros_like(true) if case.classes is None else np.pad(case.classes, margin)
    bands = tuple(band for band in BANDS if band in pair.bands)
    rows = [pair.bands.index(band) for band in bands]
    before, after = (np.pad(r.pixels[rows], ((0, 0), *margin)) for r in (pair.before, pair.after))
    changed = np.where(seen, true, UNKNOWN).astype(np.uint8)
    classes = np.where(changed == 1, np.where(codes > 0, codes, UNKNOWN), 0).astype(np.uint8)
    tile = tile_of(bands, case.gsd_m, before, after, changed, classes, seen)
    gain, offset, centre, spread = tile.scales
    dates = [np.where(seen, before, (centre - offset) / gain), np.where(seen, after, centre)]
    if min(spread.min(), (spread / gain).min()) > FINE_ENOUGH:
        dates = [np.rint(date) for date in dates]
    return replace(tile, before=_numbers(dates[0]), after=_numbers(dates[1]))


def _numbers(pixels: Float) -> Numbers:
    """Digital numbers in the fewest bytes that hold them; as they are where they are no such."""
    low, high = pixels.min(initial=0), pixels.max(initial=0)
    kinds: tuple[type[np.unsignedinteger[Any]], ...] = (np.uint8, np.uint16)
    for kind in kinds:
        if low >= 0 and high <= np.iinfo(kind).max:
            whole: Numbers = pixels.astype(kind)
            return whole if np.array_equal(whole, pixels) else pixels.astype(np.float32)
    return pixels.astype(np.float32)


_LOADERS: Mapping[str, Callable[[Source, Path, Path], list[Tile]]] = MappingProxyType(
    {
        "pairs": _pairs,
        "sentinel2": _sentinel2,
        "ground": _ground,
        "singles": _singles,
        "verdicts": _verdicts,
    }
)
KINDS = tuple(_LOADERS)
