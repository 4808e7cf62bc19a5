"""Which assets of an item are read, and what their numbers mean."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pystac

from geo.errors import InputError, SceneError, SetupError
from tiles.files.band_names import SCL
from tiles.files.remote_url import allowed_url, is_remote, normal_url
from tiles.files.stac import band_names_of
from tiles.sources.acquisition import Acquisition, Kind
from tiles.sources.stac_api_items import WRONG, baseline_of
from tiles.sources.stac_api_spec import StacApiSpec

_OFFSET_SINCE = "04.00"
"""Processing baseline of Sentinel-2 since which 1,000 is added to all digital numbers (ESA)."""
_SENTINEL_2_SCALE, _SENTINEL_2_OFFSET = 1e-4, -0.1
_PICTURES = {"visual", "overview", "thumbnail", "metadata", "preview"}
_TIFF = (".tif", ".tiff")


@dataclass(frozen=True, slots=True)
class Layer:
    """One band of an asset."""

    name: str
    """STAC common name, or `scl`."""
    place: str
    """Absolute path, or URL, of the file."""
    index: int
    """Band number in the file, from 1."""
    nodata: float | None
    """Value of missing pixels as the item states it."""
    scale: float | None
    """Reflectance of one digital number; None: the numbers stay as they are."""
    offset: float
    """Reflectance of the digital number 0."""
    decibel: bool
    """Radar power in decibel, to be made linear."""


def layers_of(acquisition: Acquisition, spec: StacApiSpec) -> tuple[Layer, ...]:
    """The wanted bands in order, then the classification where it is wanted and there.

    Raises InputError: the item makes no sense, lacks a band, or names what is never read.
    SetupError: this machine does not list where its files lie, or lacks their folder.
    """
    detail = acquisition.detail
    if WRONG in detail:
        raise InputError(f"{acquisition.identifier}: a malformed item ({detail[WRONG]})")
    assets, said = detail.get("assets", {}), detail.get("properties", {})
    found: dict[str, tuple[float, Layer]] = {}
    refused: dict[str, str] = {}
    closed: dict[str, str] = {}
    for key, asset in assets.items():
        for name, index, fields in _bands(key, asset, spec):
            try:
                layer = _layer(name, index, asset, fields, said, spec)
            except SceneError as error:
                refused.setdefault(name, str(error))
                continue
            except SetupError as error:
                closed.setdefault(name, str(error))
                continue
            rank = _gsd(asset, fields)
            if name not in found or rank < found[name][0]:
                found[name] = (rank, layer)
    optional = spec.scl is None and spec.sensor is Kind.OPTICAL and SCL in {*found, *closed}
    names = [*spec.wanted, *([SCL] if spec.scl or optional else [])]
    for name in names:
        if name not in found and name in closed:
            raise SetupError(
                f"{acquisition.identifier}: its {name} may not be read: {closed[name]}"
            )
        if name not in found:
            raise InputError(_why_missing(acquisition.identifier, name, assets, refused))
    return tuple(found[name][1] for name in names)


def is_reflectance(layers: tuple[Layer, ...]) -> bool:
    """Whether all bands can be brought to reflectance; else all are left as they are."""
    return all(layer.scale is not None for layer in layers if layer.name != SCL)


def _bands(
    key: str, asset: Mapping[str, Any], spec: StacApiSpec
) -> Iterator[tuple[str, int, Mapping[str, Any]]]:
    """Name, number in the file and fields of an asset's bands that have a name."""
    href = asset.get("href")
    roles = {str(role).lower() for role in asset.get("roles") or []}
    if not isinstance(href, str) or {key.lower(), *roles} & _PICTURES or not _may_be_tiff(asset):
        return
    if key in spec.assets:
        names: list[str | None] = [spec.assets[key]]
    else:
        names = band_names_of(key, pystac.Asset.from_dict(dict(asset)))
        if spec.sensor is Kind.SAR and key.lower() in spec.wanted:
            names = [key.lower()]
    for number, name in enumerate(names):
        if name is not None:
            yield name, number + 1, _fields(asset, number)


def _may_be_tiff(asset: Mapping[str, Any]) -> bool:
    """GeoTIFF is the one format read by ranges: items may list a band in several formats."""
    stated, path = str(asset.get("type") or ""), urlsplit(str(asset["href"])).path.lower()
    return "tiff" in stated or (path.endswith(_TIFF) if not stated else False)


