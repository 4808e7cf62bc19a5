"""COGs of our own: files whose blocks are slow to decode, or decoded many times, stored once anew.

A tile reads whole blocks. In a JPEG 2000 each costs much, and rows of tiles share them; of strips
as wide as a scene, more than the cache holds, each is decoded for every tile of a row. Such files
are copied, without loss, into COGs of 512 px blocks and zstd level 1, which are quick to read.
"""

import hashlib
import math
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import rasterio.shutil
from rasterio.io import DatasetReader

from geo.errors import ChildDiedError, DiskFullError
from tiles.files.gdal_env import gdal_env
from tiles.files.raster_file import (
    DECODING_ERRORS,
    bytes_of,
    check_state,
    one_line,
    open_raster,
    state_on_disk,
)
from tiles.files.remote_url import is_remote
from tiles.limited import Limits, blaming, limited_pool
from tiles.scene import BandFile, Scene

BLOCK_PX = 512
"""Edge of a block."""

CACHE_BYTES = 64 << 20
"""Decoded blocks of one date that a child process keeps: half of GDAL's cache in tiles.limited."""

# CPU-seconds per Gpx and band of uint16, measured with GDAL 3.10; only their ratios matter
_DECODE_S = {"JP2OpenJPEG": 155.0, "DEFLATE": 6.0, "LZW": 7.0, "JPEG": 6.0}
_DECODE_OTHER_S = 3.0
_ENCODE_S = 16.0
_DECODE_COG_S = 5.5
_WORTH = 1.5
"""A copy must save this much, for it also takes disk and time before the first tile."""

FULL_BYTES = 64 << 20
"""A disk with less room than this is full, whatever the decoder says."""

LEAST_BYTES = 64 << 20
"""Files of fewer decoded bytes are read as they are: a cache holds most of one."""

_WHOLE = {"PNG", "JPEG", "WEBP"}
"""Formats without a way to a block but through all before it."""


@dataclass(frozen=True, slots=True)
class Recoding:
    """A file that is worth copying into a COG before its tiles are read."""

    path: str
    """The file."""
    most_bytes: int
    """Disk that the copy takes at most: its pixels without compression."""
    gain: float
    """CPU time of reading the file itself, over that of copying it and reading the copy."""


def recodings(scene: Scene, tile_px: int, halo_px: int) -> tuple[Recoding, ...]:
    """The files of a scene that are worth copying, for tiles of `tile_px` with a halo.

    Remote files never are: those that can be read are laid out well, or should be fetched. Opens
    headers; call it in a child process. Raises SceneError.
    """
    found = (
        _recoding(band, scene, tile_px, halo_px)
        for path, band in sorted(_files(scene).items())
        if not is_remote(path)
    )
    return tuple(one for one in found if one is not None)


