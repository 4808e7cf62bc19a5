"""Labelled pairs in a folder: FOLDER/{A,B,label} with equal stems, and lookalike where it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from affine import Affine
from pyproj import CRS
from rasterio.enums import ColorInterp
from rasterio.io import DatasetReader

from geo.errors import InputError, SceneError
from geo.geobox import GeoBox
from geo.raster import Codes, Float, Mask, Pair, Raster
from models.evaluation.case import Case
from tiles.common_grid import gsd_m
from tiles.files.band_names import band_name
from tiles.files.gdal_env import gdal_env
from tiles.files.raster_file import DECODING_ERRORS, one_line, open_raster

SUFFIXES = (".png", ".webp", ".tif", ".tiff")
"""What the images may end with."""
PARTS = ("A", "B", "label")
"""Sub-folders: before, after, and what changed."""
MAX_PIXELS = 64_000_000
"""A labelled image is read whole; a larger one must be cut into tiles."""
LOOKALIKE = "lookalike"
"""Sub-folder of images whose first band holds codes of look-alikes; stems may be missing."""
NOMINAL_CRS = CRS.from_epsg(4549)
"""Images that carry no position are put on a grid at a nominal place."""
NOMINAL_GSD_M = 1.0
"""Edge of their pixels in m, when nobody says."""


@dataclass(frozen=True, slots=True)
class LabelledFiles:
    """The files of one pair."""

    before: Path
    """In A."""
    after: Path
    """In B."""
    label: Path
    """In label."""
    lookalike: Path | None = None
    """In lookalike, or None."""


@dataclass(frozen=True, slots=True)
class FolderCase:
    """Reads one pair of a folder."""

    files: LabelledFiles
    """Its files."""
    nominal_gsd_m: float = NOMINAL_GSD_M
    """Edge of a pixel in m, for images without a position of their own."""

    def __call__(self) -> Case:
        """Read it; see `read_pairs`."""
        with gdal_env():
            return _read(self.files, self.nominal_gsd_m)


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
    before, after, label = parts
    alike = _by_stem(folder / LOOKALIKE) if (folder / LOOKALIKE).is_dir() else {}
    return [LabelledFiles(before[s], after[s], label[s], alike.get(s)) for s in stems]


def read_pairs(files: list[LabelledFiles], nominal_gsd_m: float = NOMINAL_GSD_M) -> Iterator[Case]:
    """Read the pairs one by one.

    A pair lies where its after image says, else its before image; where neither says, on a grid of
    `nominal_gsd_m`. True is where any band of the label, but alpha, is not zero. Raises InputError
    when the images of a pair differ in size or the two dates in bands, and SceneError when one
    cannot be decoded.
    """
    return (FolderCase(one, nominal_gsd_m)() for one in files)


def _read(one: LabelledFiles, nominal_gsd_m: float) -> Case:
    before, after = _read_image(one.before), _read_image(one.after)
    changed = _read_label(one.label)
    lookalikes = None if one.lookalike is None else read_codes(one.lookalike)
    _check_alike(one, before, after, changed)
    shape = after.valid.shape
    grid = after.grid or before.grid or _nominal_grid(nominal_gsd_m, shape)
    dates = (Raster(grid, image.bands, image.pixels, image.valid) for image in (before, after))
    return Case(one.after.stem, Pair(*dates), changed, gsd_m(grid), lookalikes=lookalikes)


def _nominal_grid(nominal_gsd_m: float, shape: tuple[int, int]) -> GeoBox:
    transform = Affine(nominal_gsd_m, 0, 500_000, 0, -nominal_gsd_m, 3_400_000)
    return GeoBox(NOMINAL_CRS, transform, *shape)


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


@dataclass(frozen=True, slots=True, eq=False)
class _Image:
    """One date as its file has it."""

    bands: tuple[str, ...]
    """STAC common names, as far as they are known."""
    pixels: Float
    """(band, y, x) of all bands but alpha."""
    valid: Mask
    """(y, x) by nodata, mask or alpha."""
    grid: GeoBox | None
    """Where the file says it lies, or None."""


def _read_image(path: Path) -> _Image:
    with open_raster(str(path)) as dataset:
        bands = _bands(path, dataset)
        try:
            pixels = dataset.read(bands).astype(np.float32)
            valid = dataset.dataset_mask() > 0
            grid = _own_grid(dataset)
            names = _names([dataset.descriptions[band - 1] for band in bands])
        except DECODING_ERRORS as error:
            raise SceneError(f"{path}: cannot be decoded ({one_line(error)})") from None
    valid &= np.isfinite(pixels).all(axis=0)
    return _Image(names, np.where(valid, pixels, np.float32(0)), valid, grid)


def _own_grid(dataset: DatasetReader) -> GeoBox | None:
    if dataset.crs is None or dataset.transform.is_identity:
        return None
    crs = CRS.from_user_input(dataset.crs.to_wkt())
    return GeoBox(crs, dataset.transform, dataset.height, dataset.width)


def _read_label(path: Path) -> Mask:
    with open_raster(str(path)) as dataset:
        bands = _bands(path, dataset)
        try:
            changed: Mask = (dataset.read(bands) != 0).any(axis=0)
        except DECODING_ERRORS as error:
            raise SceneError(f"{path}: cannot be decoded ({one_line(error)})") from None
    return changed


def read_codes(path: Path) -> Codes:
    """Codes (y, x) in the first band. Raises SceneError when it cannot be decoded."""
    with open_raster(str(path)) as dataset:
        _bands(path, dataset)
        try:
            codes: Codes = dataset.read(1).astype(np.uint8)
        except DECODING_ERRORS as error:
            raise SceneError(f"{path}: cannot be decoded ({one_line(error)})") from None
    return codes


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


def _names(descriptions: Sequence[str | None]) -> tuple[str, ...]:
    """What the bands call themselves; else STAC common names of three bands, numbers of others."""
    told = [band_name(text or "") for text in descriptions]
    named = tuple(name for name in told if name is not None)
    if len(set(named)) == len(told):
        return named
    by_place = ("red", "green", "blue")
    return by_place if len(told) == 3 else tuple(f"band{i + 1}" for i in range(len(told)))


def _check_alike(files: LabelledFiles, before: _Image, after: _Image, changed: Mask) -> None:
    shapes = before.valid.shape, after.valid.shape, changed.shape
    if len(set(shapes)) > 1:
        told = ", ".join(
            f"{part} {width} x {height}"
            for part, (height, width) in zip(PARTS, shapes, strict=True)
        )
        raise InputError(f"{files.before.stem}: sizes differ ({told}); make them equal")
    if len(before.pixels) != len(after.pixels):
        raise InputError(
            f"{files.before.stem}: {len(before.pixels)} bands in A, {len(after.pixels)} in B; "
            "make them equal"
        )
    if before.bands != after.bands:
        raise InputError(
            f"{files.before.stem}: bands {', '.join(before.bands)} in A, {', '.join(after.bands)} "
            "in B; make them equal"
        )
