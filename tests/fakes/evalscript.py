"""Carries out the evaluation scripts that are sent to the fake Sentinel Hub.

One input, one output, arithmetic and `Math` on samples: enough that a script with a wrong band,
unit or number of channels fails as it would there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Planes = Mapping[str, NDArray[np.float64]]

_WORDS = {"Math.max": "fmax", "Math.min": "fmin", "Math.round": "rounded", "||": "|", "&&": "&"}
_TYPES = {"UINT8": "uint8", "UINT16": "uint16", "FLOAT32": "float32"}
_UNITS = {
    **{f"B{n:02}": {"DN", "REFLECTANCE"} for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12)},
    "B8A": {"DN", "REFLECTANCE"},
    **{name: {"DN"} for name in ("SCL", "CLP", "CLM", "dataMask")},
    **{name: {"PERCENT"} for name in ("CLD", "SNW")},
    **{name: {"LINEAR_POWER"} for name in ("VV", "VH")},
}


class ScriptError(Exception):
    """The script cannot be carried out: 400."""


@dataclass(frozen=True, slots=True)
class Script:
    """What a script says."""

    bands: tuple[str, ...]
    units: tuple[str, ...]
    channels: int
    dtype: str
    unseen: str
    missing: tuple[str, ...]
    values: tuple[str, ...]

    @property
    def charged(self) -> int:
        return len([band for band in self.bands if band != "dataMask"])


def parse(text: str) -> Script:
    """The script, or ScriptError."""
    if not text.startswith("//VERSION=3"):
        raise ScriptError("no version 3")
    bands, units = (_names(text, word) for word in ("bands", "units"))
    channels = re.search(r"bands: (\d+)", text)
    sample = re.search(r'sampleType: "(\w+)"', text)
    body = re.search(r"if \((.*)\) \{\s*return \[(.*)\];\s*\}\s*return \[(.*)\];", text)
    if not (channels and sample and body and len(bands) == len(units)):
        raise ScriptError("setup or evaluatePixel is not as it must be")
    for band, unit in zip(bands, units, strict=True):
        if unit not in _UNITS.get(band, set()):
            raise ScriptError(f"band {band} has no unit {unit}")
    missing, values = (_split(body[number]) for number in (2, 3))
    if not len(missing) == len(values) == int(channels[1]):
        raise ScriptError("evaluatePixel returns another number of channels than setup says")
    return Script(bands, units, len(values), _TYPES[sample[1]], body[1], missing, values)


def run(script: Script, planes: Planes) -> NDArray[np.generic]:
    """(channel, y, x) of the script's type."""
    samples = {
        band: planes[band] / 10_000 if unit == "REFLECTANCE" else planes[band]
        for band, unit in zip(script.bands, script.units, strict=True)
        if band in planes
    }
    unseen = _value(script.unseen, samples).astype(bool)
    out = [
        np.where(unseen, float(gone), _value(value, samples))
        for gone, value in zip(script.missing, script.values, strict=True)
    ]
    pixels = np.stack([np.broadcast_to(plane, unseen.shape) for plane in out])
    if script.dtype == "float32":
        return pixels.astype(np.float32)
    top = np.iinfo(script.dtype).max
    return np.clip(np.rint(pixels), 0, top).astype(script.dtype)


def _names(text: str, word: str) -> tuple[str, ...]:
    found = re.search(rf"{word}: \[([^\]]*)\]", text)
    return tuple(re.findall(r'"(\w+)"', found[1])) if found else ()


def _split(text: str) -> tuple[str, ...]:
    """At commas outside of parentheses."""
    return tuple(part.strip() for part in re.split(r",(?![^(]*\))", text))


def _value(text: str, samples: Planes) -> NDArray[np.float64]:
    for word, ours in _WORDS.items():
        text = text.replace(word, ours)
    text = re.sub(r"([\w.]+ == [\w.]+)", r"(\1)", text)
    text = re.sub(r"\bs\.(\w+)", r'sample("\1")', text)
    names = {
        "sample": lambda name: _sample(name, samples),
        "fmax": np.fmax,
        "fmin": np.fmin,
        "rounded": lambda value: np.floor(value + 0.5),
    }
    return np.asarray(eval(text, {"__builtins__": {}}, names), float)  # noqa: S307  (our own text)


def _sample(name: str, samples: Planes) -> NDArray[np.float64]:
    if name not in samples:
        raise ScriptError(f"sample {name} is not among the inputs")
    return samples[name]
