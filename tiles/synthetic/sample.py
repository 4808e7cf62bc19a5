"""Sample: write a small ready set of images, layers and truth, the same bytes every time."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pyogrio
import rasterio
from numpy.typing import NDArray
from rasterio.enums import ColorInterp

from geo.geobox import GeoBox
from geo.zone import ZoneLayer
from tiles.synthetic.camera import MSI_10M, VHR_A, VHR_B
from tiles.synthetic.ground import Ground, make_ground
from tiles.synthetic.layers import layers
from tiles.synthetic.moment import moment_of
from tiles.synthetic.readme import readme
from tiles.synthetic.render import render
from tiles.synthetic.truth import truth

SEED = 31
"""Seed of the set in data_samples/."""

SIZE_M = 1920.0
"""Edge of its ground."""

VHR_SHIFT_M = (1.4, -0.9)
"""How far east and north the later 2 m image shows the ground from its true place."""

VHR_FIRST = replace(VHR_A, noise=0.8, step=2)
"""Sensor of the earlier 2 m image; even numbers only, the set must stay small."""

VHR_LATER = replace(VHR_B, noise=0.9, step=2, shift_m=VHR_SHIFT_M)
"""Sensor of the later one."""

VHR_BEFORE = moment_of(date(2023, 3, 18), tide_m=1.0, haze=0.04, seed=1)
VHR_AFTER = moment_of(date(2024, 4, 6), tide_m=1.6, haze=0.09, seed=2)
S2_MOMENTS = (
    moment_of(date(2023, 3, 23), tide_m=1.3, haze=0.02, seed=3),
    moment_of(date(2023, 8, 5), tide_m=0.8, haze=0.05, cloud=0.35, seed=4),
    moment_of(date(2024, 4, 11), tide_m=1.1, haze=0.03, seed=5),
)
S2_FILES = {"blue": "B02", "green": "B03", "red": "B04", "nir": "B08", "swir16": "B11"}
"""Band file stems of Sentinel-2."""

_VHR_INSET_M = 0.0
_S2_INSET_M = 60.0
_WRITTEN = "2024-05-01T00:00:00.000Z"  # GeoPackages carry the time of writing; a fixed one here


def write_sample(folder: Path, seed: int = SEED, size_m: float = SIZE_M) -> list[Path]:
    """Write the set into `folder`, which is made; return the files in the order written."""
    ground = make_ground(seed, size_m)
    vhr = ground.geobox(2.0, _VHR_INSET_M)
    written = [
        *_write_vhr(folder / "vhr", ground, vhr),
        *_write_s2(folder / "s2", ground),
        *_write_truth(folder, ground, vhr),
        write_layers(folder / "layers.gpkg", layers(ground)),
    ]
    text = folder / "README.md"
    text.write_text(
        readme(ground, vhr, (VHR_BEFORE.day, VHR_AFTER.day), VHR_SHIFT_M), encoding="utf-8"
    )
    return [*written, text]


def _write_vhr(folder: Path, ground: Ground, geobox: GeoBox) -> list[Path]:
    shots = (("before.tif", VHR_BEFORE, VHR_FIRST), ("after.tif", VHR_AFTER, VHR_LATER))
    paths = []
    for name, moment, camera in shots:
        raster = render(ground, moment, camera, geobox).raster
        path = folder / name
        write_tif(path, geobox, raster.pixels.astype(camera.dtype), camera.bands, moment.day)
        paths.append(path)
    return paths


def _write_s2(folder: Path, ground: Ground) -> list[Path]:
    geobox = ground.geobox(10.0, _S2_INSET_M)
    paths = []
    for moment in S2_MOMENTS:
        image = render(ground, moment, MSI_10M, geobox)
        target = folder / moment.day.isoformat()
        for band, plane in zip(image.raster.bands, image.raster.pixels, strict=True):
            path = target / f"{S2_FILES[band]}.tif"
            write_tif(path, geobox, plane[None].astype(np.uint16), (band,), moment.day)
            paths.append(path)
        if image.scl is not None:
            path = target / "SCL.tif"
            write_tif(path, geobox, image.scl[None], ("scl",), moment.day)
            paths.append(path)
    return paths


def _write_truth(folder: Path, ground: Ground, geobox: GeoBox) -> list[Path]:
    classes, lookalikes = truth(ground, geobox, VHR_BEFORE, VHR_AFTER)
    paths = []
    for name, codes in (("truth", classes), ("lookalikes", lookalikes)):
        path = folder / f"{name}.tif"
        write_tif(path, geobox, codes[None], (name,), VHR_AFTER.day)
        paths.append(path)
    return paths


def write_tif(
    path: Path,
    geobox: GeoBox,
    pixels: NDArray[np.uint8] | NDArray[np.uint16],
    bands: tuple[str, ...],
    day: date,
) -> None:
    """Write (band, y, x) as a tiled GeoTIFF with band names, colours and the date of the image."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=geobox.height,
        width=geobox.width,
        count=len(bands),
        dtype=pixels.dtype,
        crs=geobox.crs,
        transform=geobox.transform,
        tiled=True,
        blockxsize=256,
        blockysize=256,
        compress="zstd",
        zstd_level=19,
        predictor=2 if len(bands) > 1 or pixels.dtype == np.uint16 else 1,
        interleave="band",
        photometric="minisblack",
    ) as image:
        image.write(pixels)
        image.descriptions = bands
        colours = {"red": ColorInterp.red, "green": ColorInterp.green, "blue": ColorInterp.blue}
        image.colorinterp = [colours.get(band, ColorInterp.undefined) for band in bands]
        image.update_tags(TIFFTAG_DATETIME=f"{day:%Y:%m:%d} 10:30:00")


def write_layers(path: Path, zone_layers: tuple[ZoneLayer, ...]) -> Path:
    """One table per kind and edition, with the edition's dates in every row."""
    path.unlink(missing_ok=True)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _WRITTEN})
    try:
        for layer in zone_layers:
            edition = layer.edition
            frame = layer.zones.assign(
                kind=layer.kind.value,
                edition=edition.name,
                valid_from=edition.valid_from.isoformat() if edition.valid_from else "",
                valid_to=edition.valid_to.isoformat() if edition.valid_to else "",
            )
            table = f"{layer.kind.value}_{edition.name}"
            pyogrio.write_dataframe(frame, path, layer=table, driver="GPKG", append=path.exists())
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
    return path
