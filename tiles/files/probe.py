"""Probe: what one raster file says of itself, without its pixels."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from affine import Affine
from pyproj import CRS
from pyproj.exceptions import CRSError
from rasterio.io import DatasetReader

from geo.errors import SceneError
from geo.geobox import GeoBox
from tiles.files.band_names import names_in_file
from tiles.files.gdal_env import gdal_env
from tiles.files.raster_file import (
    DECODING_ERRORS,
    changed,
    check_read,
    check_state,
    located,
    one_line,
    open_raster,
    state_on_disk,
)
from tiles.files.remote_file import open_remote
from tiles.files.remote_url import is_remote
from tiles.scene import BandFile

REAL_TYPES = frozenset(
    {"uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64"}
)
"""Pixel types that are read; complex numbers (radar) are not."""

_TAG_DOMAINS = (None, "IMAGERY", "EXIF")


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a STAC item says that a file lies; used when the file itself is silent."""

    crs: CRS
    """Coordinate reference system."""
    transform: Affine
    """Pixel corner (column, row) -> CRS (x, y), of a raster of `shape`."""
    shape: tuple[int, int] | None
    """(rows, columns) the transform is for; a smaller copy of the file is scaled to it."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One raster file: where it lies, its bands and its tags."""

    path: str
    """Absolute path, or URL."""
    geobox: GeoBox
    """Its grid."""
    names: tuple[str | None, ...]
    """Per band, from the file alone: STAC common name, or None where it is not spectral."""
    dtypes: tuple[str, ...]
    """Per band, numpy's name of the pixel type."""
    has_nodata: bool
    """Whether the file itself marks pixels as missing, by value, mask or alpha."""
    tags: Mapping[str, str]
    """Text tags of the domains that may hold a date."""
    stamp: str = ""
    """State it was in: size and time of the last writing, of a remote file size and ETag."""
    fingerprint: bytes = b""
    """Of a remote file, what stands for its bytes."""


def probe_file(path: str, placement: Placement | None = None) -> FileFacts:
    """Read the header of a raster file.

    Raises SceneError: not an image of the allowed formats, too large, without CRS or position,
    placed by ground control points or RPC only, or of complex numbers.
    """
    path = located(path)
    remote = open_remote(path) if is_remote(path) else None
    stamp = str(remote.stamp) if remote else state_on_disk(path)
    with gdal_env(), open_raster(path, remote) as dataset:
        try:
            facts = replace(_facts(path, dataset, placement), stamp=stamp)
        except (*DECODING_ERRORS, CRSError) as error:
            check_read(path)
            raise SceneError(f"{path}: its header cannot be read ({one_line(error)})") from None
    check_read(path)
    return replace(facts, fingerprint=remote.fingerprint()) if remote else facts


def open_band(band: BandFile) -> DatasetReader:
    """Open a band's file, in the state the scene was opened in; inside `gdal_env()`.

    Raises SceneError: gone, or replaced meanwhile. The caller closes it, and calls `check_read`
    after reading.
    """
    path = located(band.path)
    remote = open_remote(path, band.stamp) if is_remote(path) else None
    if remote is None:
        check_state(path, band.stamp)
    dataset = open_raster(path, remote)
    if dataset.shape != band.geobox.shape or dataset.count < band.index:
        dataset.close()
        raise changed(path)
    return dataset


def check_unchanged(band: BandFile) -> None:
    """Raise SceneError where a band's file is gone, replaced, or cannot be opened any more."""
    with gdal_env(), open_band(band):
        check_read(band.path)


def _facts(path: str, dataset: DatasetReader, placement: Placement | None) -> FileFacts:
    odd = sorted(set(dataset.dtypes) - REAL_TYPES)
    if odd:
        raise SceneError(f"{path}: pixels of type {odd[0]}; whole or real numbers needed")
    tags: dict[str, str] = {}
    for domain in _TAG_DOMAINS:
        tags = {**dataset.tags(ns=domain), **tags}
    flags = {flag.name for band in dataset.mask_flag_enums for flag in band}
    return FileFacts(
        path=path,
        geobox=_geobox(path, dataset, placement),
        names=names_in_file(dataset.descriptions, [c.name.lower() for c in dataset.colorinterp]),
        dtypes=tuple(dataset.dtypes),
        has_nodata=bool(flags & {"nodata", "alpha", "per_dataset"}),
        tags=tags,
    )


def _geobox(path: str, dataset: DatasetReader, placement: Placement | None) -> GeoBox:
    crs, transform = _position(path, dataset), dataset.transform
    if crs is None and placement is not None:
        crs, transform = placement.crs, _scaled(placement, dataset)
    if crs is None:
        raise SceneError(_why_unplaced(path, dataset))
    if transform == Affine.identity():
        raise SceneError(
            f"{path}: has a CRS but no position (identity transform); georeference it first"
        )
    return GeoBox(crs, transform, dataset.height, dataset.width)


def _position(path: str, dataset: DatasetReader) -> CRS | None:
    """CRS of the file, as its EPSG entry where the two are the same."""
    if dataset.crs is None or not dataset.crs.to_wkt():
        return None
    crs = CRS.from_wkt(dataset.crs.to_wkt())
    if crs.is_compound:
        crs = crs.sub_crs_list[0]
    if not (crs.is_projected or crs.is_geographic):
        raise SceneError(f"{path}: in the local system {crs.name}; assign a real CRS")
    code = crs.to_epsg()
    known = CRS.from_epsg(code) if code else crs
    return known if known.equals(crs, ignore_axis_order=True) else crs


def _scaled(placement: Placement, dataset: DatasetReader) -> Affine:
    rows, cols = placement.shape or (dataset.height, dataset.width)
    return placement.transform @ Affine.scale(cols / dataset.width, rows / dataset.height)


def _why_unplaced(path: str, dataset: DatasetReader) -> str:
    if dataset.gcps[0] or dataset.rpcs is not None:
        how = "ground control points" if dataset.gcps[0] else "RPC coefficients"
        return f"{path}: placed only by {how}; orthorectify it first (gdalwarp)"
    return f"{path}: has no CRS inside the file (sidecars are not read); assign one"
