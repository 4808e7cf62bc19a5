"""Groups: which frames hang together, and which show another place than they say."""

from collections.abc import Sequence

import numpy as np
from shapely.geometry import Polygon
from shapely.ops import unary_union

from tiles.drone.quick_look.frames import Frame
from tiles.drone.quick_look.links import Link
from tiles.drone.quick_look.poses import Poses, footprint, images_of_ground, lenses

COVERED = 0.5
"""A frame that lies so far on others and shows nothing of what they show is of another place."""
RICH = 400
"""Points of a frame by which it would have been found again: water and fog have fewer."""


def groups_of(count: int, links: Sequence[Link]) -> list[list[int]]:
    """Frames that hang together by links, the largest group first."""
    top = list(range(count))

    def root(k: int) -> int:
        while top[k] != k:
            k = top[k]
        return k

    for link in links:
        one, two = sorted((root(link.first), root(link.second)))
        top[two] = one
    found: dict[int, list[int]] = {}
    for k in range(count):
        found.setdefault(root(k), []).append(k)
    return sorted(found.values(), key=lambda group: (-len(group), group))


def of_another_place(
    frames: Sequence[Frame], poses: Poses, groups: Sequence[Sequence[int]], points: Sequence[int]
) -> list[int]:
    """Frames of small groups that lie on larger ones and show nothing of them.

    `points` says how many points each frame has.
    """
    images = images_of_ground(lenses(frames), poses)
    prints = [Polygon(footprint(image, f.size)) for image, f in zip(images, frames, strict=True)]
    strange: list[int] = []
    for at, group in enumerate(groups):
        larger = [k for other in groups[:at] if len(other) > 1.5 * len(group) for k in other]
        if not larger or np.median([points[k] for k in group]) < RICH:
            continue
        ground = unary_union([prints[k] for k in group])
        near = [prints[k] for k in larger if prints[k].intersects(ground)]
        if near and unary_union(near).intersection(ground).area > COVERED * ground.area:
            strange += group
    return sorted(strange)
