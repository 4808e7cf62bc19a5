"""Pictures of leads before and after, read once more from the scenes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import cv2
from affine import Affine
from shapely import MultiPolygon

from geo.crs import CGCS2000, reproject_geometry
from geo.geobox import GeoBox, Window
from geo.raster import Raster
from leads.documents.chip_pair import ChipPair
from leads.run.detection import Detection
from leads.run.runner import Runner
from tiles.reading.read import PairReader
from tiles.render import Picture, chip, png_bytes, stretch_of
from tiles.scene_fit import SceneFit

SHOWN = 60
"""Leads that get pictures: those with the highest scores."""
LEAST_PX, MOST_PX = 96, 2048
"""Edge of the square of ground read for a lead, in pixels of the working grid."""
PICTURE_PX = 320
"""Longest edge of a picture; larger squares are shown smaller."""
AROUND = 1.8
"""Edge of the square over the longer edge of the lead: the surroundings tell what it is."""
SHOWN_BANDS = ("red", "green", "blue")


@dataclass(frozen=True, slots=True)
class ChipWork:
    """What all chips of a run share."""

    reader: PairReader
    """Reads both scenes onto the working grid."""
    fit: SceneFit
    """The shift to correct; colours stay as they were taken."""


def read_chips(found: Detection, runner: Runner, shown: int = SHOWN) -> Mapping[str, ChipPair]:
    """Pictures of the `shown` leads with the highest scores, by lead id."""
    chosen = sorted(found.leads, key=lambda lead: (-lead.score, lead.lead_id))[:shown]
    reader = found.reader
    if set(SHOWN_BANDS) <= set(reader.bands):
        reader = replace(reader, bands=SHOWN_BANDS)
    work = ChipWork(reader, replace(found.record.fit, gains=()))
    windows = [square_around(lead.geometry, reader.grid) for lead in chosen]
    chips = runner.map(partial(read_chip, work), windows)
    return {lead.lead_id: pair for lead, pair in zip(chosen, chips, strict=True)}


def square_around(place: MultiPolygon, grid: GeoBox) -> Window:
    """The square of the grid's pixels that an outline in EPSG:4490 is shown in.

    It may reach over the grid.
    """
    outline = reproject_geometry(place, CGCS2000, grid.crs)
    to_pixel = ~grid.transform
    xmin, ymin, xmax, ymax = outline.bounds
    corners = [to_pixel @ (x, y) for x in (xmin, xmax) for y in (ymin, ymax)]
    cols, rows = [c for c, _ in corners], [r for _, r in corners]
    extent = max(max(cols) - min(cols), max(rows) - min(rows))
    edge = min(MOST_PX, max(LEAST_PX, round(AROUND * extent)))
    row = round((min(rows) + max(rows) - edge) / 2)
    col = round((min(cols) + max(cols) - edge) / 2)
    return Window(row, col, edge, edge)


def read_chip(work: ChipWork, window: Window) -> ChipPair:
    """Both dates of one square as PNG pictures on a common grid."""
    pair = work.reader.read(window, work.fit)
    grid = pair.geobox
    if window.width > PICTURE_PX:
        scaled = grid.transform @ Affine.scale(window.width / PICTURE_PX)
        grid = GeoBox(grid.crs, scaled, PICTURE_PX, PICTURE_PX)
    before, after = (png_bytes(_fit_in(_picture(date))) for date in (pair.before, pair.after))
    return ChipPair(before, after, grid)


def _picture(raster: Raster) -> Picture:
    return chip(raster, stretch_of(raster))


def _fit_in(picture: Picture) -> Picture:
    if picture.shape[0] <= PICTURE_PX:
        return picture
    return cv2.resize(picture, (PICTURE_PX, PICTURE_PX), interpolation=cv2.INTER_AREA).astype("u1")
