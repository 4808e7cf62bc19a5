"""From what producers call their bands to STAC common names, in one place.

Names and wavelengths follow the STAC eo extension (v2.0, `eo:common_name`); the Sentinel-2 numbers
follow ESA's MSI band table. `scl` (scene classification) is a name here but never a spectral band.
"""

import re
from collections.abc import Sequence

SCL = "scl"
"""Sentinel-2 scene classification."""

RADAR = ("vv", "vh")
"""Bands of a radar image by polarisation: gamma nought or sigma nought as linear power."""

WAVELENGTH_NM = {
    "coastal": 443,
    "blue": 490,
    "green05": 531,
    "green": 560,
    "yellow": 605,
    "pan": 625,
    "red": 665,
    "rededge": 704,
    "rededge071": 705,
    "rededge075": 740,
    "rededge078": 783,
    "nir": 842,
    "nir08": 865,
    "nir09": 945,
    "cirrus": 1375,
    "swir16": 1610,
    "swir22": 2190,
    "lwir": 10800,
    "lwir11": 10895,
    "lwir12": 12005,
}
"""Typical centre wavelengths in nm: they only put bands in order."""

SENTINEL_2 = {
    "b1": "coastal",
    "b2": "blue",
    "b3": "green",
    "b4": "red",
    "b5": "rededge071",
    "b6": "rededge075",
    "b7": "rededge078",
    "b8": "nir",
    "b8a": "nir08",
    "b9": "nir09",
    "b10": "cirrus",
    "b11": "swir16",
    "b12": "swir22",
}
"""Sentinel-2 MSI band numbers, leading zeros dropped."""

LANDSAT_OLI = {
    "b1": "coastal",
    "b2": "blue",
    "b3": "green",
    "b4": "red",
    "b5": "nir08",
    "b6": "swir16",
    "b7": "swir22",
    "b9": "cirrus",
    "b10": "lwir11",
    "b11": "lwir12",
}
"""Landsat 8 and 9 band numbers: `LC08` and `LC09` in a name say so."""

_WORDS = {
    **{name: name for name in WAVELENGTH_NM},
    SCL: SCL,
    **{name: name for name in RADAR},
    "nir1": "nir",
    "rededge1": "rededge071",
    "rededge2": "rededge075",
    "rededge3": "rededge078",
    "蓝": "blue",
    "绿": "green",
    "红": "red",
    "近红外": "nir",
    "红边": "rededge",
    "全色": "pan",
}
_PHRASES = (
    (re.compile(r"near[\s_-]*infra[\s_-]*red"), "nir"),
    (re.compile(r"red[\s_-]*edge(?:[\s_-]*(?=[123]\b))?"), "rededge"),
    (re.compile(r"scene[\s_-]*classification"), SCL),
    (re.compile(r"(?<=[红蓝绿外边色])(波段|光|色)"), ""),
)
_NUMBERED = re.compile(r"b0*(\d+a?)$")
_NOT_GROUND = {"alpha", "mask", "fmask", "datamask", "qa60", "cldprb", "snwprb", "aot", "wvp"}

_OF_THREE = ("red", "green", "blue")
_OF_FOUR = ("blue", "green", "red", "nir")


def band_name(text: str) -> str | None:
    """STAC common name (or `scl`) that a description or file name states, or None.

    `B02`, `B2`, `Blue`, `蓝波段` and `T51RUQ_20230815T023529_B02_10m` all say `blue`. A text that
    says two different things says nothing.
    """
    low = text.lower()
    for pattern, word in _PHRASES:
        low = pattern.sub(word, low)
    tokens = [token for token in re.split(r"[\W_]+", low) if token]
    numbers = LANDSAT_OLI if {"lc08", "lc09"} & set(tokens) else SENTINEL_2
    found = {name for token in tokens if (name := _of_token(token, numbers)) is not None}
    if len(found) > 1:
        found.discard("rededge")  # `red edge (B5)`: the number says which
    return found.pop() if len(found) == 1 else None


def _of_token(token: str, numbers: dict[str, str]) -> str | None:
    numbered = _NUMBERED.match(token)
    if numbered:
        return numbers.get("b" + numbered[1])
    return _WORDS.get(token)


def names_in_file(
    descriptions: Sequence[str | None], colours: Sequence[str]
) -> tuple[str | None, ...]:
    """One name per band of a multi-band file, None where a band is not spectral.

    `colours` are GDAL colour interpretations in lower case. In this order: what the descriptions
    say (once one band has a name, bands without one are left out); the colours red, green, blue and
    nir (a fourth band of unknown colour beside red, green and blue is nir); else, by position:
    three bands are red, green, blue, and four are blue, green, red, nir, the order of Gaofen PMS
    and of Planet's four bands; any other number gets `band1`, `band2`...
    """
    spectral = [
        index
        for index, (text, colour) in enumerate(zip(descriptions, colours, strict=True))
        if colour != "alpha" and not _is_not_ground(text)
    ]
    texts = {index: descriptions[index] or "" for index in spectral}
    by_text = {} if _are_plain_numbers(list(texts.values())) else _named(texts)
    named = by_text or _by_colour({i: colours[i] for i in spectral}) or _by_position(spectral)
    return tuple(named.get(index) for index in range(len(descriptions)))


def _is_not_ground(text: str | None) -> bool:
    return bool(_NOT_GROUND & set(re.split(r"[\W_]+", (text or "").lower())))


def _are_plain_numbers(texts: list[str]) -> bool:
    """`B1` to `B4` in a stack of four number the bands; they are no Sentinel-2 names."""
    return len(texts) <= 4 and [t.strip().lower() for t in texts] == [
        f"b{number}" for number in range(1, len(texts) + 1)
    ]


def _named(texts: dict[int, str]) -> dict[int, str]:
    return {i: name for i, text in texts.items() if (name := band_name(text)) is not None}


def _by_colour(colours: dict[int, str]) -> dict[int, str]:
    kept = {i: c for i, c in colours.items() if c in {"red", "green", "blue", "nir", "coastal"}}
    if set(kept.values()) < {"red", "green", "blue"}:
        return {}
    rest = [index for index in colours if index not in kept]
    if len(colours) == 4 and len(kept) == 3 and len(rest) == 1:
        kept[rest[0]] = "nir"
    return kept


def _by_position(spectral: list[int]) -> dict[int, str]:
    fixed = {3: _OF_THREE, 4: _OF_FOUR}.get(len(spectral))
    names = fixed or tuple(f"band{number}" for number in range(1, len(spectral) + 1))
    return dict(zip(spectral, names, strict=True))


def is_radar(names: Sequence[str]) -> bool:
    """Whether bands are those of a radar image, and of nothing else."""
    return bool(names) and set(names) <= set(RADAR)


def by_wavelength(names: Sequence[str]) -> tuple[str, ...]:
    """The names in ascending wavelength when all are known, else as they came."""
    if not all(name in WAVELENGTH_NM for name in names):
        return tuple(names)
    return tuple(sorted(names, key=lambda name: WAVELENGTH_NM[name]))
