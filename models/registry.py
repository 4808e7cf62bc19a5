"""The detectors by name."""

from collections.abc import Mapping
from types import MappingProxyType

from geo.errors import InputError
from models.detector import Detector
from models.difference import Difference
from models.irmad import IrMad

DETECTORS: Mapping[str, Detector] = MappingProxyType(
    {detector.name: detector for detector in (Difference(), IrMad())}
)
"""Every detector that can be named on the command line, with its shipped settings."""
DEFAULT_DETECTOR = "difference"
"""Used when none is named."""


def detector_named(name: str) -> Detector:
    """The detector of that name. Raises InputError when there is none."""
    try:
        return DETECTORS[name]
    except KeyError:
        known = ", ".join(sorted(DETECTORS))
        raise InputError(f"no detector is called {name!r}; there are {known}") from None
