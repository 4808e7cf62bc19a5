"""What Sentinel Hub is asked for of each collection: bands, evaluation script, processing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from geo.errors import SceneError
from tiles.files.band_names import SENTINEL_2
from tiles.sources.acquisition import Kind

OPTICAL = "sentinel-2-l2a"
"""Sentinel-2 surface reflectance."""
RADAR = "sentinel-1-grd"
"""Sentinel-1 ground range detected."""
OPTICAL_BANDS = ("blue", "green", "red", "nir", "swir16", "swir22")
"""Bands of Sentinel-2 that are fetched where the settings name none."""
RADAR_BANDS = ("vv", "vh")
"""Polarisations of the interferometric wide swath over land."""
NO_CLOUD = 255
"""Of the probability of cloud: missing."""
CLOUD_TO_PERCENT: Mapping[str, str] = MappingProxyType(
    {"CLP": "Math.round(s.CLP * 100 / 255)", "CLD": "s.CLD"}
)
"""Bands that hold a probability of cloud, and it in percent: `CLP` is s2cloudless' in 255ths, which
the Copernicus Data Space has not, `CLD` that of Sen2Cor."""

_NUMBERS = {
    name: f"B{number[1:].upper():0>2}"
    for number, name in SENTINEL_2.items()
    if name != "cirrus"  # has no surface reflectance
}


@dataclass(frozen=True, slots=True)
class Product:
    """What one request brings."""

    kind: Kind
    """What it was seen with."""
    bands: tuple[str, ...]
    """STAC common names, in the order of the image's first channels."""
    cloud: bool
    """Whether a channel of the probability of cloud follows, after that of the classification."""
    dtype: str
    """Type of all channels: `uint16` or `float32`."""
    inputs: int
    """Input bands that are charged."""
    script: str
    """Evaluation script, version 3."""
    processing: Mapping[str, Any]
    """Options of the processing, beside the resampling."""
    steps: tuple[str, ...]
    """What the service does to the producer's pixels, for the record."""

    @property
    def scl(self) -> bool:
        """Whether a channel of the scene classification follows the bands."""
        return self.kind is Kind.OPTICAL

    @property
    def channels(self) -> int:
        """Channels of the image."""
        return len(self.bands) + self.scl + self.cloud

    @property
    def bits(self) -> int:
        """Bits of a channel."""
        return 32 if self.dtype == "float32" else 16


def product_of(collection: str, bands: Sequence[str], cloud_band: str) -> Product:
    """The product of a collection; raises SceneError for what it does not have."""
    if collection == OPTICAL:
        return _optical(tuple(bands) or OPTICAL_BANDS, cloud_band)
    if collection == RADAR:
        return _radar(tuple(bands) or RADAR_BANDS)
    raise SceneError(f"collection {collection!r}: {OPTICAL} and {RADAR} can be fetched")


def _optical(bands: tuple[str, ...], cloud: str) -> Product:
    numbers = [_known(band, _NUMBERS) for band in bands]
    if cloud and cloud not in CLOUD_TO_PERCENT:
        raise SceneError(f"cloud band {cloud!r}: {', '.join(CLOUD_TO_PERCENT)}, or none")
    names = [*numbers, "SCL", *([cloud] if cloud else [])]
    units = ["PERCENT" if name == "CLD" else "DN" for name in names]
    values = [f"Math.max(1, s.{number})" for number in numbers]  # 0 says missing
    values += ["s.SCL", *([CLOUD_TO_PERCENT[cloud]] if cloud else [])]
    missing = [*("0" for _ in numbers), "0", *([str(NO_CLOUD)] if cloud else [])]
    return Product(
        kind=Kind.OPTICAL,
        bands=bands,
        cloud=bool(cloud),
        dtype="uint16",
        inputs=len(names),
        # SCL 0 is what Sen2Cor calls no data, also at the ragged edge of the swath
        script=_script(names, units, "UINT16", values, missing, "s.dataMask == 0 || s.SCL == 0"),
        processing={"harmonizeValues": True},
        steps=(
            "surface reflectance by Sen2Cor",
            "values harmonised by the service: the offset since baseline 04.00 is taken off",
        ),
    )


def _radar(bands: tuple[str, ...]) -> Product:
    names = [_known(band, {"vv": "VV", "vh": "VH"}) for band in bands]
    values = [f"Math.max(1e-6, s.{name})" for name in names]
    return Product(
        kind=Kind.SAR,
        bands=bands,
        cloud=False,
        dtype="float32",
        inputs=len(names),
        script=_script(
            names,
            ["LINEAR_POWER"] * len(names),
            "FLOAT32",
            values,
            ["0"] * len(names),
            "s.dataMask == 0",
        ),
        processing={
            "backCoeff": "GAMMA0_TERRAIN",
            "orthorectify": True,
            "demInstance": "COPERNICUS_30",
        },
        steps=(
            "backscatter gamma nought, linear power",
            "terrain corrected and orthorectified with the Copernicus elevation model of 30 m",
        ),
    )


def _known(band: str, names: Mapping[str, str]) -> str:
    if band not in names:
        raise SceneError(f"band {band!r}: this collection has {', '.join(names)}")
    return names[band]


def _script(
    names: Sequence[str],
    units: Sequence[str],
    sample: str,
    values: Sequence[str],
    missing: Sequence[str],
    unseen: str,
) -> str:
    bands = ", ".join(f'"{name}"' for name in (*names, "dataMask"))
    unit = ", ".join(f'"{name}"' for name in (*units, "DN"))
    return f"""//VERSION=3
function setup() {{
  return {{
    input: [{{bands: [{bands}], units: [{unit}]}}],
    output: {{id: "default", bands: {len(values)}, sampleType: "{sample}"}},
    mosaicking: "SIMPLE"
  }};
}}
function evaluatePixel(s) {{
  if ({unseen}) {{
    return [{", ".join(missing)}];
  }}
  return [{", ".join(values)}];
}}
"""
