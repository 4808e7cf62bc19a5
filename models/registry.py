"""The detectors by name, or by the weights file of one that was trained here."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from geo.errors import InputError
from models.detector import Detector
from models.difference import Difference
from models.irmad import IrMad
from models.log_ratio import LogRatio
from models.siamese import SHIPPED, Siamese
from models.weights_file import open_weights

DETECTORS: Mapping[str, Callable[[float | None], Detector]] = MappingProxyType(
    {
        "siamese": lambda gsd_m: Siamese(
            open_weights(default_weights()), gsd_m, called=DEFAULT_DETECTOR
        ),
        "difference": lambda _gsd_m: Difference(),
        "irmad": lambda _gsd_m: IrMad(),
        "log-ratio": lambda _gsd_m: LogRatio(),
    }
)
"""Every detector that has a name, made for a grid of a given GSD in metres, or of none known."""
DEFAULT_DETECTOR = "siamese"
"""Used when none is named."""
WEIGHTS_SUFFIX = ".safetensors"
"""A name that ends so is the path of a weights file."""
WEIGHTS_VARIABLE = "HONGXIAN_WEIGHTS"
"""Names the folder of weights promoted here; without it the shipped ones count."""
PROMOTED = "siamese" + WEIGHTS_SUFFIX
"""In that folder: a link to the weights in use."""


def weights_folder() -> Path | None:
    """The folder of promoted weights, or None where the installation has none.

    Raises InputError when what is named is no folder.
    """
    named = os.environ.get(WEIGHTS_VARIABLE)
    if not named:
        return None
    folder = Path(named).expanduser().absolute()
    if not folder.is_dir():
        raise InputError(f"{WEIGHTS_VARIABLE}={named}: no such folder; make it, or unset it")
    return folder


def default_weights() -> Path:
    """The weights file of `siamese`: what was promoted here, else what was shipped.

    The link is followed once, so that a run keeps its weights when others are promoted meanwhile.
    """
    folder = weights_folder()
    if folder is None or not ((folder / PROMOTED).is_symlink() or (folder / PROMOTED).exists()):
        return SHIPPED
    promoted = (folder / PROMOTED).resolve()
    if not promoted.exists():
        raise InputError(
            f"{folder / PROMOTED}: points at {promoted.name}, which is not there; point it at "
            "weights that are, or remove it"
        )
    return promoted


def detector_named(name: str, gsd_m: float | None = None) -> Detector:
    """The detector of that name, or of that weights file, for a grid of `gsd_m` metres per pixel.

    Raises InputError when there is none.
    """
    if name.endswith(WEIGHTS_SUFFIX):
        weights = open_weights(Path(name))
        taken = weights.card.name in DETECTORS
        called = f"{weights.card.name}-{weights.sha256[:8]}" if taken else None
        return Siamese(weights, gsd_m, called=called)
    try:
        made = DETECTORS[name]
    except KeyError:
        known = ", ".join(sorted(DETECTORS))
        raise InputError(
            f"no detector is called {name!r}; there are {known}, and files *{WEIGHTS_SUFFIX}"
        ) from None
    return made(gsd_m)
