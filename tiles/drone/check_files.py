"""What is wrong with the files of a flight: damaged, doubled, mixed, of other light."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from tiles.drone.findings import Finding, Severity
from tiles.drone.footprint import is_nadir
from tiles.drone.photo import Photo, PhotoKind
from tiles.drone.seen import LOWEST_M, Seen

FEW = 3
"""Frames below which an image of the ground is hardly one."""
WANTED_FORWARD = 70
"""Percent of overlap along a line that programs for reconstruction ask for."""
SAME_FLIGHT = 0.9
"""Share of files known from other flights from which it is the same."""


def check_files(seen: Seen, known: Mapping[str, str]) -> Iterator[Finding]:
    """`known`: by SHA-256, the flight in which such a file was handed in before."""
    yield from _pixels(seen)
    yield from _copies(seen, known)
    yield from _kinds(seen)
    cameras = Counter(f"{photo.model or '?'} {photo.width}×{photo.height}" for photo in seen.frames)
    if len(cameras) > 1:
        told = ", ".join(f"{camera} ({number})" for camera, number in cameras.most_common(4))
        rare = {camera for camera, _ in cameras.most_common()[1:]}
        odd = [p for p in seen.frames if f"{p.model or '?'} {p.width}×{p.height}" in rare]
        yield Finding("mixed_sensors", Severity.WARN, names(odd), {"cameras": told})
    turned = [photo for photo in seen.frames if photo.orientation not in (0, 1)]
    if turned:
        values = {"orientation": turned[0].orientation}
        yield Finding("turned", Severity.NOTE, names(turned), values)


def known_findings(files: Mapping[str, str], known: Mapping[str, str]) -> Iterator[Finding]:
    """Files, name -> SHA-256, that other flights have, as `known` names these by SHA-256.

    Where nearly all are known, in one flight or in several, nothing new was handed in.
    """
    before = {name: known[sha256] for name, sha256 in files.items() if sha256 in known}
    is_same = len(before) >= SAME_FLIGHT * len(files)
    code, severity = ("same_flight", Severity.STOP) if is_same else ("known_photos", Severity.WARN)
    for flight, number in Counter(before.values()).most_common():
        told = tuple(sorted(name for name, other in before.items() if other == flight))
        values = {"flight": flight, "percent": round(100 * number / len(files))}
        yield Finding(code, severity, told, values)


def names(photos: Sequence[Photo]) -> tuple[str, ...]:
    """Names of photos."""
    return tuple(photo.name for photo in photos)


def _pixels(seen: Seen) -> Iterator[Finding]:
    cut = [p for p in seen.photos if p.name in seen.looks and not seen.looks[p.name].is_whole]
    if cut:
        severity = Severity.WARN if seen.frames else Severity.STOP
        yield Finding("truncated", severity, names(cut))


def _copies(seen: Seen, known: Mapping[str, str]) -> Iterator[Finding]:
    extra = tuple(sorted(name for group in seen.copies for name in group[1:]))
    if extra:
        yield Finding("same_photo", Severity.NOTE, extra)
    yield from known_findings({name: look.sha256 for name, look in seen.looks.items()}, known)


def _kinds(seen: Seen) -> Iterator[Finding]:
    for kind in (PhotoKind.THERMAL, PhotoKind.MULTISPECTRAL):
        found = [photo for photo in seen.photos if photo.kind is kind]
        if found:
            yield Finding(kind.value, Severity.NOTE, names(found))
    if seen.ground_photos:
        yield Finding("ground_photo", Severity.NOTE, names(seen.ground_photos))
    if seen.photos and not any(p.kind is PhotoKind.VISIBLE for p in seen.photos):
        yield Finding("no_visible", Severity.STOP)
    if not seen.frames:
        return
    oblique = [photo for photo in seen.frames if not is_nadir(photo)]
    if oblique:
        share = len(oblique) / len(seen.frames)
        code = "oblique" if share < 1 else "no_nadir"
        severity = Severity.STOP if share == 1 else Severity.WARN if share > 0.2 else Severity.NOTE
        yield Finding(code, severity, names(oblique), {"percent": round(100 * share)})
    useful = [photo for photo in seen.nadir if (photo.height_m or LOWEST_M) >= LOWEST_M]
    if seen.nadir and len(useful) < FEW:
        values = {"number": len(useful), "forward": WANTED_FORWARD}
        yield Finding("too_few", Severity.WARN, (), values)