def _fields(asset: Mapping[str, Any], number: int) -> dict[str, Any]:
    """What is said of one band, by the asset, `bands` and `raster:bands`."""
    fields = {name: asset[name] for name in ("nodata", "unit") if name in asset}
    for name in ("raster:scale", "raster:offset"):
        if name in asset:
            fields[name.partition(":")[2]] = asset[name]
    for key in ("bands", "raster:bands"):
        listed = asset.get(key) or []
        if number < len(listed):
            fields |= {name.removeprefix("raster:"): v for name, v in listed[number].items()}
    return fields


def _layer(
    name: str,
    index: int,
    asset: Mapping[str, Any],
    fields: Mapping[str, Any],
    said: Mapping[str, Any],
    spec: StacApiSpec,
) -> Layer:
    place = _place(str(asset["href"]), spec.root)
    scale, offset = _calibration(fields, said, spec)
    optical = spec.sensor is Kind.OPTICAL and name != SCL
    return Layer(
        name=name,
        place=place,
        index=index,
        nodata=_number(fields.get("nodata")),
        scale=scale if optical else None,
        offset=offset if optical else 0.0,
        decibel=str(fields.get("unit", "")).lower() == "db",
    )


def _calibration(
    fields: Mapping[str, Any], said: Mapping[str, Any], spec: StacApiSpec
) -> tuple[float | None, float]:
    """Scale and offset to reflectance: of the settings, the item, or Sentinel-2's own rule."""
    scale, offset = _number(fields.get("scale")), _number(fields.get("offset"))
    constellation = f"{said.get('constellation', '')} {said.get('platform', '')}".lower()
    if "sentinel-2" in constellation:
        scale = _SENTINEL_2_SCALE if scale is None else scale
        if any(said.get(f"{name}:boa_offset_applied") for name in ("earthsearch", "sentinel")):
            offset = 0.0
        elif offset is None:
            offset = _SENTINEL_2_OFFSET if _is_since(baseline_of(said)) else 0.0
    scale = scale if spec.scale is None else spec.scale
    offset = offset if spec.offset is None else spec.offset
    return scale, offset or 0.0


def _is_since(baseline: str) -> bool:
    """Whether digital numbers are shifted; what is no baseline is taken for a recent one."""
    return re.fullmatch(r"\d\d\.\d\d", baseline) is None or baseline >= _OFFSET_SINCE


def _number(value: object) -> float | None:
    try:
        return None if value is None else float(str(value))
    except ValueError:
        return None


def _gsd(asset: Mapping[str, Any], fields: Mapping[str, Any]) -> float:
    """Metres; infinite where nothing is said, so that the asset listed first holds."""
    return _number(fields.get("gsd") or asset.get("gsd")) or float("inf")


def _place(href: str, root: Path | None) -> str:
    """Absolute path or URL. Raises SceneError: it is never read; SetupError: not from here."""
    if href.startswith("file:") or not is_remote(href):
        path = url2pathname(urlsplit(href).path) if href.startswith("file:") else href
        if root is None:
            raise SceneError(
                f"{Path(path).name}: a file of this machine; the settings name no `root` for it"
            )
        whole, inside = (root / path).resolve(), root.resolve()
        if not inside.is_dir():
            raise SetupError("the folder that `root` names is not there; is its disk mounted?")
        if not whole.is_relative_to(inside) or not whole.is_file():
            raise SceneError(f"{Path(path).name}: no file below the settings' `root`")
        return str(whole)
    url = normal_url(href)
    try:
        return allowed_url(url)
    except SceneError as error:  # the installation's list, not the item, is to be mended
        raise SetupError(str(error)) from None


def _why_missing(
    identifier: str, name: str, assets: Mapping[str, Any], refused: Mapping[str, str]
) -> str:
    if name in refused:
        return f"{identifier}: its {name} may not be read: {refused[name]}"
    listed = ", ".join(sorted(assets)[:40]) or "none"
    return (
        f"{identifier}: no GeoTIFF asset holds {name} (assets: {listed}); name it under `assets`, "
        "or leave it out of `bands`"
    )
