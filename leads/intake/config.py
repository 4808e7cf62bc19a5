"""The configuration of passes, a TOML file: sources, and what is watched at them.

    [source.cdse]
    kind = "sentinel-hub"
    ...
    [watch.chongming]
    source = "cdse"
    area = "310151"

`configs/passes.toml` shows every key. Unknown keys and values that cannot be are refused with the
key and the file; secrets are never in it.
"""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

import shapely
from shapely import MultiPolygon
from sqlalchemy import Connection

from geo.errors import InputError
from leads.intake.areas import box_area, district_area, file_area, is_district
from leads.intake.open_sources import settings_of, with_whole_files
from leads.intake.typed_values import typed_values, with_whole_paths
from leads.intake.watch_spec import SourceSpec, WatchSpec

_ANYWHERE = MultiPolygon([shapely.box(0, 0, 1, 1)])
_SETTING = ("name", "settings")
_PLACE = ("name", "source", "area", "district")


@dataclass(frozen=True, slots=True)
class Configured:
    """A watch as the file has it: checked, its area not yet looked up."""

    values: Mapping[str, Any]
    """Fields of `WatchSpec`, but for the area."""
    area: str | tuple[float, ...]
    """Code of a district, a vector file, or west, south, east and north in degrees."""
    folder: Path
    """Where the file's relative paths begin."""

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.values["name"])

    def placed(self, connection: Connection, today: date) -> WatchSpec:
        """The watch with its area; districts are those of the store. Raises InputError."""
        area, district = area_of(self.area, self.folder, connection, today)
        return WatchSpec(**self.values, area=area, district=district)


@dataclass(frozen=True, slots=True)
class Config:
    """One configuration."""

    path: Path
    """The file."""
    sources: Mapping[str, SourceSpec]
    """By name."""
    watches: Mapping[str, Configured]
    """By name."""

    def source(self, name: str) -> SourceSpec:
        """One source. Raises InputError."""
        self._check(name, self.sources, "source")
        return self.sources[name]

    def watch(self, name: str) -> Configured:
        """One watch. Raises InputError."""
        self._check(name, self.watches, "watch")
        return self.watches[name]

    def _check(self, name: str, those: Collection[str], what: str) -> None:
        if name not in those:
            there = ", ".join(those) or "none"
            raise InputError(f"{self.path}: no {what} {name!a:.50}; there are {there}")


def read_config(path: Path) -> Config:
    """The configuration of a file. Raises InputError with the key and the file."""
    try:
        with path.open("rb") as file:
            tables = tomllib.load(file)
    except FileNotFoundError:
        raise InputError(
            f"{path}: no such file; copy configs/passes.toml there, or give --config"
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as TOML ({error})") from None
    for name in sorted(set(tables) - {"source", "watch"}):
        raise InputError(f"{path}: no table {name!a:.60}; there are source and watch")
    try:
        sources = {
            name: _source(name, table, path.absolute().parent)
            for name, table in _tables(tables, "source").items()
        }
        watches = {
            name: _watch(name, table, sources, path.absolute().parent)
            for name, table in _tables(tables, "watch").items()
        }
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return Config(path, sources, watches)


def area_of(
    asked: str | tuple[float, ...], folder: Path, connection: Connection, today: date
) -> tuple[MultiPolygon, str | None]:
    """The area of a text or four numbers, and the code of the district it is. Raises InputError.

    Relative names of files are taken from `folder`.
    """
    if isinstance(asked, tuple):
        return box_area(asked), None
    if is_district(asked):
        return district_area(connection, asked, today), asked
    return file_area(folder / Path(asked).expanduser()), None


def _tables(tables: Mapping[str, Any], kind: str) -> Mapping[str, Mapping[str, Any]]:
    found = tables.get(kind, {})
    if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
        raise InputError(f"write each {kind} as a table of its own, [{kind}.NAME]")
    return found


def _source(name: str, table: Mapping[str, Any], folder: Path) -> SourceSpec:
    where = f"[source.{name}]"
    own = {field.name for field in fields(SourceSpec)} - set(_SETTING)
    typed = typed_values(
        SourceSpec, {k: v for k, v in table.items() if k in own}, where, given=_SETTING
    )
    settings = {key: value for key, value in table.items() if key not in own}
    spec = SourceSpec(name=name, settings=settings, **typed)
    settings_of(spec)  # what cannot be used is told now, not at the first look
    return with_whole_files(spec, folder)


def _watch(
    name: str, table: Mapping[str, Any], sources: Mapping[str, SourceSpec], folder: Path
) -> Configured:
    where = f"[watch.{name}]"
    source = str(table.get("source", ""))
    if source not in sources:
        there = ", ".join(sources) or "none"
        raise InputError(f"{where}: source {source!a:.50} is not among the sources: {there}")
    area = _area(table.get("area"), where)
    rest = {key: value for key, value in table.items() if key not in ("area", "source")}
    typed = with_whole_paths(typed_values(WatchSpec, rest, where, given=_PLACE), folder)
    values = {"name": name, "source": sources[source], **typed}
    WatchSpec(**values, area=_ANYWHERE)  # its own checks
    return Configured(values, area, folder)


def _area(asked: object, where: str) -> str | tuple[float, ...]:
    if isinstance(asked, str) and asked:
        return asked
    if isinstance(asked, list) and all(isinstance(edge, int | float) for edge in asked):
        edges = tuple(map(float, asked))
        box_area(edges)
        return edges
    raise InputError(
        f"{where}: area {asked!a:.50}; give a district's code, a vector file, or "
        "[west, south, east, north] in degrees"
    )
