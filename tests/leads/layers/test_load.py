"""Reading in a limited child gives the same layers, and its end is one line."""

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest

from geo.errors import LayerError
from leads.layers.load import load_layers
from leads.layers.read import read_layers
from leads.layers.record import layer_record
from tiles.limited import Limits

Frame = Callable[..., gpd.GeoDataFrame]


def test_no_paths_no_layers_and_no_child() -> None:
    assert load_layers([]).layers == ()


def test_the_child_reads_the_same_and_passes_errors_on(tmp_path: Path, frame_of: Frame) -> None:
    path = tmp_path / "redline@2023.parquet"
    frame_of(name=["甲", "乙"]).to_parquet(path)
    here, there = read_layers(path), load_layers([path])
    assert [layer_record(a) for a in here.layers] == [layer_record(b) for b in there.layers]
    assert (here.notes, here.sha256) == (there.notes, there.sha256)
    bad = tmp_path / "district.geojson"
    bad.write_text("{}")
    with pytest.raises(LayerError, match=r"district\.geojson: GeoJSON of type None"):
        load_layers([path, bad])


def test_over_the_limit_is_a_layer_error(tmp_path: Path) -> None:
    deep = tmp_path / "parcels.geojson"
    deep.write_text('{"type": "FeatureCollection", "features": [' + "[0]," * 3_000_000 + "0]}")
    with pytest.raises(LayerError, match=r"parcels\.geojson: reading it failed"):
        load_layers([deep], Limits(memory_mb=3_000, seconds=0.3))
