"""Shown: what of the ground may show inside a rectangle on a day."""

from itertools import chain

from tiles.synthetic.canvas import Patch
from tiles.synthetic.ground import Ground
from tiles.synthetic.layout import cell_shapes
from tiles.synthetic.moment import Moment
from tiles.synthetic.shape import Points, Shapes

Bounds = tuple[float, float, float, float]
"""(xmin, ymin, xmax, ymax) in local metres."""


def layers_over(ground: Ground, moment: Moment, bounds: Bounds) -> tuple[list[Shapes], list[Patch]]:
    """What may show inside `bounds` (local metres) on a day: layers in order, then events."""
    around = (cell_shapes(ground.lattice, *cell) for cell in ground.lattice.cells_over(bounds))
    cells = [cell for cell in around if meet(cell.bounds, bounds)]
    layers = chain.from_iterable(
        chain.from_iterable(getattr(cell, name) for cell in cells)
        for name in ("land", "water", "road", "above")
    )
    patches = [
        Patch(event.outline, shapes)
        for event in ground.events
        if (shapes := event.state(moment.day)) and meet(bounds_of(event.outline), bounds)
    ]
    return list(layers), patches


def bounds_of(ring: Points) -> Bounds:
    """Bounds of a ring (m, 2)."""
    (x0, y0), (x1, y1) = ring.min(axis=0), ring.max(axis=0)
    return float(x0), float(y0), float(x1), float(y1)


def meet(first: Bounds, second: Bounds) -> bool:
    """Whether two rectangles share ground."""
    return (
        first[0] < second[2]
        and first[2] > second[0]
        and first[1] < second[3]
        and first[3] > second[1]
    )
