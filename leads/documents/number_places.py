"""Where the numbers of leads stand on a sketch, so that none covers another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import cos, pi, sin

_DIRECTIONS = 12
_RINGS = 9
_CLEAR = 0.7  # of a number's size, between its middle and any lead


@dataclass(frozen=True, slots=True)
class NumberPlace:
    """One number and what it belongs to, in picture units."""

    text: str
    """The number."""
    at: tuple[float, float]
    """Middle of the number, (x, y)."""
    of: tuple[float, float]
    """Middle of the lead, (x, y)."""


def number_places(
    middles: Sequence[tuple[float, float]], width: float, height: float, size: float
) -> tuple[NumberPlace, ...]:
    """Places for the numbers 1, 2, ... of leads with these middles, kept inside width x height.

    Each number takes the first place, going outwards in rings, at least `size` away from the
    numbers before it and clear of all middles; where all are taken it stands on the last ring.
    """
    taken: list[tuple[float, float]] = []
    for middle in middles:
        place = middle
        for place in _around(middle, size):
            inside = size / 2 <= place[0] <= width - size / 2
            inside = inside and size / 2 <= place[1] <= height - size / 2
            free = all(_apart(place, other, size) for other in taken)
            if inside and free and all(_apart(place, dot, _CLEAR * size) for dot in middles):
                break
        taken.append(place)
    return tuple(
        NumberPlace(str(n), at, of)
        for n, (at, of) in enumerate(zip(taken, middles, strict=True), start=1)
    )


def _around(middle: tuple[float, float], size: float) -> Iterator[tuple[float, float]]:
    for ring in range(1, _RINGS + 1):
        for turn in range(_DIRECTIONS):
            angle = 2 * pi * turn / _DIRECTIONS - pi / 4
            reach = size * (0.25 + 0.75 * ring)
            yield middle[0] + reach * cos(angle), middle[1] + reach * sin(angle)


def _apart(a: tuple[float, float], b: tuple[float, float], size: float) -> bool:
    return abs(a[0] - b[0]) >= size or abs(a[1] - b[1]) >= size
