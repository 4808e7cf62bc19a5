"""What is asked of an evaluation."""

from collections.abc import Callable
from dataclasses import dataclass, field

from geo.errors import InputError
from models.detector import Detector
from models.evaluation.conditions import ROBUSTNESS, Condition
from models.evaluation.folder import NOMINAL_GSD_M
from models.evaluation.tally import MIN_OBJECT_PX

DetectorAt = Callable[[float], Detector]
"""A detector for a grid of so many metres per pixel; picklable."""


@dataclass(frozen=True, slots=True)
class Always:
    """The same detector on every grid."""

    detector: Detector
    """It."""

    def __call__(self, gsd_m: float) -> Detector:
        """It, whatever the grid."""
        del gsd_m
        return self.detector


@dataclass(frozen=True, slots=True)
class Asked:
    """What to evaluate, and how."""

    detector: DetectorAt
    """The detector in question."""
    threshold: float = 0.5
    """A pixel is called change at this probability."""
    min_object_px: int = MIN_OBJECT_PX
    """Smaller predicted objects are dropped, as in the pipeline."""
    condition: Condition = field(default_factory=Condition)
    """What is done to every pair first."""
    against: DetectorAt | None = None
    """Compared with on the same pairs."""
    robustness: bool = False
    """Whether to look at every pair under the conditions of `ROBUSTNESS` as well."""

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise InputError(f"threshold {self.threshold}: needs a probability above 0, at most 1")
        if self.min_object_px < 1:
            raise InputError(f"objects of {self.min_object_px} px: need at least 1")

    @property
    def name(self) -> str:
        """The detector's."""
        return self.detector(NOMINAL_GSD_M).name

    @property
    def weights_sha256(self) -> str | None:
        """Checksum of its weights."""
        return self.detector(NOMINAL_GSD_M).weights_sha256

    @property
    def worse(self) -> tuple[Condition, ...]:
        """The further conditions."""
        return ROBUSTNESS if self.robustness else ()