def as_cog(
    scene: Scene, files: Sequence[Recoding], folder: Path, processes: int = 1, seconds: float = 3600
) -> Scene:
    """The scene with `files` replaced by COGs in `folder`, made in limited child processes.

    Pixels, grid, date and fingerprint are the same, so a run's plan and leads are too. A copy that
    is there already, from a run that was cut off, is taken: copies are whole or absent. A file that
    cannot be copied is read as it is: where it is broken, its tiles say where. `seconds` bounds one
    copy. Raises SceneError: a file was replaced or takes too long; DiskFullError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    todo = to_copy(files, folder, scene)
    jobs = [_Copy(_files(scene)[file.path], _place(folder, scene, file), file) for file in todo]
    with (
        blaming(scene.source),
        limited_pool(processes, Limits(seconds=seconds, written_mb=_written_mb(todo))) as pool,
    ):
        for outcome in pool.each(_copied, jobs):
            if outcome.error is not None and not isinstance(outcome.error, ChildDiedError):
                raise outcome.error
    places = {file.path: _place(folder, scene, file) for file in files}
    return _moved(scene, {path: place for path, place in places.items() if place.exists()})


def to_copy(files: Sequence[Recoding], folder: Path, scene: Scene) -> tuple[Recoding, ...]:
    """Those of `files` of which `folder` holds no copy yet: what `as_cog` has still to write."""
    return tuple(file for file in files if not _place(folder, scene, file).exists())


def write_cog(source: DatasetReader, target: Path) -> None:
    """Copy an open raster into a COG, whole or not at all; inside `gdal_env()`.

    Bands, mask, nodata, place, names and tags stay, pixels are the same. Memory is that of a few
    blocks. Raises what rasterio raises.
    """
    part = target.with_name(f".{target.stem}.{os.getpid()}.part.tif")
    try:
        rasterio.shutil.copy(
            source,
            part,
            driver="COG",
            BLOCKSIZE=BLOCK_PX,
            COMPRESS="ZSTD",
            LEVEL=1,
            PREDICTOR="YES",
            # GDAL hands on the bits of the source (15 in Sentinel-2's JPEG 2000), for which there
            # is no predictor: whole bytes hold the same pixels
            NBITS=8 * np.dtype(source.dtypes[0]).itemsize,
            OVERVIEWS="NONE",  # tiles are read at full resolution only
            BIGTIFF="IF_SAFER",
            NUM_THREADS=1,
        )
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def decodes(
    block: tuple[int, int], edge: tuple[int, int], pixel_bytes: int, tile_px: int, halo_px: int
) -> float:
    """How often a block is decoded on average, when rows of tiles are read one after another.

    `block` and `edge` are (rows, columns) of a block and of the file in pixels, `pixel_bytes` those
    of all bands. Rows of tiles share blocks; within one, blocks are decoded once where the cache
    holds those of a row of tiles' full width, else once per tile that touches them.
    """
    window = tile_px + 2 * halo_px
    rows = _touched(block[0], edge[0], tile_px, window)
    kept = min(edge[0], window + block[0]) * edge[1] * pixel_bytes
    if block[1] < edge[1]:  # blocks beside each other: those of one tile must be kept only
        kept = min(edge[0], window + block[0]) * (window + block[1]) * pixel_bytes
    return rows * (1.0 if kept <= CACHE_BYTES else _touched(block[1], edge[1], tile_px, window))


def _touched(block: int, edge: int, tile_px: int, window: int) -> float:
    """Windows, one each `tile_px`, that touch a block on average; along one axis."""
    return min(float(math.ceil(edge / tile_px)), max(1.0, (window + block - 1) / tile_px))


def _recoding(band: BandFile, scene: Scene, tile_px: int, halo_px: int) -> Recoding | None:
    with gdal_env(), open_raster(band.path) as dataset:
        edge, each = dataset.shape, bytes_of(dataset)
        most = math.prod(edge) * each
        if most < LEAST_BYTES:
            return None
        # a coarser band is read in windows as much smaller
        ratio = scene.geobox.pixel_size[0] / band.geobox.pixel_size[0]
        tile, halo = max(1, round(tile_px * ratio)), math.ceil(halo_px * ratio)
        if dataset.driver in _WHOLE:  # half of it, on average, for each tile
            times = max(1.0, math.ceil(edge[0] / tile) * math.ceil(edge[1] / tile) / 2)
        else:
            times = decodes(dataset.block_shapes[0], edge, each, tile, halo)
        cost = _cost(dataset)
    again = decodes((BLOCK_PX, BLOCK_PX), edge, each, tile, halo)
    gain = times * cost / (cost + _ENCODE_S + again * _DECODE_COG_S)
    return Recoding(band.path, most, gain) if gain >= _WORTH else None


def _cost(dataset: DatasetReader) -> float:
    kind = dataset.tags(ns="IMAGE_STRUCTURE").get("COMPRESSION", "").rpartition(" ")[2]
    return _DECODE_S.get(dataset.driver, _DECODE_S.get(kind, _DECODE_OTHER_S))


def _written_mb(files: Sequence[Recoding]) -> int:
    """Largest file that a child may write: pixels as they are, and an eighth for what swells."""
    return max((file.most_bytes for file in files), default=0) * 9 // (8 << 20) + 64


def _files(scene: Scene) -> dict[str, BandFile]:
    """One band of each of a scene's files, by path."""
    return {band.path: band for band in (*scene.bands, *((scene.scl,) if scene.scl else ()))}


def _place(folder: Path, scene: Scene, file: Recoding) -> Path:
    """Where the copy lies: named by the file and its state, whatever else is copied."""
    named = f"{file.path}\n{_files(scene)[file.path].stamp}"
    return folder / f"{hashlib.sha256(named.encode(errors='surrogateescape')).hexdigest()[:32]}.tif"


@dataclass(frozen=True, slots=True)
class _Copy:
    """A copy to be made."""

    band: BandFile
    target: Path
    file: Recoding


def _copied(job: _Copy) -> bool:
    """Make a copy; False where it cannot be made. Raises SceneError: replaced, or disk full."""
    path = job.band.path
    whole = job.target.with_suffix(".new.tif")
    try:
        with gdal_env(), open_raster(path) as dataset:
            write_cog(dataset, whole)
        check_state(path, job.band.stamp)  # after it: what was read is of the state it is named by
        whole.replace(job.target)
    except (*DECODING_ERRORS, MemoryError) as error:
        free = shutil.disk_usage(job.target.parent).free  # what was written is still there
        if free < FULL_BYTES:
            raise DiskFullError(
                f"{path}: it cannot be copied into {job.target.parent} ({one_line(error)}): the "
                f"disk is full, up to {job.file.most_bytes / 1e9:.2f} GB are needed; make room"
            ) from None
        return False
    finally:
        whole.unlink(missing_ok=True)
    return True


def _moved(scene: Scene, places: Mapping[str, Path]) -> Scene:
    move = partial(_moved_band, places)
    scl = None if scene.scl is None else move(scene.scl)
    return replace(scene, bands=tuple(map(move, scene.bands)), scl=scl)


def _moved_band(places: Mapping[str, Path], band: BandFile) -> BandFile:
    if band.path not in places:
        return band
    path = str(places[band.path])
    return replace(band, path=path, stamp=state_on_disk(path))
