"""What an image file of a delivery says of itself, before anything is made of it."""

from dataclasses import dataclass, replace

from rasterio.io import DatasetReader

from geo.errors import SceneError
from geo.geobox import GeoBox
from tiles.files.gdal_env import gdal_env
from tiles.files.probe import probe_file
from tiles.files.raster_file import DECODING_ERRORS, check_read, one_line, open_raster
from tiles.ortho.rpc import Rpc, rpc_of_tags


@dataclass(frozen=True, slots=True)
class RawFacts:
    """One image file's header."""

    path: str
    """Path or URL."""
    rows: int
    """Rows."""
    cols: int
    """Columns."""
    bands: int
    """Bands."""
    bits: int
    """Of a pixel's number."""
    place: GeoBox | None
    """Its grid; None where it lies nowhere yet."""
    rpc: Rpc | None
    """Coefficients inside the file."""
    nodata: float
    """Value of missing pixels, 0 where the file names none."""
    description: str
    """TIFF's own description, for Planet's JSON."""


def raw_facts(path: str) -> RawFacts:
    """Read an image's header; in a limited child. Raises SceneError: not readable."""
    with gdal_env(), open_raster(path) as file:
        try:
            found = RawFacts(
                path=path,
                rows=file.height,
                cols=file.width,
                bands=file.count,
                bits=8 if file.dtypes[0] in {"uint8", "int8"} else 16,
                place=None,
                rpc=rpc_of_tags(file.rpcs, path),
                nodata=_nodata(file),
                description=file.tags().get("TIFFTAG_IMAGEDESCRIPTION", ""),
            )
            has_place = file.crs is not None and bool(file.crs.to_wkt())
        except DECODING_ERRORS as error:
            check_read(path)
            raise SceneError(f"{path}: its header cannot be read ({one_line(error)})") from None
    return replace(found, place=probe_file(path).geobox) if has_place else found


def _nodata(file: DatasetReader) -> float:
    return 0.0 if file.nodata is None else float(file.nodata)
