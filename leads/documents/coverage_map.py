"""Coverage as a picture and as a GeoTIFF: how long ago each hectare was last seen clear."""

from datetime import date
from pathlib import Path

import cv2
import numpy as np
import rasterio
from numpy.typing import NDArray

from leads.documents.whole_file import check_place, written_whole
from leads.intake.coverage import EPOCH, NEVER, Coverage, age_steps

COLOURS = ("#2166ac", "#67a9cf", "#d1e5f0", "#fddbc7", "#d6604d", "#4d4d4d")
"""One for each step of age, freshest first; told apart by those who see no red or green."""
NO_SIGHT = 65_534
"""Days in the GeoTIFF where no pass ever showed the hectare clear."""
OUTSIDE = 65_535
"""Nodata of the GeoTIFF: not in the area."""


def coverage_png(coverage: Coverage, today: date) -> bytes:
    """A PNG of one pixel per hectare, coloured by age, transparent outside the area."""
    step = age_steps(coverage.last, today)
    palette = np.array([_bgr(colour) for colour in COLOURS], np.uint8)
    picture: NDArray[np.uint8] = np.zeros((*step.shape, 4), np.uint8)
    picture[..., :3] = palette[step]
    picture[..., 3] = np.where(coverage.inside, 255, 0)
    _, data = cv2.imencode(".png", picture)
    return data.tobytes()


def write_coverage(coverage: Coverage, today: date, path: Path) -> None:
    """Write days since the last clear sight as a GeoTIFF (uint16), whole or not at all.

    Raises InputError where the file cannot be written.
    """
    check_place(path)
    age = (today - EPOCH).days - coverage.last
    days = np.where(coverage.last == NEVER, NO_SIGHT, np.clip(age, 0, NO_SIGHT - 1))
    days = np.where(coverage.inside, days, OUTSIDE).astype(np.uint16)
    with (
        written_whole(path) as draft,
        rasterio.open(
            draft,
            "w",
            driver="GTiff",
            height=days.shape[0],
            width=days.shape[1],
            count=1,
            dtype="uint16",
            crs=coverage.grid.crs.to_wkt(),
            transform=coverage.grid.transform,
            nodata=OUTSIDE,
            compress="deflate",
        ) as out,
    ):
        out.write(days, 1)
        out.set_band_description(1, f"days since last seen clear on {today}; {NO_SIGHT} = never")


def _bgr(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return blue, green, red
