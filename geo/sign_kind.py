"""Kinds of signs: what only a drone sees and what may mean packed or liquid waste."""

from enum import StrEnum


class SignKind(StrEnum):
    """What was seen. None of these says that anything is hazardous."""

    DRUMS = "drums"
    """桶: round vessels standing or lying together."""
    BAGS = "bags"
    """袋: big bags or sacks in heaps or rows."""
    COLOURED_LIQUID = "coloured_liquid"
    """有色液体: liquid of a colour that water there does not have."""
