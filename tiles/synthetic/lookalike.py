"""Look-alikes: farming and licensed work that change the picture and are of no interest.

Makers work as those of `change`; tide has none, it follows from the water level of each date.
"""

import numpy as np

from tiles.synthetic.change import Made, Maker
from tiles.synthetic.cover import Cover
from tiles.synthetic.event import Lookalike
from tiles.synthetic.farm import Rect, cuts, ragged
from tiles.synthetic.layout import LotKind
from tiles.synthetic.shape import Points, Shapes, batch, boxes
from tiles.synthetic.waste import mounds, tracks
from tiles.synthetic.works import stacks, vehicles


def _field(
    rng: np.random.Generator, rect: Rect, cover: Cover, mean: float, gap: float
) -> tuple[Points, Shapes]:
    """Strips of one cover that fill a rectangle, and its outline."""
    s0, t0, s1, t1 = rect
    edges = cuts(rng, s0, s1, mean)
    ring = boxes(edges[:-1] + gap / 2, t0, edges[1:] - gap / 2, t1)
    count = len(ring)
    strips = batch(
        ring,
        cover,
        tint=np.exp(rng.normal(0, 0.06, count)),
        variety=rng.uniform(-1, 1) + rng.normal(0, 0.1, count),
        angle=np.pi / 2,
    )
    return boxes(*rect)[0], strips


def ploughing(rng: np.random.Generator, rect: Rect) -> Made:
    """A crop that is turned under."""
    outline, crop = _field(rng, rect, Cover.WHEAT, 16.0, 0.5)
    _, furrows = _field(rng, rect, Cover.PLOUGHED, 22.0, 0.3)
    ground = batch(outline[None], Cover.FALLOW)
    return outline, [ground, crop], [ground, furrows]


def nursery_film(rng: np.random.Generator, rect: Rect) -> Made:
    """Beds covered with plastic film."""
    outline, crop = _field(rng, rect, Cover.VEGETABLE, 12.0, 0.6)
    _, film = _field(rng, rect, Cover.FILM, 7.0, 1.2)
    ground = batch(outline[None], Cover.PLOUGHED)
    return outline, [ground, crop], [ground, film]


def drained_pond(rng: np.random.Generator, rect: Rect) -> Made:
    """A fish pond let dry for the harvest."""
    outline = ragged(rng, rect, 1.0)
    bank = batch(outline[None], Cover.DITCH)
    bed = ragged(rng, (rect[0] + 2, rect[1] + 2, rect[2] - 2, rect[3] - 2), 0.8)[None]
    variety = rng.uniform(-1, 1)
    before = [bank, batch(bed, Cover.POND, variety=variety)]
    return outline, before, [bank, batch(bed, Cover.DRAINED, variety=variety)]


def dust_net(rng: np.random.Generator, rect: Rect) -> Made:
    """A soil heap on a site that is covered with green net."""
    outline = ragged(rng, rect, 3.0)
    heaps = mounds(rng, rect, 12, Cover.SOIL)
    covered = batch(
        heaps.rings, Cover.DUST_NET, tint=heaps.tint, height=heaps.height, angle=heaps.angle
    )
    before = [batch(outline[None], Cover.SOIL), *tracks(rng, rect, 2), heaps]
    return outline, before, [batch(outline[None], Cover.DUST_NET), covered]


def licensed_yard(rng: np.random.Generator, rect: Rect) -> Made:
    """Stacks that come and go in a yard with a licence."""
    outline = boxes(*rect)[0]
    ground = batch(outline[None], Cover.CONCRETE, tint=0.85)
    inner = (rect[0] + 3, rect[1] + 3, rect[2] - 3, rect[3] - 3)

    def state() -> list[Shapes]:
        return [ground, stacks(rng, inner, 34), vehicles(rng, inner, 6)]

    return outline, state(), state()


MAKERS: dict[Lookalike, tuple[Maker, tuple[LotKind, ...], tuple[float, float]]] = {
    Lookalike.PLOUGHING: (ploughing, (LotKind.FIELD,), (60, 110)),
    Lookalike.NURSERY_FILM: (nursery_film, (LotKind.FIELD,), (45, 90)),
    Lookalike.DRAINED_POND: (drained_pond, (LotKind.POND,), (34, 90)),
    Lookalike.DUST_NET: (dust_net, (LotKind.DISTURBED, LotKind.FIELD), (45, 85)),
    Lookalike.LICENSED_YARD: (licensed_yard, (LotKind.YARD,), (70, 150)),
}
"""Look-alike -> (maker, lots it may happen on, range of edge lengths in metres)."""
