"""Small layers to write in every format."""

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import shapely

from geo.crs import CGCS2000

Frame = Callable[..., gpd.GeoDataFrame]


@pytest.fixture
def frame_of() -> Frame:
    """Build a frame of unit-free little squares beside each other, with the columns given."""

    def build(**columns: list[object]) -> gpd.GeoDataFrame:
        count = len(next(iter(columns.values()), [0, 0]))
        squares = [
            shapely.box(121.4 + 0.01 * n, 31.2, 121.41 + 0.01 * n, 31.21) for n in range(count)
        ]
        return gpd.GeoDataFrame(columns, geometry=squares, crs=CGCS2000)

    return build


@pytest.fixture
def gbk_shapefile(tmp_path: Path, frame_of: Frame) -> Path:
    """Districts in a GBK shapefile that does not say so."""
    folder = tmp_path / "gbk"
    folder.mkdir()
    path = folder / "区县.shp"
    frame = frame_of(县名=["黄浦区", "浦东新区"], 县代码=[310101.0, 310115.0])
    pyogrio.write_dataframe(frame, path, encoding="GBK")
    path.with_suffix(".cpg").unlink()
    return path
