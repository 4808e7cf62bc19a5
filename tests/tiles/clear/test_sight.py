"""Sight: hectares that detection would look at, whatever the grid, and their share of an area."""

from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from shapely import box

from geo.crs import CGCS2000, SHANGHAI_PLANE, reproject_geometry
from geo.errors import SceneError
from geo.hectares import sight_bytes, sight_of_bytes
from tests.tiles.clear.conftest import MakeScene, plain
from tiles.clear.sight import clear_share, sight_of

AREA = reproject_geometry(box(640_000, 3_459_000, 641_000, 3_460_000), SHANGHAI_PLANE, CGCS2000)


def test_cloud_hides_its_hectares_and_those_it_touches(
    make_scene: MakeScene, tmp_path: Path
) -> None:
    scl = np.full((100, 100), 4, np.uint8)
    scl[30:40, 50:60] = 9  # exactly the hectare in row 3, column 5
    scene = make_scene(tmp_path, plain((100, 100)) | {"scl": scl})
    sight = sight_of(scene)
    row, col = -34_600 - sight.row, 6_400 - sight.col
    assert sight.crs == SHANGHAI_PLANE
    seen = sight.seen[row : row + 10, col : col + 10]
    hidden = {(int(r), int(c)) for r, c in np.argwhere(~seen)}
    # growth of two pixels takes a fifth of each neighbour along the sides, 4 % at the corners
    assert hidden == {(3, 5), (2, 5), (4, 5), (3, 4), (3, 6)}
    assert clear_share(sight, AREA) == pytest.approx(0.95, abs=0.005)
    assert clear_share(sight_of_bytes(sight_bytes(sight)), AREA) == clear_share(sight, AREA)


def test_missing_pixels_and_what_lies_outside(make_scene: MakeScene, tmp_path: Path) -> None:
    pixels = plain((100, 100))
    pixels["nir"][:, :50] = 0
    sight = sight_of(make_scene(tmp_path, pixels), AREA)
    assert clear_share(sight, AREA) == pytest.approx(0.5, abs=0.02)
    wide = reproject_geometry(box(639_000, 3_459_000, 641_000, 3_460_000), SHANGHAI_PLANE, CGCS2000)
    assert clear_share(sight, wide) == pytest.approx(0.25, abs=0.02)
    far = reproject_geometry(box(660_000, 3_459_000, 661_000, 3_460_000), SHANGHAI_PLANE, CGCS2000)
    with pytest.raises(SceneError, match="nothing of the area"):
        sight_of(make_scene(tmp_path, pixels), far)


@pytest.mark.parametrize("size", [2.5, 30.0, 120.0])
def test_any_pixel_size(make_scene: MakeScene, tmp_path: Path, size: float) -> None:
    count = round(3000 / size)
    scl = np.full((count, count), 5, np.uint8)
    scl[:, : count // 2] = 3
    place = Affine(size, 0, 640_000, 0, -size, 3_460_000)
    scene = make_scene(tmp_path, plain((count, count)) | {"scl": scl}, transform=place)
    area = reproject_geometry(box(640_000, 3_457_000, 643_000, 3_460_000), SHANGHAI_PLANE, CGCS2000)
    assert clear_share(sight_of(scene, area), area) == pytest.approx(0.45, abs=0.09)


def test_another_projection_has_the_same_lattice(make_scene: MakeScene, tmp_path: Path) -> None:
    scene = make_scene(
        tmp_path,
        plain((200, 200)),
        transform=Affine(10, 0, 350_000, 0, -10, 3_460_000),
        crs="EPSG:32651",
    )
    sight = sight_of(scene)
    assert sight.crs == SHANGHAI_PLANE
    assert 324 <= np.count_nonzero(sight.seen) <= 400
