"""SceneFit: what the survey learnt of a pair, written into the run's record."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BandGain:
    """Linear relation of one band between the dates on unchanged ground."""

    band: str
    """Band name."""
    gain: float
    """after = gain * before + offset."""
    offset: float
    """In the after image's pixel values."""


@dataclass(frozen=True, slots=True)
class SceneFit:
    """How the before image lies on the after image, in place and in colour."""

    shift_x_px: float
    """Columns to add to the before image's position so that it lies on the after image."""
    shift_y_px: float
    """Rows to add, positive down."""
    coregistration_px: float | None
    """RMS of what is left after the correction, in pixels of the grid; None: not measurable."""
    blocks_used: int
    """Blocks that agreed on the shift."""
    blocks_tried: int
    """Blocks with enough observed, textured ground to try."""
    gains: tuple[BandGain, ...]
    """One per band of the plan, in its order; applied to the before image."""
