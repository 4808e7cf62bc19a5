"""Crops: what the net is shown, each a pure function of the training's seed and its number."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geo.change_class import ChangeClass
from geo.raster import Codes, Float
from models.network import BANDS
from models.siamese import enlargement
from models.training.augment import common_scale, dihedral, moved, resized, seen_anew
from models.training.bank import ALIKE, UNKNOWN, Tile
from models.training.config import Source
from tiles.composite import TRAINING, Composite, RealHeap, composite, land_change

ZOOM = (0.5, 2.0)
"""Window edge over crop edge, at most: the GSD varies by this much around the source's own."""
TO_CHANGE, TO_LOOKALIKE = 0.45, 0.4
"""Shares of crops laid over something that changed, or only looks so, where there is any."""
HOLED = 0.1
"""Share of crops with a hole where nothing was seen: the mean of each band, on both dates."""
HIDDEN_BANDS = 0.4
"""Share of crops with infrared bands that are shown without them."""
SWAPPED = {int(ChangeClass.BUILDING_NEW): int(ChangeClass.BUILDING_REMOVED)}
"""What a change is when the dates are swapped; others become unknown."""


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """One training example."""

    before: Float
    """(`BANDS`, y, x) in standard deviations; 0 for a band that is not there."""
    after: Float
    """Likewise."""
    changed: Codes
    """(y, x): 1, 0, `ALIKE` or `UNKNOWN`."""
    classes: Codes
    """(y, x): class codes where changed, `UNKNOWN`, or 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Crops:
    """All crops of a training by number."""

    sources: tuple[Source, ...]
    """Where they come from."""
    banks: tuple[tuple[Tile, ...], ...]
    """Tiles of each source."""
    heaps: tuple[RealHeap, ...]
    """Real heaps to paste."""
    seed: int
    """Of the training."""
    edge: int
    """Pixels along a crop."""

    def __getitem__(self, number: int) -> Crop:
        """Crop of that number: the same every time."""
        rng = np.random.default_rng([self.seed, number])
        shares = np.array([source.share for source in self.sources])
        chosen = int(rng.choice(len(shares), p=shares / shares.sum()))
        return self._crop(rng, self.sources[chosen], self.banks[chosen])

    def _crop(self, rng: np.random.Generator, source: Source, bank: Sequence[Tile]) -> Crop:
        tile = bank[int(rng.integers(len(bank)))]
        rows, cols = _window(rng, tile, self.edge)
        before, after = (x[:, rows, cols].astype(np.float32) for x in (tile.before, tile.after))
        changed, classes = (x[rows, cols].copy() for x in (tile.changed, tile.classes))
        if not source.labels:
            changed[changed == 1] = UNKNOWN
        if rng.random() < 0.5:
            before, after, classes = after, before, _swapped(classes)
            scales = _swapped_scales(tile.scales)
        else:
            scales = tile.scales
        before = before * scales[0] + scales[1]
        before, after, changed, classes = self._altered(
            rng, source, bank, tile, (before, after, changed, classes)
        )
        return self._shown(rng, tile, scales, (before, after, changed, classes))

    def _altered(
        self,
        rng: np.random.Generator,
        source: Source,
        bank: Sequence[Tile],
        tile: Tile,
        layers: tuple[Float, Float, Codes, Codes],
    ) -> tuple[Float, Float, Codes, Codes]:
        """With dumps pasted or land cover changed, as often as the source says."""
        before, after, changed, classes = layers
        draw, gsd = rng.random(), tile.gsd_m
        if draw < source.dumps:
            made = composite(rng, before, after, gsd, TRAINING, self.heaps)
        elif draw < source.dumps + source.land:
            other = bank[int(rng.integers(len(bank)))]
            made = land_change(rng, before, after, gsd, _elsewhere(rng, other, before))
        else:
            return layers
        return made.before, made.after, *_merged(changed, classes, made)

    def _shown(
        self,
        rng: np.random.Generator,
        tile: Tile,
        scales: tuple[Float, ...],
        layers: tuple[Float, Float, Codes, Codes],
    ) -> Crop:
        """Turned, scaled, in standard deviations, each date in a light of its own."""
        before, after, changed, classes = dihedral(rng, *layers)
        gain, offset = common_scale(rng, len(tile.bands))
        dates = []
        for n, date in enumerate((before, after)):
            values = (resized(date.astype(np.float32), self.edge) - scales[2]) / scales[3]
            values = seen_anew(rng, values * gain + offset)
            dates.append(moved(rng, values) if n == 0 and rng.random() < 0.6 else values)
        changed, classes = (_nearest(x.astype(np.uint8), self.edge) for x in (changed, classes))
        hidden = len(tile.bands) > 3 and rng.random() < HIDDEN_BANDS
        shown = tile.bands[: 3 + int(rng.integers(len(tile.bands) - 3))] if hidden else tile.bands
        full = [_placed(date, tile.bands, shown) for date in dates]
        if rng.random() < HOLED:
            hole = _hole(rng, self.edge)
            changed[hole] = UNKNOWN
            for date in full:
                date[:, hole[0], hole[1]] = 0
        return Crop(full[0], full[1], _unsure_at_edges(changed), classes)


def _window(rng: np.random.Generator, tile: Tile, edge: int) -> tuple[slice, slice]:
    """Rows and columns of a square window, often over something that changed."""
    rows, cols = tile.shape
    whole = edge // enlargement(tile.gsd_m)
    low, high = np.log(ZOOM)
    size = int(min(whole * float(np.exp(rng.uniform(low, high))), rows, cols))
    row, col = int(rng.integers(rows - size + 1)), int(rng.integers(cols - size + 1))
    draw = rng.random()
    places = tile.changes if draw < TO_CHANGE else tile.lookalikes
    if draw < TO_CHANGE + TO_LOOKALIKE and len(places):
        at = places[int(rng.integers(len(places)))] - rng.integers(0, size, 2)
        row, col = np.clip(at, 0, (rows - size, cols - size)).tolist()
    return slice(row, row + size), slice(col, col + size)


def _swapped(classes: Codes) -> Codes:
    """What the changes are when seen backwards."""
    out = np.where(classes > 0, UNKNOWN, 0).astype(np.uint8)
    for one, other in SWAPPED.items():
        out[classes == one], out[classes == other] = other, one
    return out


def _swapped_scales(scales: tuple[Float, ...]) -> tuple[Float, ...]:
    """Gain, offset, centre and spread when the before image comes last: in its numbers."""
    gain, offset, centre, spread = scales
    one = np.float32(1)
    return one / gain, -offset / gain, (centre - offset) / gain, spread / gain


def _elsewhere(rng: np.random.Generator, tile: Tile, like: Float) -> Float:
    """A window of another tile, of either date, in the shape of `like`."""
    _, rows, cols = like.shape
    image = tile.after if rng.random() < 0.5 else tile.before
    if min(image.shape[1] - rows, image.shape[2] - cols) < 0 or len(image) != len(like):
        return like[:, ::-1, ::-1].copy()
    row = int(rng.integers(image.shape[1] - rows + 1))
    col = int(rng.integers(image.shape[2] - cols + 1))
    return image[:, row : row + rows, col : col + cols].astype(np.float32)


def _merged(changed: Codes, classes: Codes, made: Composite) -> tuple[Codes, Codes]:
    """The labels with what was pasted on top; what was pasted on both dates is no change."""
    changed = np.where(made.decoys, ALIKE, changed)
    changed = np.where(made.changed, 1, changed).astype(np.uint8)
    pasted = np.where(made.classes > 0, made.classes, UNKNOWN)
    classes = np.where(made.changed, pasted, np.where(made.decoys, 0, classes))
    return changed, classes.astype(np.uint8)


def _nearest(codes: Codes, edge: int) -> Codes:
    """Codes (y, x) brought to `edge` pixels, by the pixel at each new one's centre."""
    at = ((np.arange(edge) + 0.5) * len(codes) / edge).astype(np.intp)
    return codes[at[:, None], at[None, :]]


def _placed(date: Float, bands: Sequence[str], shown: Sequence[str]) -> Float:
    """Bands in the net's order; 0, the mean, where a band is not shown."""
    out = np.zeros((len(BANDS), *date.shape[1:]), np.float32)
    for n, band in enumerate(bands):
        if band in shown:
            out[BANDS.index(band)] = date[n]
    return out


def _hole(rng: np.random.Generator, edge: int) -> tuple[slice, slice]:
    """Rows and columns of a box, possibly cut by the crop's edge."""
    low = rng.integers(-edge // 4, edge, 2)
    high = low + rng.integers(edge // 8, edge // 2, 2)
    return slice(max(0, int(low[0])), int(high[0])), slice(max(0, int(low[1])), int(high[1]))


def _unsure_at_edges(changed: Codes) -> Codes:
    """A pixel on either side of an outline is not learnt from: labels are not that exact."""
    edge = np.zeros(changed.shape, np.bool_)
    rows, cols = changed[1:] != changed[:-1], changed[:, 1:] != changed[:, :-1]
    edge[1:] |= rows
    edge[:-1] |= rows
    edge[:, 1:] |= cols
    edge[:, :-1] |= cols
    return np.where(edge, UNKNOWN, changed).astype(np.uint8)
