"""Dumps, and broad land-cover change, composited onto pairs of images."""

from tiles.composite.land import UNKNOWN_CLASS, land_change
from tiles.composite.paste import Composite, composite
from tiles.composite.real import RealHeap, real_heaps, site_images
from tiles.composite.recipe import HELD_OUT, TRAINING, Recipe

__all__ = [
    "HELD_OUT",
    "TRAINING",
    "UNKNOWN_CLASS",
    "Composite",
    "RealHeap",
    "Recipe",
    "composite",
    "land_change",
    "real_heaps",
    "site_images",
]
