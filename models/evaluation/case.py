"""Case: a pair with the truth about it, whatever it was read from or made of."""

from collections.abc import Callable
from dataclasses import dataclass

from geo.errors import InputError
from geo.raster import Codes, Mask, Pair
from tiles.synthetic.event import Lookalike

DECOY = 200
"""Code among the look-alikes of a heap that lies there on both dates."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A pair and what changed in it."""

    name: str
    """Stem of its files, or what it was made from."""
    pair: Pair
    """Both dates on one grid."""
    changed: Mask
    """(y, x), true where something changed that a detector should see."""
    gsd_m: float
    """Edge of a pixel in m."""
    classes: Codes | None = None
    """(y, x) code of `ChangeClass` where it changed, or None where nobody says."""
    lookalikes: Codes | None = None
    """(y, x) code of `Lookalike`, or `DECOY`; 0 elsewhere. None where nobody says."""
    ignored: Mask | None = None
    """(y, x), true where nothing is counted, or None."""

    def __post_init__(self) -> None:
        for name in ("changed", "classes", "lookalikes", "ignored"):
            layer = getattr(self, name)
            if layer is not None and layer.shape != self.pair.geobox.shape:
                raise InputError(
                    f"{self.name}: {name} of shape {layer.shape}, "
                    f"images of {self.pair.geobox.shape}; make them equal"
                )
        if not self.gsd_m > 0:
            raise InputError(f"{self.name}: pixels of {self.gsd_m} m: need more than 0")

    @property
    def counted(self) -> Mask:
        """(y, x), true where both dates were seen and nothing is ignored."""
        seen = self.pair.observed
        return seen if self.ignored is None else seen & ~self.ignored


Source = Callable[[], Case]
"""Reads or makes one case; picklable."""


def lookalike_name(code: int) -> str:
    """What a code among the look-alikes is called in reports."""
    if code == DECOY:
        return "decoy"
    try:
        return Lookalike(code).label
    except ValueError:
        return f"code_{code}"
