"""Every GDAL option of the project, in one place.

Strangers' files are hostile: few drivers, no sidecars, no network, errors instead of guesses.
The options hold inside `with gdal_env():`; whoever opens or reads a raster does it in there.
"""

from collections.abc import Mapping
from types import MappingProxyType

import rasterio

DRIVERS = ("GTiff", "JP2OpenJPEG", "JPEG", "PNG", "WEBP")
"""The only formats that are opened (a COG is a GTiff). No VRT: it points at other files."""

IMAGE_SUFFIXES = (".tif", ".tiff", ".jp2", ".jpg", ".jpeg", ".png", ".webp")
"""What a band file in a folder may end with; what it really is decides the driver."""

OPTIONS: Mapping[str, object] = MappingProxyType(
    {
        # no sidecars: .aux.xml, .ovr, .msk, .tfw, .prj and the like are neither looked for nor read
        "GDAL_PAM_ENABLED": "NO",
        "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
        "GDAL_GEOREF_SOURCES": "INTERNAL",
        # no network, even if a file names one inside its own metadata
        "CPL_VSIL_CURL_ALLOWED_FILENAME": "none",
        # broken data is an error, not grey or black pixels
        "GTIFF_IGNORE_READ_ERRORS": "NO",
        "GDAL_ERROR_ON_LIBJPEG_WARNING": "YES",
        # hostile headers: bands, progressive scans and memory of one JPEG
        "GDAL_MAX_BAND_COUNT": 65536,
        "GDAL_JPEG_MAX_ALLOWED_SCAN_NUMBER": 100,
        "GDAL_ALLOW_LARGE_LIBJPEG_MEM_ALLOC": "NO",
        # N processes x 1 thread
        "GDAL_NUM_THREADS": 1,
        "OPJ_NUM_THREADS": 1,
        # internal masks come as 0 or 255
        "GDAL_TIFF_INTERNAL_MASK_TO_8BIT": "YES",
        # and those we write lie inside the file, not beside it
        "GDAL_TIFF_INTERNAL_MASK": "YES",
    }
)


def gdal_env() -> rasterio.Env:
    """Context in which rasters are opened and read, with OPTIONS set."""
    return rasterio.Env(**OPTIONS)
