"""What is asked of an evaluation."""

from dataclasses import dataclass, field

from geo.errors import InputError
from models.detector import Detector
from models.evaluation.conditions import ROBUSTNESS, Condition
from models.evaluation.tally import MIN_OBJECT_PX


@dataclass(frozen=True, slots=True)
class Asked:
    """What to evaluate, and how."""

    detector: Detector
    """The detector in question."""
    threshold: float = 0.5
    """A pixel is called change at this probability."""
    min_object_px: int = MIN_OBJECT_PX
    """Smaller predicted objects are dropped, as in the pipeline."""
    condition: Condition = field(default_factory=Condition)
    """What is done to every pair first."""
    against: Detector | None = None
    """Compared with on the same pairs."""
    robustness: bool = False
    """Whether to look at every pair under the conditions of `ROBUSTNESS` as well."""

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise InputError(f"threshold {self.threshold}: needs a probability above 0, at most 1")
        if self.min_object_px < 1:
            raise InputError(f"objects of {self.min_object_px} px: need at least 1")

    @property
    def worse(self) -> tuple[Condition, ...]:
        """The further conditions."""
        return ROBUSTNESS if self.robustness else ()
