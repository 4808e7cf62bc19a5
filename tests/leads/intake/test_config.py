"""The configuration: what is in it, what is refused and how that is said; no secret anywhere."""

import json
import subprocess
import sys
from dataclasses import fields
from datetime import date
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from geo.errors import InputError, LayerError, NotFoundError
from geo.zone import ZoneKind
from leads.intake.areas import box_area, file_area
from leads.intake.config import Config, read_config
from leads.intake.open_sources import KINDS, open_source, settings_of
from leads.intake.watch_spec import BeforeKind, SourceSpec, WatchSpec, watch_of
from leads.layers.read import read_layers
from leads.store.engine import reading, writing
from leads.store.layers import add_layer
from tests.conftest import SAMPLES
from tests.leads.intake.made_watches import NOW, a_watch

TODAY = date(2024, 4, 20)
EXAMPLE = Path(__file__).resolve().parents[3] / "configs" / "passes.toml"
MINIMAL = """
[source.s]
kind = "stac"
url = "https://stac.example.cn"
collection = "c"
[watch.w]
source = "s"
area = [121.0, 31.0, 121.5, 31.5]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "passes.toml"
    path.write_text(text, "utf-8")
    return path


def read(folder: Path, text: str) -> Config:
    return read_config(written(folder, text))


def test_the_example_is_read_and_shows_every_setting_of_a_watch() -> None:
    config = read_config(EXAMPLE)
    assert set(config.watches) == {"chongming", "chongming-radar", "coast"}
    assert {one.kind for one in config.sources.values()} == set(KINDS)
    text = EXAMPLE.read_text("utf-8")
    missing = [f.name for f in fields(WatchSpec) if f.name not in text]
    assert set(missing) <= {"name", "district"}


def test_defaults_of_the_example_are_those_of_the_program() -> None:
    values = dict(read_config(EXAMPLE).watches["chongming"].values)
    usual = {field.name: field.default for field in fields(WatchSpec)}
    del values["name"], values["source"]
    assert {name: usual[name] for name in values} == values


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("every_hour = 3", "[watch.w]: no setting 'every_hour'; there are"),
        ('every_hours = "6"', "[watch.w]: every_hours = '6': input should be a valid number"),
        ("every_hours = 0", "watch w: every_hours 0; give 0.01 to 8784"),
        ("every_hours = nan", "watch w: every_hours nan; give 0.01 to 8784"),
        ("least_share = 1.5", "watch w: least_share 1.5; give 0 to 1"),
        ('before = ["latest"]', "[watch.w]: before[0] = ['latest']: input should be"),
        ('before = ["same_season", "same_season"]', "watch w: before names one kind twice"),
        ("priority = 10", "watch w: priority 10; give 0 to 9"),
        ("priority = 2.5", "[watch.w]: priority = 2.5"),
        ('district = "310151"', "[watch.w]: no setting 'district'"),
    ],
)  # fmt: skip
def test_a_wrong_setting_of_a_watch_is_named(tmp_path: Path, change: str, told: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, MINIMAL + change)
    assert str(caught.value).startswith(f"{tmp_path / 'passes.toml'}: {told}")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('kind = "stac"', 'kind = "ftp"', "no kind 'ftp'; there are sentinel-hub, stac, d"),
        ('kind = "stac"', "", "[source.s]: kind is missing"),
        ('url = "https', 'uri = "https', "source s: no setting 'uri'; there are"),
        ('collection = "c"', "", "source s: collection is missing"),
        ("[source.s]", "[source.S]", "source 'S': a name has up to 40 lower-case letters"),
        ('collection = "c"', 'collection = "c"\nsecret_variable = "hunter2!"', "never the secret"),
        ('collection = "c"', 'collection = "c"\nmonthly_units = -1', "monthly_units -1"),
        ('source = "s"', 'source = "t"', "[watch.w]: source 't' is not among the sources: s"),
        ("[121.0,", "[122.0,", "give west < east and south < north"),
        ("area = [121.0, 31.0, 121.5, 31.5]", "", "area None; give a district's code"),
        ("[121.0, 31.0, 121.5, 31.5]", "[1.0, 1.0, 50.0, 50.0]", "2401 square degrees; watch 100"),
        ("[watch.w]", "[watches.w]", "no table 'watches'; there are source and watch"),
        ("[watch.w]", "watch = 3\n[other]", "cannot be read as TOML|no table 'other'"),
        ('kind = "stac"', 'kind = "stac', "cannot be read as TOML"),
    ],
)  # fmt: skip
def test_anything_else_that_is_wrong_is_named_with_the_file(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, MINIMAL.replace(old, new))
    text = str(caught.value)
    assert text.startswith(str(tmp_path)) and any(part in text for part in told.split("|"))


def test_a_file_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"copy configs/passes\.toml there"):
        read_config(tmp_path / "passes.toml")


def test_tables_inside_settings_are_as_strict() -> None:
    spec = SourceSpec("d", "deliveries", {"root": "x", "heights": {"dhm": "a.tif"}})
    with pytest.raises(InputError, match="source d: heights: no setting 'dhm'"):
        settings_of(spec)


def test_relative_files_begin_in_the_folder_of_the_configuration(tmp_path: Path) -> None:
    text = """
        [source.d]
        kind = "deliveries"
        root = "new"
        [source.d.heights]
        dem = "dem.tif"
        [source.e]
        kind = "deliveries"
        root = "s3://bucket/new/"
        [watch.w]
        source = "d"
        area = [121.0, 31.0, 121.5, 31.5]
        layers = ["red.gpkg"]
        tide_table = "/tides.csv"
    """
    config = read(tmp_path, text)
    assert config.sources["d"].settings["root"] == str(tmp_path / "new")
    assert config.sources["d"].settings["heights"] == {"dem": str(tmp_path / "dem.tif")}
    assert config.sources["e"].settings["root"] == "s3://bucket/new/"
    values = config.watches["w"].values
    assert values["layers"] == (tmp_path / "red.gpkg",)
    assert values["tide_table"] == Path("/tides.csv")


shares = st.floats(0, 1)


@given(st.builds(dict, most_cloud=shares, least_share=shares, threshold=st.none() | shares))
def test_a_watch_comes_back_from_the_store_as_it_was(values: dict[str, float]) -> None:
    watch = a_watch(**values, before=tuple(BeforeKind), layers=(Path("/a b"),))
    kept = json.loads(json.dumps(watch.as_json))
    assert watch_of(kept, watch.area) == watch


def test_a_damaged_watch_is_told() -> None:
    with pytest.raises(InputError, match="cannot be read"):
        watch_of({"name": "w"}, a_watch().area)


def test_secrets_come_from_the_environment_and_go_nowhere_else() -> None:
    spec = SourceSpec("cdse-1", "sentinel-hub", {"service": "data-space"})
    assert spec.secret_names == ("HONGXIAN_CDSE_1_ID", "HONGXIAN_CDSE_1_SECRET")
    with pytest.raises(InputError, match="no HONGXIAN_CDSE_1_SECRET: set"):
        open_source(spec, {"HONGXIAN_CDSE_1_ID": "me"})
    secrets = {"HONGXIAN_CDSE_1_ID": "me-42", "HONGXIAN_CDSE_1_SECRET": "hunter-2"}
    source = open_source(spec, secrets)
    assert source.name == "cdse-1"
    everything = repr(source) + repr(spec) + json.dumps(a_watch().as_json)
    assert "hunter-2" not in everything and "me-42" not in everything


@pytest.mark.parametrize("kind", ["stac", "deliveries"])
def test_sources_without_secrets_open_too(kind: str, tmp_path: Path) -> None:
    wanted = {
        "stac": {"url": "https://a.cn", "collection": "c"},
        "deliveries": {"root": str(tmp_path)},
    }
    assert open_source(SourceSpec("s", kind, wanted[kind]), {}).name == "s"


def test_reading_a_configuration_loads_no_source() -> None:
    code = (
        "import sys; from pathlib import Path; from leads.intake.config import read_config;"
        f"read_config(Path({str(EXAMPLE)!r}));"
        "print(sorted({'sentinelhub', 'pystac_client', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"


def test_an_area_is_a_box_a_file_or_a_district(store: Engine, tmp_path: Path) -> None:
    text = MINIMAL + '[watch.f]\nsource="s"\narea="a.geojson"\n[watch.d]\nsource="s"\narea="310151"'
    config = read(tmp_path, text)
    ring = shapely.box(121.1, 31.1, 121.2, 31.2)
    gpd.GeoSeries([ring, ring.buffer(0.01)], crs=4326).to_file(tmp_path / "a.geojson")
    with reading(store) as connection:
        box = config.watch("w").placed(connection, TODAY)
        assert box.area.bounds == (121.0, 31.0, 121.5, 31.5) and box.district is None
        area = config.watch("f").placed(connection, TODAY).area
        assert area.bounds == pytest.approx(ring.buffer(0.01).bounds, abs=1e-6)
        with pytest.raises(NotFoundError, match="no district '310151'"):
            config.watch("d").placed(connection, TODAY)
    with writing(store) as connection:
        layers = read_layers(SAMPLES / "layers.gpkg").layers
        for layer in (one for one in layers if one.kind is ZoneKind.DISTRICT):
            add_layer(connection, layer, "layers.gpkg", "system", NOW)
    with reading(store) as connection:
        district = config.watch("d").placed(connection, TODAY)
    assert district.district == "310151" and district.area.is_valid and not district.area.is_empty
    with pytest.raises(InputError, match="no watch 'x'; there are w, f, d"):
        config.watch("x")


def test_a_file_that_is_no_area_is_told(tmp_path: Path) -> None:
    with pytest.raises(LayerError, match="no such file"):
        file_area(tmp_path / "none.geojson")
    points = tmp_path / "points.geojson"
    gpd.GeoSeries([shapely.Point(121, 31)], crs=4326).to_file(points)
    with pytest.raises(InputError, match="no usable polygon"):
        file_area(points)
    with pytest.raises(InputError, match="area of 3 numbers"):
        box_area((1, 2, 3))
