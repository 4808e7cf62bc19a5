"""The STAC item of a fetched scene: what it shows, where its pixels came from, and their checksums.

An item is written last: a folder with one is whole. `verify_item` tells whether it still is.
"""

import hashlib
import json
import math
import os
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import rasterio
import shapely
from rasterio.io import DatasetReader
from rasterio.warp import transform_bounds
from shapely.geometry import box, mapping
from shapely.geometry.base import BaseGeometry

from geo.errors import SceneError
from tiles.files.band_names import WAVELENGTH_NM
from tiles.files.gdal_env import gdal_env
from tiles.files.raster_file import DECODING_ERRORS, one_line
from tiles.files.stac import MAX_ITEM_BYTES
from tiles.sources.acquisition import Acquisition
from tiles.sources.source import BANDS_FILE, CLOUD_FILE, REFLECTANCE, SCL_FILE, Fetched

ITEM_FILE = "item.json"
"""Of a fetched scene: its STAC item."""
DATES_FILE = "dates.tif"
"""Of a composite: the day each pixel was seen, days since 1970-01-01 as a COG; 0 is missing."""
COG_TYPE = "image/tiff; application=geotiff; profile=cloud-optimized"
"""Media type of the images."""

STAC_VERSION = "1.1.0"
"""Version of the STAC specification the items keep to."""
_EXTENSIONS = {
    "eo": "v1.1.0",
    "file": "v2.1.0",
    "processing": "v1.2.0",
    "projection": "v2.0.0",
    "raster": "v1.1.0",
    "sat": "v1.0.0",
    "view": "v1.0.0",
}
_PREFIX = {"projection": "proj"}
_LATER = {"green05"}  # common names of `eo` v2.0 that the schema of v1.1.0 refuses
_OURS = "hongxian:"
_SHA2_256 = "1220"  # multihash: the function's number and the length of its digest
_CHUNK = 1 << 20
_FILES = {
    "bands": (BANDS_FILE, ["data", "reflectance"]),
    "scl": (SCL_FILE, ["data", "cloud", "snow-ice"]),
    "cloud": (CLOUD_FILE, ["cloud"]),
    "dates": (DATES_FILE, ["date"]),
}


def write_item(
    folder: Path,
    acquisition: Acquisition | None,
    fetched: Fetched,
    properties: Mapping[str, Any],
) -> Path:
    """Write ITEM_FILE of a folder that holds a fetched scene, whole or not at all; its path.

    Of a composite, `acquisition` is None, and `properties` hold `start_datetime` and
    `end_datetime`. `properties` (STAC's, and our own `hongxian:...`) go before those of `fetched`;
    None leaves one out. The same folder and arguments give the same bytes. Raises SceneError: a
    file that must be there is missing or no image, the bands are others than `fetched` says, no
    time is known, or a property would take the place of one that is written here.
    """
    bands = folder / BANDS_FILE
    with gdal_env(), _opened(bands) as dataset:
        if dataset.count != len(fetched.bands):
            raise SceneError(
                f"{bands}: {dataset.count} bands, where {', '.join(fetched.bands)} were fetched"
            )
        place, ground = _place(dataset), _ground(dataset)
        pixels = {"nodata": _plain(dataset.nodata), "data_type": dataset.dtypes[0]}
    footprint = _footprint(acquisition, ground)
    assets = _assets(folder, fetched, pixels, place)
    stated = _properties(acquisition, fetched, {**place, **properties})
    item = {
        "type": "Feature",
        "stac_version": STAC_VERSION,
        "stac_extensions": _extensions(stated, assets),
        "id": folder.name if acquisition is None else acquisition.identifier,
        "geometry": mapping(footprint),
        "bbox": [round(edge, 7) for edge in footprint.bounds],
        "properties": stated,
        "links": [],
        "assets": assets,
    }
    return _written(folder / ITEM_FILE, _text(item))


