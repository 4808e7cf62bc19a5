"""GeoJSON of any shape: either polygons and notes, or one line; never anything else."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import LayerError
from leads.layers.geojson import read_geojson

RING = [[121.0, 31.0], [121.1, 31.0], [121.1, 31.1], [121.0, 31.0]]
SQUARE = {"type": "Polygon", "coordinates": [RING]}

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-200, 10**30),
    st.floats(-1e308, 1e308),
    st.text(max_size=4),
)
nests = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4), max_leaves=12)
kinds = st.sampled_from(["Polygon", "MultiPolygon", "Point", "Feature", "", None, 7])
positions = st.lists(st.floats(-180, 180), min_size=2, max_size=3)
almost = st.lists(st.lists(positions, max_size=5), max_size=2)
geometries = st.one_of(
    nests,
    st.fixed_dictionaries({"type": kinds, "coordinates": st.one_of(nests, almost)}),
    st.just(SQUARE),
)
features = st.one_of(
    nests,
    st.fixed_dictionaries(
        {"type": st.just("Feature"), "geometry": geometries, "properties": nests}
    ),
)
documents = st.one_of(
    nests,
    st.fixed_dictionaries(
        {"type": st.just("FeatureCollection"), "features": st.one_of(nests, st.lists(features))}
    ),
)


def read(document: object, folder: Path) -> tuple[Any, tuple[str, ...]]:
    path = folder / "a.geojson"
    path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
    return read_geojson(path, "a.geojson")


def collection(*geometries_given: object, **more: object) -> dict[str, Any]:
    rows = [{"type": "Feature", "geometry": g, "properties": {"n": 1}} for g in geometries_given]
    return {"type": "FeatureCollection", "features": rows, **more}


@given(documents)
def test_polygons_and_notes_or_one_line(document: object) -> None:
    with TemporaryDirectory() as folder:
        try:
            frame, notes = read(document, Path(folder))
        except LayerError as refusal:
            said, kinds_found = [str(refusal)], set()
        else:
            said, kinds_found = list(notes), set(frame.geom_type)
    assert kinds_found <= {"Polygon", "MultiPolygon"}
    assert all("\n" not in line and "a.geojson" in line for line in said)


def test_bare_geometry_feature_and_collection_are_the_same(tmp_path: Path) -> None:
    feature = {"type": "Feature", "geometry": SQUARE, "properties": None}
    for document in (SQUARE, feature, collection(SQUARE)):
        frame, notes = read(document, tmp_path)
        assert frame.geometry[0].area == pytest.approx(0.005) and notes == ()
        assert frame.crs.to_epsg() == 4326


def test_faults_are_counted_and_the_good_kept(tmp_path: Path) -> None:
    open_ring = {"type": "Polygon", "coordinates": [RING[:-1]]}
    text = {"type": "Polygon", "coordinates": [[["121", "31"]] * 4]}
    point = {"type": "Point", "coordinates": [121, 31]}
    endless = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [77, 1], [0, 0]]]}
    raw = json.dumps(collection(SQUARE, open_ring, text, point, endless, None)).encode()
    frame, notes = read(raw.replace(b"77", b"1e999"), tmp_path)
    assert len(frame) == 2
    told = "\n".join(notes)
    assert "1 个环未闭合，已闭合" in told and "1 个要素不是面，已略去" in told
    assert "1 个要素的坐标超出数值范围" in told
    assert "1 个要素的环不是坐标列" in told and "1 个要素没有几何" in told


@pytest.mark.parametrize(
    ("name", "epsg"),
    [
        ("urn:ogc:def:crs:OGC:1.3:CRS84", 4326),
        ("urn:ogc:def:crs:EPSG::4490", 4490),
        ("EPSG:4549", 4549),
        ("http://www.opengis.net/def/crs/EPSG/0/4490", 4490),
    ],
)
def test_the_old_crs_member_is_honoured(tmp_path: Path, name: str, epsg: int) -> None:
    member = {"type": "name", "properties": {"name": name}}
    frame, _ = read(collection(SQUARE, crs=member), tmp_path)
    assert frame.crs.to_epsg() == epsg
    assert read(collection(SQUARE, crs=None), tmp_path)[0].crs is None


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (collection(SQUARE, crs={"type": "link"}), "names no EPSG code"),
        (collection(SQUARE, crs={"properties": {"name": "EPSG:999999"}}), "names no EPSG code"),
        (collection({"type": "Point", "coordinates": [1, 2]}), "no area but a point"),
        ({"type": "Topology"}, "'Topology'"),
        (b'{"type": NaN}', "NaN is no JSON number"),
        (b"\xff\xfe\x80", "neither UTF-8 nor GB18030"),
        (b"[" * 300_000, "nested too deep"),
    ],
)
def test_what_is_no_geojson_layer(tmp_path: Path, document: object, said: str) -> None:
    with pytest.raises(LayerError, match=said):
        read(document, tmp_path)


def test_text_in_gbk_is_read_and_told(tmp_path: Path) -> None:
    document = collection(SQUARE)
    document["features"][0]["properties"] = {"name": "黄浦区"}
    frame, notes = read(json.dumps(document, ensure_ascii=False).encode("gbk"), tmp_path)
    assert frame["name"][0] == "黄浦区" and "GB18030" in notes[0]
