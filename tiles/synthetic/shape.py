"""Shapes: batches of polygons with what a painter must know of each."""

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.errors import GridError
from tiles.synthetic.cover import Cover

Points = NDArray[np.float64]
"""(..., 2) metres, x then y."""


@dataclass(frozen=True, slots=True, eq=False)
class Shapes:
    """Polygons with equally many vertices, painted in order, later over earlier."""

    rings: Points
    """(n, k, 2) metres, open rings."""
    cover: NDArray[np.uint8]
    """(n,) Cover codes."""
    tint: NDArray[np.float32]
    """(n,) factor on the reflectance."""
    variety: NDArray[np.float32]
    """(n,) in [-1, 1]: where an object stands in its kind (crop calendar, roof colour, mix)."""
    angle: NDArray[np.float32]
    """(n,) direction of rows, ribs and tracks, radians anticlockwise from x."""
    height: NDArray[np.float32]
    """(n,) metres above the plain."""
    facing: NDArray[np.float32]
    """(n,) radians anticlockwise from x in which a pitched surface looks down; NaN: level."""
    solid: bool
    """Free-standing (house, tree, pile): the painter then keeps its size at any pixel size."""

    def __post_init__(self) -> None:
        if self.rings.ndim != 3 or self.rings.shape[2] != 2 or self.rings.shape[1] < 3:
            raise GridError(f"rings of shape {self.rings.shape}: give (n, k >= 3, 2)")

    def __len__(self) -> int:
        """Number of polygons."""
        return len(self.rings)

    def moved(self, rings: Points, turn: float) -> "Shapes":
        """The same things at `rings`, turned by `turn` radians."""
        turned = np.float32(turn)
        return replace(self, rings=rings, angle=self.angle + turned, facing=self.facing + turned)

    def take(self, keep: NDArray[np.bool_]) -> "Shapes":
        """Only the polygons where `keep` is true."""
        cut = {
            field.name: getattr(self, field.name)[keep]
            for field in fields(self)
            if field.name != "solid"
        }
        return replace(self, **cut)


def batch(
    rings: Points,
    cover: Cover | NDArray[np.uint8],
    *,
    tint: ArrayLike = 1.0,
    variety: ArrayLike = 0.0,
    angle: ArrayLike = 0.0,
    height: ArrayLike = 0.0,
    facing: ArrayLike = np.nan,
    solid: bool = False,
) -> Shapes:
    """Shapes from rings (n, k, 2) and attributes that are one for all or one each."""
    count = len(rings)

    def each(value: ArrayLike) -> NDArray[np.float32]:
        return np.broadcast_to(np.asarray(value, dtype=np.float32), (count,))

    return Shapes(
        rings=rings,
        cover=np.broadcast_to(np.asarray(cover, dtype=np.uint8), (count,)),
        tint=each(tint),
        variety=each(variety),
        angle=each(angle),
        height=each(height),
        facing=each(facing),
        solid=solid,
    )


def boxes(x0: ArrayLike, y0: ArrayLike, x1: ArrayLike, y1: ArrayLike) -> Points:
    """Axis-parallel rectangles (n, 4, 2) from their edges, broadcast together."""
    left, low, right, high = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(edge, dtype=np.float64)) for edge in (x0, y0, x1, y1))
    )
    corners = [(left, low), (right, low), (right, high), (left, high)]
    return np.stack([np.stack(corner, axis=-1) for corner in corners], axis=1)


def discs(centres: Points, radius: ArrayLike, vertices: int = 8) -> Points:
    """Regular polygons (n, vertices, 2) around `centres` (n, 2)."""
    turn = np.arange(vertices) * (2 * np.pi / vertices)
    unit = np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    size = np.broadcast_to(np.asarray(radius, dtype=np.float64), (len(centres),))
    rings: Points = centres[:, None, :] + size[:, None, None] * unit[None]
    return rings


def blob(
    rng: np.random.Generator,
    centre: tuple[float, float],
    radii: tuple[float, float],
    rough: float = 0.18,
    vertices: int = 32,
) -> Points:
    """An irregular closed outline (vertices, 2) around `centre` with half axes `radii`."""
    turn = np.arange(vertices) * (2 * np.pi / vertices)
    swell = np.ones(vertices)
    for harmonic in range(2, 8):
        phase = rng.uniform(0, 2 * np.pi)
        swell += rough * rng.normal() / harmonic**0.7 * np.cos(harmonic * turn + phase)
    swell = np.clip(swell, 0.45, 1.5)
    x = centre[0] + radii[0] * swell * np.cos(turn)
    y = centre[1] + radii[1] * swell * np.sin(turn)
    return np.stack([x, y], axis=-1)


def ribbon(line: Points, half_width: float | Points) -> Points:
    """A band (2m, 2) of `half_width` metres, one or (m, 1), on both sides of a line (m, 2)."""
    along = np.gradient(line, axis=0)
    along /= np.maximum(np.hypot(along[:, :1], along[:, 1:]), 1e-9)
    side = np.stack([-along[:, 1], along[:, 0]], axis=-1) * half_width
    return np.concatenate([line + side, (line - side)[::-1]])
