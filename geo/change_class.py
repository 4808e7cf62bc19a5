"""The change classes, as codes a network can emit and names people can read."""

from enum import IntEnum


class ChangeClass(IntEnum):
    """What changed; the code is the network's class. What follows from each: classes.toml."""

    UNCLASSIFIED = 0
    WASTE_HEAP = 1
    FILLED_PIT = 2
    SLURRY_POND = 3
    STACKED_YARD = 4
    BUILDING_NEW = 5
    BUILDING_REMOVED = 6
    BARE_SOIL = 7
    EXCAVATION = 8
    RECLAMATION = 9
    VEGETATION_CLEARED = 10
    OTHER_ARTIFICIAL = 11

    @property
    def label(self) -> str:
        """The identifier used in files and interfaces, for example `waste_heap`."""
        return self.name.lower()
