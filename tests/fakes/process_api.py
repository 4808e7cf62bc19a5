"""Images of the fake Sentinel Hub: a request's body in, a TIFF out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.io import MemoryFile

from geo.geobox import GeoBox
from tests.fakes.evalscript import ScriptError, parse, run
from tests.fakes.sky import OFFSET, Pass, Sky

MOST_PX = 2500


class AnswerError(Exception):
    """An answer that is no success."""

    def __init__(
        self, code: int, word: str, text: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(text)
        self.code = code
        self.word = word
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class Image:
    """A rendered answer."""

    content: bytes
    units: float
    shown: Pass | None
    """The newest pass in it."""


def image_of(sky: Sky, passes: Sequence[Pass], body: Mapping[str, Any]) -> Image:
    """The answer to a body of the Process API; `passes` are what there is, newest first."""
    grid = _grid(body)
    asked = body["input"]["data"]
    if len(asked) != 1:
        raise AnswerError(400, "COMMON_BAD_PAYLOAD", "one collection is asked at a time")
    try:
        script = parse(body["evalscript"])
    except ScriptError as error:
        raise AnswerError(400, "RENDERER_EXCEPTION", f"Script failed: {error}") from None
    radar = asked[0]["type"] == "sentinel-1-grd"
    processing = asked[0].get("processing", {})
    between = asked[0]["dataFilter"]["timeRange"]
    begin, end = (datetime.fromisoformat(between[key]) for key in ("from", "to"))
    shown = [
        one for one in passes if one.collection == asked[0]["type"] and begin <= one.acquired <= end
    ]
    planes: dict[str, Any] = {band: np.zeros(grid.shape) for band in script.bands}
    for one in reversed(shown):  # the most recent lies on top
        seen = _processed(sky.look(one, grid), one, processing)
        for band in script.bands:
            if band not in seen:
                raise AnswerError(400, "RENDERER_EXCEPTION", f"Dataset has no band {band}")
            planes[band] = np.where(seen["dataMask"] > 0, seen[band], planes[band])
    try:
        pixels = run(script, planes)
    except ScriptError as error:
        raise AnswerError(400, "RENDERER_EXCEPTION", f"Script failed: {error}") from None
    factor = 2 if script.dtype == "float32" else 1
    ortho = 2 if radar and processing.get("orthorectify") else 1
    size = max(0.01, grid.height * grid.width / 512 / 512)
    units = max(0.005, size * script.charged / 3 * factor * ortho)
    return Image(_tiff(pixels, grid), units, shown[0] if shown else None)


def _grid(body: Mapping[str, Any]) -> GeoBox:
    output, bounds = body["output"], body["input"]["bounds"]
    width, height = output["width"], output["height"]
    for name, size in (("width", width), ("height", height)):
        if not 1 <= size <= MOST_PX:
            raise AnswerError(
                400, "COMMON_BAD_PAYLOAD", f"output.{name}: must be between 1 and {MOST_PX}"
            )
    if output["responses"][0]["format"]["type"] != "image/tiff":
        raise AnswerError(400, "COMMON_BAD_PAYLOAD", "only image/tiff is rendered here")
    crs = CRS.from_epsg(int(bounds["properties"]["crs"].rpartition("/")[2]))
    west, south, east, north = bounds["bbox"]
    transform = Affine((east - west) / width, 0, west, 0, (south - north) / height, north)
    return GeoBox(crs, transform, height, width)


def _processed(
    seen: Mapping[str, Any], one: Pass, processing: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Values as the service hands them to a script."""
    if one.radar:
        terrain = processing.get("backCoeff") == "GAMMA0_TERRAIN"
        if terrain and not processing.get("orthorectify"):
            raise AnswerError(400, "COMMON_BAD_PAYLOAD", "GAMMA0_TERRAIN needs orthorectify")
        return seen
    if one.baseline < "04.00" or not processing.get("harmonizeValues", True):
        return seen
    there = seen["dataMask"] > 0
    return {
        name: np.where(there, np.maximum(plane - OFFSET, 0), 0) if name.startswith("B") else plane
        for name, plane in seen.items()
    }


def _tiff(pixels: NDArray[np.generic], grid: GeoBox) -> bytes:
    count, height, width = pixels.shape
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            count=count,
            height=height,
            width=width,
            dtype=pixels.dtype,
            crs=f"EPSG:{grid.crs.to_epsg()}",
            transform=grid.transform,
            compress="deflate",
            interleave="pixel",
        ) as image:
            image.write(pixels)
        return bytes(memory.read())
