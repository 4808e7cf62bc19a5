"""Labelled pairs in a folder: FOLDER/{A,B,label} with equal stems."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from affine import Affine
from pyproj import CRS
from rasterio.enums import ColorInterp
from rasterio.io import DatasetReader

from geo.errors import InputError, SceneError
from geo.geobox import GeoBox
from geo.raster import Mask, Pair, Raster
from tiles.gdal_env import gdal_env
from tiles.raster_file import DECODING_ERRORS, one_line, open_raster

SUFFIXES = (".png", ".webp", ".tif", ".tiff")
"""What the images may end with."""
PARTS = ("A", "B", "label")
"""Sub-folders: before, after, and what changed."""
MAX_PIXELS = 64_000_000
"""A labelled image is read whole; a larger one must be cut into tiles."""
NOMINAL_CRS = CRS.from_epsg(4549)
"""Such images carry no position: they are put on a grid of 1 m at a nominal place."""


@dataclass(frozen=True, slots=True)
class LabelledFiles:
    """The three files of one pair."""

    before: Path
    """In A."""
    after: Path
    """In B."""
    label: Path
    """In label."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPair:
    """A pair and what changed in it."""

    pair: Pair
    """Both dates on a nominal grid of 1 m."""
    changed: Mask
    """(y, x), true where any band of the label, but alpha, is not zero."""


def labelled_files(folder: Path) -> list[LabelledFiles]:
    """The pairs of a folder in the order of their stems.

    Files of other kinds are passed over. Raises InputError when a sub-folder or a partner is
    missing, when a stem comes twice, or when there is no pair at all.
    """
    parts = [_by_stem(folder / part) for part in PARTS]
    stems = sorted(set().union(*parts))
    for part, files in zip(PARTS, parts, strict=True):
        missing = [stem for stem in stems if stem not in files]
        if missing:
            raise InputError(
                f"{folder / part}: {len(missing)} of {len(stems)} pairs lack their file here, "
                f"first {missing[0]!r}; A, B and label need equal stems"
            )
    if not stems:
        raise InputError(f"{folder}: A, B and label hold no {', '.join(SUFFIXES)} image")
    return [LabelledFiles(*(files[stem] for files in parts)) for stem in stems]


def read_pairs(files: list[LabelledFiles]) -> Iterator[LabelledPair]:
    """Read the pairs one by one.

    Raises InputError when the three images of a pair differ in size or the two dates in bands, and
    SceneError when one cannot be decoded.
    """
    with gdal_env():
        for one in files:
            before, after = _read_image(one.before), _read_image(one.after)
            changed = _read_label(one.label)
            _check_alike(one, before, after, changed)
            yield LabelledPair(Pair(before, after), changed)


def _by_stem(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; give a folder that holds {', '.join(PARTS)}")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in SUFFIXES or path.name.startswith("."):
            continue
        if path.stem in found:
            raise InputError(f"{path}: {found[path.stem].name} has the same stem; keep one of them")
        found[path.stem] = path
    return found


def _read_image(path: Path) -> Raster:
    """Bands but alpha, and where they are valid by nodata, mask or alpha."""
    with open_raster(str(path)) as dataset:
        bands = _bands(path, dataset)
        try:
            pixels = dataset.read(bands).astype(np.float32)
            valid = dataset.dataset_mask() > 0
        except DECODING_ERRORS as error:
            raise SceneError(f"{path}: cannot be decoded ({one_line(error)})") from None
    valid &= np.isfinite(pixels).all(axis=0)
    height, width = valid.shape
    grid = GeoBox(NOMINAL_CRS, Affine(1, 0, 500_000, 0, -1, 3_400_000), height, width)
    return Raster(grid, _names(len(bands)), np.where(valid, pixels, np.float32(0)), valid)


def _read_label(path: Path) -> Mask:
    with open_raster(str(path)) as dataset:
        bands = _bands(path, dataset)
        try:
            changed: Mask = (dataset.read(bands) != 0).any(axis=0)
        except DECODING_ERRORS as error:
            raise SceneError(f"{path}: cannot be decoded ({one_line(error)})") from None
    return changed


def _bands(path: Path, dataset: DatasetReader) -> list[int]:
    """Numbers of the bands but alpha."""
    if dataset.width * dataset.height > MAX_PIXELS:
        raise InputError(
            f"{path}: {dataset.width} x {dataset.height} pixels, at most {MAX_PIXELS // 10**6} "
            "million are read at once; cut it into tiles"
        )
    kinds = dataset.colorinterp
    bands = [i for i, kind in enumerate(kinds, start=1) if kind is not ColorInterp.alpha]
    if not bands:
        raise InputError(f"{path}: holds nothing but transparency; needs at least one band")
    return bands


def _names(bands: int) -> tuple[str, ...]:
    """STAC common names of three bands, else numbers."""
    return ("red", "green", "blue") if bands == 3 else tuple(f"band{i + 1}" for i in range(bands))


def _check_alike(files: LabelledFiles, before: Raster, after: Raster, changed: Mask) -> None:
    sizes = {before.geobox.shape, after.geobox.shape, changed.shape}
    if len(sizes) > 1:
        told = ", ".join(
            f"{part} {width} x {height}"
            for part, (height, width) in zip(
                PARTS, (before.geobox.shape, after.geobox.shape, changed.shape), strict=True
            )
        )
        raise InputError(f"{files.before.stem}: sizes differ ({told}); make them equal")
    if before.bands != after.bands:
        raise InputError(
            f"{files.before.stem}: {len(before.bands)} bands in A, {len(after.bands)} in B; "
            "make them equal"
        )