def rewrite_item(folder: Path, item: Mapping[str, Any]) -> bool:
    """Put an item of before in place of that of a folder, if its files are the same; whether so.

    Raises SceneError: the folder's own item is missing or damaged.
    """
    path = folder / ITEM_FILE
    try:
        own = _checksums(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SceneError(f"{path}: missing or damaged ({one_line(error)}): fetch it anew") from None
    if own != _checksums(item):
        return False
    _written(path, _text(item))
    return True


def _checksums(item: Mapping[str, Any]) -> dict[str, str]:
    return {asset["href"]: asset["file:checksum"] for asset in item["assets"].values()}


def _text(item: Mapping[str, Any]) -> str:
    return json.dumps(item, ensure_ascii=False, indent=1)


def verify_item(folder: Path) -> None:
    """Hold the files of a fetched scene against its item.

    Raises SceneError: the item is missing or damaged, names files outside the folder or without a
    checksum, or a file is gone or holds other bytes.
    """
    path = folder / ITEM_FILE
    try:
        if path.stat().st_size > MAX_ITEM_BYTES:
            raise SceneError(f"{path}: a STAC item of over {MAX_ITEM_BYTES >> 20} MB")
        assets = dict(json.loads(path.read_text("utf-8"))["assets"])
        if "bands" not in assets:
            raise SceneError(f"{path}: names no bands; fetch the scene anew")
        for key, asset in assets.items():
            _check_asset(folder, key, asset["href"], asset["file:checksum"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SceneError(f"{path}: missing or damaged ({one_line(error)}): fetch it anew") from None


def _check_asset(folder: Path, key: str, href: str, checksum: str) -> None:
    name = PurePosixPath(href)
    if name.is_absolute() or len(name.parts) != 1 or name.name in {"", ".."} or "\\" in href:
        raise SceneError(f"{folder}: asset {key} lies elsewhere ({href!r}); fetch the scene anew")
    found, _ = _checksum(folder / name)
    if found != checksum:
        raise SceneError(
            f"{folder / name}: other bytes than its item says (checksum {found[4:16]}..., "
            f"{str(checksum)[4:16]}... expected); fetch the scene anew"
        )


def _opened(path: Path) -> DatasetReader:
    try:
        return rasterio.open(path, driver="GTiff", sharing=False)
    except DECODING_ERRORS as error:
        raise SceneError(f"{path}: not a readable image ({one_line(error)})") from None


def _place(dataset: DatasetReader) -> dict[str, Any]:
    """Where the pixels lie, as the projection extension says it."""
    code = dataset.crs.to_epsg() if dataset.crs else None
    if code is None:
        raise SceneError(f"{dataset.name}: its CRS has no EPSG code; fetch the scene anew")
    return {
        "proj:code": f"EPSG:{code}",
        "proj:shape": [dataset.height, dataset.width],
        "proj:transform": [*dataset.transform[:6]],
        "proj:bbox": list(dataset.bounds),
    }


def _ground(dataset: DatasetReader) -> BaseGeometry:
    """Rectangle in longitude and latitude that holds all of the image."""
    return box(*transform_bounds(dataset.crs, "EPSG:4326", *dataset.bounds, densify_pts=21))


def _footprint(acquisition: Acquisition | None, ground: BaseGeometry) -> BaseGeometry:
    """What the sensing shows within the image; the image's rectangle where that is nothing."""
    shown = ground if acquisition is None else shapely.intersection(acquisition.footprint, ground)
    whole = shapely.make_valid(shapely.set_precision(shown, 1e-7))
    areas = [part for part in getattr(whole, "geoms", [whole]) if part.area > 0]
    return shapely.union_all(areas) if areas else ground


def _assets(
    folder: Path, fetched: Fetched, pixels: Mapping[str, Any], place: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Every file of the scene with its checksum. Raises SceneError: one is missing."""
    there = {
        "bands": True,
        "scl": fetched.has_scl or (folder / SCL_FILE).exists(),
        "cloud": fetched.has_cloud_probability,
        "dates": (folder / DATES_FILE).exists(),
    }
    assets = {}
    for key in (key for key, needed in there.items() if needed):
        name, roles = _FILES[key]
        checksum, size = _checksum(folder / name)
        about = {"href": f"./{name}", "type": COG_TYPE, "roles": roles}
        assets[key] = {**about, "file:checksum": checksum, "file:size": size}
    if not fetched.reflectance:
        assets["bands"]["roles"] = ["data"]
    assets["bands"] |= _bands(fetched, pixels)
    for key in set(assets) - {"bands"}:
        with gdal_env(), _opened(folder / _FILES[key][0]) as dataset:
            own = _place(dataset)
        assets[key] |= {name: value for name, value in own.items() if value != place[name]}
    return assets


def _bands(fetched: Fetched, pixels: Mapping[str, Any]) -> dict[str, Any]:
    """The bands of BANDS_FILE as the extensions `eo` and `raster` say them."""
    about = {name: value for name, value in pixels.items() if value is not None}
    if fetched.reflectance and np.dtype(pixels["data_type"]).kind in "iu":
        about |= {"scale": 1 / REFLECTANCE, "offset": 0.0}
    return {
        "gsd": fetched.gsd_m,
        "eo:bands": [
            {"name": name, **({"common_name": _common(name)} if _common(name) else {})}
            for name in fetched.bands
        ],
        "raster:bands": [about for _ in fetched.bands],
    }


def _plain(nodata: float | None) -> float | str | None:
    """Value of missing pixels, as the extension writes one that is no number."""
    return "nan" if nodata is not None and math.isnan(nodata) else nodata


def _common(name: str) -> str | None:
    """The common name the extension `eo` v1.1 has for a band; it knows one red edge only.

    Names that came later (`green05`) stand as the band's own name alone, which is read, too.
    """
    if name.startswith("rededge"):
        return "rededge"
    return name if name in WAVELENGTH_NM and name not in _LATER else None


def _properties(
    acquisition: Acquisition | None, fetched: Fetched, more: Mapping[str, Any]
) -> dict[str, Any]:
    own = {
        "gsd": fetched.gsd_m,
        "hongxian:reflectance": fetched.reflectance,
        "hongxian:units": fetched.units,
        "hongxian:steps": list(fetched.steps),
        "hongxian:position_error_m": fetched.position_error_m,
    }
    given = {**fetched.properties, **more}
    offered = _of_acquisition(acquisition)
    taken = sorted(given.keys() & {*own, *(name for name in offered if name.startswith(_OURS))})
    if taken:
        raise SceneError(f"properties {', '.join(taken)} are not a source's to give: rename them")
    stated = {**offered, **own, **given}
    if acquisition is not None:
        stated["datetime"] = _instant(acquisition)
    elif not (stated.get("start_datetime") and stated.get("end_datetime")):
        raise SceneError("a composite needs start_datetime and end_datetime")
    kept = {name: value for name, value in sorted(stated.items()) if value not in (None, "")}
    return {"datetime": None, **kept}


def _of_acquisition(acquisition: Acquisition | None) -> dict[str, Any]:
    if acquisition is None:
        return {}
    cloud = acquisition.cloud_share
    return {
        "platform": acquisition.platform,
        "eo:cloud_cover": None if cloud is None else round(100 * cloud, 4),
        "hongxian:source": acquisition.source,
        "hongxian:collection": acquisition.collection,
        "hongxian:kind": acquisition.kind.value,
        "hongxian:same_as": acquisition.same_as,
        "hongxian:version": acquisition.version,
        "hongxian:orbit": acquisition.orbit,
    }


def _instant(acquisition: Acquisition) -> str:
    return acquisition.acquired.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _extensions(properties: Mapping[str, Any], assets: Mapping[str, Any]) -> list[str]:
    """Schemas of the extensions whose fields the item has."""
    fields = {*properties, *(field for asset in assets.values() for field in asset)}
    used = {field.partition(":")[0] for field in fields}
    return [
        f"https://stac-extensions.github.io/{name}/{version}/schema.json"
        for name, version in _EXTENSIONS.items()
        if _PREFIX.get(name, name) in used
    ]


def _checksum(path: Path) -> tuple[str, int]:
    """Multihash (SHA-256) and size of a file. Raises SceneError: it cannot be read."""
    digest, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise SceneError(f"{path}: {one_line(error)}; fetch the scene anew") from None
    return _SHA2_256 + digest.hexdigest(), size


def _written(path: Path, text: str) -> Path:
    """The file with this text, whole or as it was before."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path
