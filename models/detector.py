"""The protocol every detector follows."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from geo.raster import ChangeMap, Pair


class TileDetector(Protocol):
    """A detector fitted to one scene pair: a pure, picklable function of a tile's pixels."""

    @property
    def coefficients(self) -> Mapping[str, object]:
        """What the fit found, as JSON values, for the run's record."""
        ...

    def __call__(self, pair: Pair) -> ChangeMap:
        """Look at one tile, halo included; the same pixels give the same answer."""
        ...


class Detector(Protocol):
    """A way to see change; `fit` makes it ready for one scene pair."""

    @property
    def name(self) -> str:
        """The name used on the command line."""
        ...

    @property
    def bands(self) -> tuple[str, ...]:
        """Bands it needs, by STAC common name; empty: whatever both dates have."""
        ...

    def looks_at(self, shared: tuple[str, ...]) -> tuple[str, ...]:
        """Of the bands both dates have, those to read, in the order that costs it the least."""
        ...

    @property
    def halo_px(self) -> int:
        """Margin it must see around a tile's core; at least its receptive field's radius."""
        ...

    @property
    def multiple_px(self) -> int:
        """Tile origins and sizes must be multiples of this."""
        ...

    @property
    def weights_sha256(self) -> str | None:
        """Checksum of its weights; None when it has none."""
        ...

    @property
    def device(self) -> str:
        """Where it runs, for the plan: `cpu` or `cuda`; `auto` until settled."""
        ...

    @property
    def dtype(self) -> str:
        """Its arithmetic, for the plan: `float32` or `bfloat16`; `auto` until settled."""
        ...

    def settled(self) -> "Detector":
        """The same with everything chosen that depends on this machine.

        Raises InputError when it wants what this machine has not.
        """
        ...

    def calibrated(self, mean_probability: float) -> float:
        """A candidate's score: how often one of this mean probability proves to be a change.

        Rises with `mean_probability`, and lies in [0, 1]; the same where nothing better is known.
        """
        ...

    def fit(self, sample: Sequence[Pair]) -> TileDetector:
        """Fit to a scene pair from the survey's sample of blocks, corrected for shift and gain."""
        ...
