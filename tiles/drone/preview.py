"""Preview: a small picture of a flight's image, for whoever uploaded it and for the desk."""

from pathlib import Path

import cv2
import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.windows import Window

from geo.errors import SceneError
from tiles.files.gdal_env import gdal_env
from tiles.files.raster_file import DECODING_ERRORS, one_line
from tiles.sources.source import BANDS_FILE

PREVIEW_FILE = "preview.webp"
"""Of a flight's scene: a small picture of it, transparent where nothing is shown."""
EDGE_PX = 1024
"""Its longer edge at most."""
_QUALITY = 80
_STRIP_PX = 512


def write_preview(folder: Path) -> None:
    """Write PREVIEW_FILE of a folder's BANDS_FILE, red, green and blue with a mask.

    Strips are read one after another, so memory does not grow with the image; every so many-th
    pixel is taken. Raises SceneError: it cannot be decoded.
    """
    path = folder / BANDS_FILE
    try:
        with gdal_env(), rasterio.open(path, driver="GTiff", sharing=False) as image:
            every = max(1, -(-max(image.height, image.width) // EDGE_PX))
            rows: list[NDArray[np.uint8]] = []
            strip = max(every, _STRIP_PX // every * every)
            for row in range(0, image.height, strip):
                window = Window(0, row, image.width, min(strip, image.height - row))
                colours = image.read((3, 2, 1), window=window)[:, ::every, ::every]
                seen = image.dataset_mask(window=window)[None, ::every, ::every]
                rows.append(np.concatenate([colours, seen]).astype(np.uint8))
    except DECODING_ERRORS as error:
        raise SceneError(f"{path}: cannot be decoded ({one_line(error)})") from None
    picture = np.ascontiguousarray(np.concatenate(rows, axis=1).transpose(1, 2, 0))
    done, buffer = cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, _QUALITY])
    if not done:
        raise SceneError(f"{path}: no preview can be written of it")
    (folder / PREVIEW_FILE).write_bytes(buffer.tobytes())
