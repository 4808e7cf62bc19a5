"""Open one raster file of a stranger: few drivers, size caps, one-line errors.

Call inside `gdal_env()`, and for files of unknown origin inside `limited.run_limited`.
"""

import warnings
from contextlib import suppress
from pathlib import Path

from rasterio._err import CPLE_BaseError  # GDAL errors that rasterio passes on as they are
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader

from geo.errors import SceneError
from tiles.files.gdal_env import DRIVERS
from tiles.files.remote_file import RemoteFile, failure_of, open_dataset, open_remote
from tiles.files.remote_url import allowed_url, is_remote, redacted

DECODING_ERRORS = (
    RasterioError,
    CPLE_BaseError,
    OSError,
    ValueError,  # also UnicodeDecodeError, from text tags that are no UTF-8
    TypeError,
    KeyError,
    OverflowError,
    SystemError,
)
"""What rasterio raises on broken files."""

MAX_BANDS = 64
MAX_EDGE_PX = 1_000_000
MAX_PIXELS = 200_000_000_000
MAX_BLOCK_BYTES = 256 << 20
"""A block is decoded whole: one strip of a whole scene would not fit a child's memory."""


def local_file(name: str) -> str:
    """Absolute path of an existing local file. Raises SceneError for anything else."""
    if "://" in name or name.startswith("/vsi"):
        raise SceneError(
            f"{redacted(name)}: only files on this machine are opened, and plain URLs; fetch it"
        )
    path = Path(name)
    try:
        if not path.is_file():
            raise SceneError(f"{name}: there is no such file")
        return str(path.absolute())
    except (OSError, ValueError) as error:
        raise SceneError(f"{name!r}: {one_line(error)}") from None


def located(name: str) -> str:
    """Absolute path of a local file, or the URL of a remote one that may be read.

    Raises SceneError.
    """
    return allowed_url(name) if is_remote(name) else local_file(name)


def open_raster(path: str, remote: RemoteFile | None = None) -> DatasetReader:
    """Open `path` for reading with the allowed drivers, and check its size.

    A URL is opened through `remote`, by default as it is now. Raises SceneError. The caller closes
    the dataset, and calls `check_read` after reading.
    """
    path = located(path)
    if is_remote(path):
        remote = remote or open_remote(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            # rasterio.open takes one driver only, and would share the handle with other readers
            dataset = (
                open_dataset(remote)
                if remote
                else DatasetReader(path, driver=list(DRIVERS), sharing=False)
            )
    except DECODING_ERRORS as error:
        check_read(path)
        kinds = "GTiff (of remote files no other format is read)" if remote else ", ".join(DRIVERS)
        raise SceneError(f"{path}: not a readable {kinds} image ({one_line(error)})") from None
    # libtiff's complaints about private tags stay behind, and rasterio would raise them at some
    # later call that is not at fault: look at all directories (masks) now, then take up the rest
    with suppress(CPLE_BaseError):
        _ = dataset.mask_flag_enums
    with suppress(CPLE_BaseError):
        _ = dataset.colorinterp
    try:
        _check_size(path, dataset)
        _check_whole(path, dataset)
        check_read(path)
    except SceneError:
        dataset.close()
        raise
    return dataset


def state_on_disk(path: str) -> str:
    """The state of a local file, by its size and clock: the stamp of its bands.

    Raises SceneError.
    """
    try:
        stat = Path(path).stat()
    except FileNotFoundError:
        raise SceneError(f"{path}: there is no such file") from None
    except (OSError, ValueError) as error:
        raise SceneError(f"{path!r}: {one_line(error)}") from None
    return f"{stat.st_size}:{stat.st_mtime_ns}"


def check_state(path: str, stamp: str) -> str:
    """The state of a local file. Raises SceneError: gone, or not the one of `stamp` (if any)."""
    state = state_on_disk(path)
    if stamp and state != stamp:
        raise changed(path)
    return state


def changed(path: str) -> SceneError:
    """The error for a local file that is no longer what it was."""
    return SceneError(
        f"{path}: changed since the scene was opened (size or time of writing); start again"
    )


def check_read(path: str) -> None:
    """Raise SceneError where bytes of a remote file were not to be had: what was read is void."""
    failure = failure_of(path)
    if failure is not None:
        raise failure


def one_line(error: BaseException) -> str:
    """Message of the error, or of the one it came from, on one line of bearable length."""
    error = error.__cause__ or error
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else text[:197] + "..."


def _check_size(path: str, dataset: DatasetReader) -> None:
    if not 1 <= dataset.count <= MAX_BANDS:
        raise SceneError(f"{path}: claims {dataset.count} bands; 1 to {MAX_BANDS} can be read")
    height, width = dataset.height, dataset.width
    if max(height, width) > MAX_EDGE_PX or height * width > MAX_PIXELS:
        raise SceneError(
            f"{path}: claims {height} x {width} pixels; at most {MAX_EDGE_PX} per edge and "
            f"{MAX_PIXELS // 10**9} Gpx can be read: cut it into parts"
        )
    size = _block_bytes(dataset)
    if size > MAX_BLOCK_BYTES:
        rows, cols = dataset.block_shapes[0]
        raise SceneError(
            f"{path}: stored in blocks of {rows} x {cols} pixels, {size >> 20} MB each; "
            "tile it first (gdal_translate -of COG)"
        )


def _check_whole(path: str, dataset: DatasetReader) -> None:
    """Refuse a PNG cut short: GDAL 3.10 reads the missing rows as 0 without a word."""
    if dataset.driver != "PNG":
        return
    with Path(path).open("rb") as file:
        file.seek(max(0, Path(path).stat().st_size - 1024))
        if b"IEND" not in file.read():
            raise SceneError(f"{path}: the PNG is cut short; fetch it again")


def bytes_of(dataset: DatasetReader) -> int:
    """Bytes of one pixel of all bands, decoded."""
    return sum(_ITEM_BYTES.get(dtype, 16) for dtype in dataset.dtypes)


def _block_bytes(dataset: DatasetReader) -> int:
    """Bytes that are decoded at once for one pixel."""
    bytes_each = max(_ITEM_BYTES.get(dtype, 16) for dtype in dataset.dtypes)
    if dataset.driver == "WEBP":  # decodes the whole image
        return int(dataset.height * dataset.width * dataset.count * bytes_each)
    rows, cols = dataset.block_shapes[0]
    interleaved = dataset.tags(ns="IMAGE_STRUCTURE").get("INTERLEAVE") == "PIXEL"
    return int(rows * cols * bytes_each * (dataset.count if interleaved else 1))


_ITEM_BYTES = {
    "uint8": 1,
    "int8": 1,
    "uint16": 2,
    "int16": 2,
    "uint32": 4,
    "int32": 4,
    "float32": 4,
    "uint64": 8,
    "int64": 8,
    "float64": 8,
}
