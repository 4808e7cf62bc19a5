"""Exact intervals of a count, of a count per area, and of a share."""

from dataclasses import dataclass

from scipy.special import betaincinv, gammaincinv

from geo.errors import InputError
from models.evaluation.scores import Interval


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something was met on a stretch of ground."""

    count: int
    """How many were met."""
    km2: float
    """Ground looked at, km2; above 0."""

    def __post_init__(self) -> None:
        if self.count < 0 or not self.km2 > 0:
            raise InputError(f"{self.count} events on {self.km2} km2: needs a count and an area")

    def per(self, km2: float = 1.0) -> float:
        """Events per `km2` km2."""
        return self.count * km2 / self.km2

    def interval(self, km2: float = 1.0) -> Interval:
        """95 % interval of `per(km2)`."""
        low, high = poisson_interval(self.count)
        return low * km2 / self.km2, high * km2 / self.km2


def poisson_interval(count: int, confidence: float = 0.95) -> Interval:
    """Exact interval of a Poisson mean of which `count` events were seen.

    F. Garwood, "Fiducial limits for the Poisson distribution", Biometrika 28 (1936). With no event
    the lower end is 0 and the upper end one-sided only by the half not used.
    """
    tail = (1 - confidence) / 2
    low = float(gammaincinv(count, tail)) if count else 0.0
    return low, float(gammaincinv(count + 1, 1 - tail))


def binomial_interval(hit: int, count: int, confidence: float = 0.95) -> Interval | None:
    """Exact interval of a probability of which `hit` of `count` trials came true; None of none.

    C. J. Clopper, E. S. Pearson, "The use of confidence or fiducial limits illustrated in the case
    of the binomial", Biometrika 26 (1934).
    """
    if not count:
        return None
    tail = (1 - confidence) / 2
    low = float(betaincinv(hit, count - hit + 1, tail)) if hit else 0.0
    high = float(betaincinv(hit + 1, count - hit, 1 - tail)) if hit < count else 1.0
    return low, high
