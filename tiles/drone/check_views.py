"""What is wrong with how frames were taken: height, direction, lens, blur and exposure."""

from collections.abc import Callable, Iterator, Mapping
from statistics import median

from tiles.drone.check_files import names
from tiles.drone.findings import Finding, Severity
from tiles.drone.footprint import gsd_m
from tiles.drone.look import Look
from tiles.drone.seen import LOWEST_M, Filed, Seen

GREEN_M = 120.0
"""True height up to which fit-to-fly airspace needs no application (rules of 2026-02-01)."""
VARIES, VARIES_M = 0.25, 10.0
"""Spread of heights, as a share of the middle one and in metres, from which it is told."""
BLURRED = 0.33
"""Sharpness below which a frame is blurred: real frames have 0.9 to 1.3; blurred by a Gaussian of
1 pixel they have 0.31 to 0.41, of 1.5 pixels and more 0.20 to 0.32 (docs/flights.md)."""
SMEARED, SMEAR = 0.5, 0.65
"""Sharpness, and that over the best direction's, below which it moved by some 5 pixels."""
MOST = 0.5
"""Share of frames with one fault from which the flight cannot be used."""


def check_views(seen: Seen, filed: Filed | None) -> Iterator[Finding]:
    """Height, resolution, direction, lens, blur and exposure."""
    yield from _heights(seen, filed)
    for code, missing in (
        ("pose_missing", [p for p in seen.frames if p.yaw_deg is None or p.pitch_deg is None]),
        ("focal_missing", [p for p in seen.frames if p.focal_px is None]),
    ):
        if missing:
            yield Finding(code, Severity.NOTE, names(missing))
    for code, is_so in _FAULTS.items():
        odd = [p for p in seen.frames if p.name in seen.looks and is_so(seen.looks[p.name])]
        if odd:
            stops = len(odd) > MOST * len(seen.frames)
            severity = Severity.STOP if stops else Severity.WARN
            yield Finding(code, severity, names(odd))


def is_blurred(look: Look) -> bool:
    """Whether a frame is out of focus, or shaken in all directions."""
    return look.sharpness is not None and look.sharpness < BLURRED


def is_smeared(look: Look) -> bool:
    """Whether a frame moved in one direction while it was taken."""
    if look.sharpness is None or look.smear is None or is_blurred(look):
        return False
    return look.sharpness < SMEARED and look.smear < SMEAR


def is_dark(look: Look) -> bool:
    """Whether too little light came in."""
    return look.is_whole and (look.middle < 0.12 or look.dark_share > 0.5)


def is_bright(look: Look) -> bool:
    """Whether too much light came in."""
    return look.is_whole and (look.middle > 0.88 or look.bright_share > 0.25)


_FAULTS: Mapping[str, Callable[[Look], bool]] = {
    "blurred": is_blurred,
    "smeared": is_smeared,
    "dark": is_dark,
    "bright": is_bright,
}


def _heights(seen: Seen, filed: Filed | None) -> Iterator[Finding]:
    missing = [photo for photo in seen.frames if photo.height_m is None]
    if missing:
        yield Finding("height_missing", Severity.NOTE, names(missing))
    high = [(p, p.height_m) for p in seen.frames if p.height_m is not None]
    limit = GREEN_M if filed is None else filed.most_height_m
    above = [(p, m) for p, m in high if m > limit + 1]
    if above:
        values = {"limit": round(limit), "m": round(max(m for _, m in above))}
        yield Finding("too_high", Severity.WARN, names([p for p, _ in above]), values)
    below = [p for p, m in high if m < LOWEST_M]
    if below:
        yield Finding("too_low", Severity.NOTE, names(below), {"limit": round(LOWEST_M)})
    used = sorted(p.height_m for p in seen.nadir if (p.height_m or 0) >= LOWEST_M and p.height_m)
    if len(used) >= 3:
        low, top = used[len(used) // 20], used[-1 - len(used) // 20]
        if top - low > max(VARIES_M, VARIES * median(used)):
            values = {"low": round(low), "high": round(top)}
            yield Finding("height_varies", Severity.NOTE, (), values)
    yield from _resolution(seen, filed)


def _resolution(seen: Seen, filed: Filed | None) -> Iterator[Finding]:
    lengths = [one for photo in seen.nadir if (one := gsd_m(photo)) is not None]
    if not lengths or filed is None or filed.gsd_m is None:
        return
    found = median(lengths)
    if found > 1.1 * filed.gsd_m:
        height = median(p.height_m for p in seen.nadir if p.height_m is not None)
        values = {
            "cm": round(100 * found, 1),
            "wanted": round(100 * filed.gsd_m, 1),
            "m": round(height * filed.gsd_m / found),
        }
        yield Finding("too_coarse", Severity.WARN, (), values)
