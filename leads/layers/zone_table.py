"""From one table to zone layers: which kind and edition it is, and its columns under our names."""

from collections.abc import Hashable

import geopandas as gpd
import pandas as pd

from geo.errors import LayerError
from geo.zone import ZONE_COLUMNS, Edition, ZoneKind, ZoneLayer
from leads.layers.aliases import aliases, edition_of
from leads.layers.attributes import code_of, day_of, land_use_code_of, texts
from leads.layers.frame_of_reference import polygons_in_cgcs2000
from leads.layers.tables import Table

UNSTATED_EDITION = "未注明"
"""The edition of a layer that states none; taken as in force always."""

_LEVELLED = (ZoneKind.ECO_REDLINE, ZoneKind.PROTECTED_AREA, ZoneKind.WATER_SOURCE_ZONE)


def zone_layers(table: Table) -> tuple[tuple[ZoneLayer, ...], tuple[str, ...]]:
    """The layers a table holds, one per kind and edition, and notes on what was mended or assumed.

    Raises LayerError when the kind, the CRS or the geometries cannot be known.
    """
    frame, notes = polygons_in_cgcs2000(table.frame, table.shown)
    kinds = _kinds(frame, table)
    all_notes = [*table.notes, *notes]
    layers: list[ZoneLayer] = []
    stated = [_column(frame, name) for name in ("edition", "valid_from", "valid_to")]
    for key, rows in frame.groupby([kinds, *stated], sort=True):
        kind, edition = ZoneKind(key[0]), _edition(key, table)
        zones, more = _zones(rows, kind, table.shown)
        layers.append(ZoneLayer(kind, edition, zones))
        all_notes += more
        if edition.valid_from is None and edition.valid_to is None:
            all_notes.append(f"{table.shown}：版本 {edition.name} 没有写明生效日期，视为一直有效")
    return tuple(layers), tuple(dict.fromkeys(all_notes))


def _kinds(frame: gpd.GeoDataFrame, table: Table) -> pd.Series:
    """The kind of each row: its own column, else the table's names, else tell-tale columns."""
    known = aliases()
    stated = _column(frame, "kind")
    by_text = {text: known.kind_of(text) for text in stated.unique() if text}
    unknown = [text for text, kind in by_text.items() if kind is None]
    if unknown:
        raise LayerError(f"{table.shown}: kind {unknown[0]!r} is unknown: use {_kind_names()}")
    found = [kind for name in table.names if (kind := known.kind_of(name))]
    whole = found[0] if found else known.kind_of_columns(str(name) for name in frame.columns)
    if whole is None and not stated.all():
        raise LayerError(
            f"{table.shown}: what its zones are cannot be told: name the table or the file "
            f"after one of {_kind_names()}, as in eco_redline@2023, or add a column kind"
        )
    return stated.map(lambda text: str(by_text.get(text) or whole))


def _edition(key: tuple[Hashable, ...], table: Table) -> Edition:
    _, name, start, end = (str(part) for part in key)
    named = next((found for part in table.names if (found := edition_of(part))), UNSTATED_EDITION)
    return Edition(name or named, day_of(start, table.shown), day_of(end, table.shown))


def _zones(
    rows: gpd.GeoDataFrame, kind: ZoneKind, shown: str
) -> tuple[gpd.GeoDataFrame, list[str]]:
    """ZONE_COLUMNS of the rows, and notes."""
    notes: list[str] = []
    code = _column(rows, "code").map(code_of)
    name = _column(rows, "name")
    stated_id = _column(rows, "zone_id").map(code_of)
    zone_id = _zone_ids(stated_id, code, name)
    if stated_id.ne("").any() and zone_id is not stated_id:
        notes.append(f"{shown}：编号有缺失或重复，改用其他唯一字段或序号")
    values = {
        "zone_id": zone_id,
        "name": name,
        "code": code,
        "level": pd.Series("", index=rows.index, dtype=object),
        "land_use_scheme": pd.Series("", index=rows.index, dtype=object),
        "land_use_code": pd.Series("", index=rows.index, dtype=object),
    }
    if kind is ZoneKind.DISTRICT:
        values["code"], more = _codes_of_today(code, shown)
        notes += more
    if kind in _LEVELLED:
        levels = aliases().levels
        stated = _column(rows, "level")
        values["level"] = stated.map(lambda text: levels.get(text.lower(), text))
    if kind is ZoneKind.PARCEL:
        values["land_use_scheme"], values["land_use_code"], more = _land_use(rows, shown)
        notes += more
    frame = gpd.GeoDataFrame(values, geometry=rows.geometry, crs=rows.crs)
    return frame[list(ZONE_COLUMNS)].reset_index(drop=True), notes


def _zone_ids(stated: pd.Series, code: pd.Series, name: pd.Series) -> pd.Series:
    """Stated ids, codes or names, the first that are complete and unique; else 1, 2, 3..."""
    for candidate in (stated, code, name):
        if candidate.all() and candidate.is_unique:
            return candidate
    return pd.Series([str(n + 1) for n in range(len(name))], index=name.index, dtype=object)


def _codes_of_today(code: pd.Series, shown: str) -> tuple[pd.Series, list[str]]:
    retired = aliases().retired_codes
    old = sorted(set(code) & set(retired))
    notes = [f"{shown}：已撤销的区划代码 {was} 按 {retired[was]} 处理" for was in old]
    return code.map(lambda text: retired.get(text, text)), notes


def _land_use(rows: gpd.GeoDataFrame, shown: str) -> tuple[pd.Series, pd.Series, list[str]]:
    """Scheme and code of land use per parcel, and notes."""
    known = aliases()
    lower = {str(column).lower(): column for column in rows.columns}
    found = next(((c, s) for c, s in known.land_use if c in lower), None)
    nothing = pd.Series("", index=rows.index, dtype=object)
    if found is None:
        return nothing, nothing, []
    column, scheme_of_column = found
    code = texts(rows[lower[column]]).map(land_use_code_of).rename("")
    stated = _column(rows, "land_use_scheme")
    scheme = stated.map(lambda text: known.schemes.get(text.lower(), text) or scheme_of_column)
    notes = []
    if (code.ne("") & scheme.eq("")).any():
        notes.append(f"{shown}：地类编码没有写明分类标准，同一编码在不同标准中含义不同")
    elif scheme_of_column and stated.eq("").any():
        notes.append(f"{shown}：由字段名 {lower[column]} 认定地类标准为 {scheme_of_column}")
    return scheme, code, notes


def _column(rows: gpd.GeoDataFrame, name: str) -> pd.Series:
    """The texts of the column known here as `name`, or empty texts where there is none."""
    lower = {str(column).lower(): column for column in rows.columns}
    for alias in aliases().columns[name]:
        if alias in lower:
            return texts(rows[lower[alias]])
    return pd.Series("", index=rows.index, dtype=object)


def _kind_names() -> str:
    return ", ".join(kind.value for kind in ZoneKind)
