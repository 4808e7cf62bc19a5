"""RunSummary: what a run looked at and how long it took; for reports, never part of its id."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunSummary:
    """Counts and times of one run."""

    pixels: int
    """Pixels of the working grid that were to be looked at."""
    valid_pixels: int
    """Of these, pixels seen on both dates."""
    candidates: int
    """Candidates above the minimum area."""
    leads: int
    """Leads presented."""
    seconds: float
    """Wall time in seconds."""
    megapixels_per_second: float
    """`pixels` in millions over `seconds`."""
    detector_cpu_seconds: float = 0.0
    """Processor time inside the detector, over all tiles."""
    notes: tuple[str, ...] = ()
    """What was repaired, assumed or not checked, one sentence each."""

    @property
    def observed_share(self) -> float:
        """Share of the grid seen on both dates, 0 to 1."""
        return self.valid_pixels / self.pixels if self.pixels else 0.0
