"""A quick look of a flight over the synthetic ground lies within the error it tells."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import rasterio

from tiles.drone.quick_look.quick_look import quick_look
from tiles.drone.read_photo import read_photo
from tiles.synthetic.flight import Flown, made_flight
from tiles.synthetic.ground import Ground

PATCH, REACH = 48, 100


def true_image(ground: Ground, flown: Flown, grid: rasterio.Affine, shape: tuple[int, int]) -> Any:  # noqa: ANN401
    """The photos laid on the grid of the mosaic by their true poses; the last on top."""
    laid = np.zeros(shape, np.uint8)
    to_local = np.array([[1, 0, -ground.origin[0]], [0, 1, -ground.origin[1]], [0, 0, 1.0]])
    for frame in flown.frames:
        pixels = cv2.imread(str(flown.folder / frame.name), cv2.IMREAD_GRAYSCALE)
        matrix = frame.true.to_image(flown.plan.lens) @ to_local @ np.array(grid).reshape(3, 3)
        size, flags = shape[::-1], cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        seen = np.asarray(cv2.warpPerspective(pixels, matrix, size, flags=flags))
        laid = np.where(seen > 0, seen, laid)
    return laid


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_the_ground_lies_within_the_error_told(tmp_path: Path, tools: Any, seed: int) -> None:  # noqa: ANN401
    ground, flown = made_flight(tmp_path / "photos", seed=seed)
    photos = [read_photo(path, path.name) for path in sorted(flown.folder.iterdir())]
    (tmp_path / "out").mkdir()
    told = quick_look(photos, tmp_path / "out", tools["inline"](), lambda: None)
    with rasterio.open(tmp_path / "out" / "bands.tif") as image:
        mosaic, grid = image.read(2), image.transform
    truth, found = true_image(ground, flown, grid, mosaic.shape), []
    for row in range(REACH, mosaic.shape[0] - PATCH - REACH, PATCH):
        for column in range(REACH, mosaic.shape[1] - PATCH - REACH, PATCH):
            patch = mosaic[row : row + PATCH, column : column + PATCH]
            high, wide = PATCH + 2 * REACH, PATCH + 2 * REACH
            around = truth[row - REACH : row - REACH + high, column - REACH : column - REACH + wide]
            likeness = cv2.matchTemplate(around, patch, cv2.TM_CCOEFF_NORMED)
            _, most, _, best = cv2.minMaxLoc(likeness)
            if most > 0.6 and (patch > 0).all():
                found.append(np.array(best) - REACH)
    assert len(found) > 30
    off = np.array(found) * told.gsd_m
    assert np.sqrt((off**2).sum(axis=1).mean()) <= (told.position_error_m or 0) < 6.0
