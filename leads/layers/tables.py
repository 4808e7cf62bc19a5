"""Tables with geometry from one vector file, as they are, whatever its format."""

import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pyarrow as pa
import pyogrio
import shapely.errors
from pyogrio.errors import (
    CRSError,
    DataLayerError,
    DataSourceError,
    FeatureError,
    FieldError,
    GeometryError,
)

from geo.errors import LayerError
from leads.layers.dbf_encoding import dbf_encoding, stated_encoding
from leads.layers.geojson import read_geojson
from leads.layers.unpack import VectorFile

_FORMAT_BY_SUFFIX = {
    ".gpkg": "GeoPackage",
    ".shp": "shapefile",
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".parquet": "GeoParquet",
    ".geoparquet": "GeoParquet",
}
# The first bytes decide which driver GDAL takes; without them it would try all, VRT and WFS too.
_SQLITE_START = b"SQLite format 3\0"
_SHAPEFILE_START = struct.pack(">i", 9994)
_PARQUET_START = b"PAR1"

_UNREADABLE = (
    CRSError,
    DataLayerError,
    DataSourceError,
    FeatureError,
    FieldError,
    GeometryError,
    shapely.errors.ShapelyError,
    pa.ArrowException,
    OSError,
    RuntimeError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    NameError,  # pyogrio 0.13, where a .prj holds bytes that are no text
)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One table with geometry, before anything was understood or mended."""

    shown: str
    """How to name it in messages, for example `layers.gpkg/eco_redline@2023`."""
    names: tuple[str, ...]
    """Names that may tell its kind and edition, nearest first."""
    frame: gpd.GeoDataFrame
    """Its rows in the CRS it states, `crs` None where it states none."""
    notes: tuple[str, ...] = ()
    """What was guessed or left out while reading, one line each."""


def read_tables(file: VectorFile) -> tuple[Table, ...]:
    """Every table with geometry of a file.

    Raises LayerError when the file cannot be read as what its suffix says.
    """
    reader = _READERS[_FORMAT_BY_SUFFIX[file.path.suffix.lower()]]
    with _telling(file):
        tables = tuple(reader(file))
    if not tables:
        raise LayerError(f"{file.shown}: no table with geometry in it")
    return tables


@contextmanager
def _telling(file: VectorFile) -> Iterator[None]:
    """Turn whatever a reader raises into one line that names the file; silence its warnings."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except _UNREADABLE as error:
        reason = " ".join(str(error).replace(str(file.path), file.path.name).split())[:200]
        form = _FORMAT_BY_SUFFIX[file.path.suffix.lower()]
        raise LayerError(f"{file.shown}: cannot be read as {form} ({reason})") from None


def _geopackage(file: VectorFile) -> Iterator[Table]:
    _check_start(file, _SQLITE_START)
    for name, geometry_type in pyogrio.list_layers(file.path):
        if geometry_type is not None:
            frame = pyogrio.read_dataframe(file.path, layer=name, on_invalid="ignore")
            yield Table(f"{file.shown}/{name}", (str(name), *file.names), frame)


def _shapefile(file: VectorFile) -> Iterator[Table]:
    _check_start(file, _SHAPEFILE_START)
    mates = {mate.suffix.lower(): mate for mate in file.path.parent.glob(f"{_escaped(file)}.*")}
    if ".shx" not in mates:
        raise LayerError(f"{file.shown}: its .shx is missing: give all parts of the shapefile")
    nowhere = file.path.with_suffix(".none")
    stated = stated_encoding(mates.get(".cpg", nowhere))
    encoding = dbf_encoding(mates.get(".dbf", nowhere), stated)
    notes: tuple[str, ...] = ()
    if encoding != stated and not (stated is None and encoding == "utf-8"):
        why = "没有 .cpg" if stated is None else f".cpg 所写的 {stated} 读不通"
        notes = (f"{file.shown}：{why}，属性按 {encoding.upper()} 读取",)
    frame = pyogrio.read_dataframe(file.path, encoding=encoding, on_invalid="ignore")
    yield Table(file.shown, file.names, frame, notes)


def _geojson(file: VectorFile) -> Iterator[Table]:
    frame, notes = read_geojson(file.path, file.shown)
    yield Table(file.shown, file.names, frame, notes)


def _geoparquet(file: VectorFile) -> Iterator[Table]:
    _check_start(file, _PARQUET_START)
    frame = gpd.read_parquet(file.path)
    plain = {name: frame[name].astype(object) for name in frame.columns.drop(frame.geometry.name)}
    yield Table(file.shown, file.names, frame.assign(**plain))  # broken text fails here, not later


_READERS: dict[str, Callable[[VectorFile], Iterator[Table]]] = {
    "GeoPackage": _geopackage,
    "shapefile": _shapefile,
    "GeoJSON": _geojson,
    "GeoParquet": _geoparquet,
}


def _check_start(file: VectorFile, start: bytes) -> None:
    with Path(file.path).open("rb") as stream:
        if stream.read(len(start)) != start:
            form = _FORMAT_BY_SUFFIX[file.path.suffix.lower()]
            raise LayerError(f"{file.shown}: not a {form}, whatever its name says")


def _escaped(file: VectorFile) -> str:
    """The stem with glob's special characters taken literally."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in file.path.stem)
