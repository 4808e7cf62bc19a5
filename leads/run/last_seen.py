"""Last seen: since when each candidate may have come to be."""

from collections.abc import Sequence
from datetime import date

from geo.candidate import Candidate
from leads.run.crossing import position_error_m
from leads.run.prepared import Prepared
from leads.run.runner import Runner, run_surely
from tiles.clear.days import earliest_days
from tiles.common_grid import gsd_m
from tiles.limited import blaming


def last_seen(
    candidates: Sequence[Candidate], prepared: Prepared, runner: Runner
) -> tuple[date, ...]:
    """Per candidate the day after which it came to be, as far as the earlier image says.

    That image's day; of a composite the earliest day under the candidate, or as near as the error
    of position may have moved it. Raises SceneError: the composite's days cannot be read.
    """
    planned, fit = prepared.planned, prepared.fit
    before = planned.reader.before
    if before.dates is None or not candidates:
        return tuple(before.first_day for _ in candidates)
    moved_px = max(abs(fit.shift_x_px), abs(fit.shift_y_px)) + 1  # and what interpolation mixes
    margin_m = position_error_m(fit, planned.plan) + moved_px * gsd_m(planned.plan.grid)
    outlines = [candidate.geometry for candidate in candidates]
    with blaming(planned.request.before):
        return run_surely(runner, earliest_days, before, outlines, planned.plan.grid.crs, margin_m)
