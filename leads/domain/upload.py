"""Upload: one file on its way in; every attempt has a row, whatever became of it."""

from enum import StrEnum


class UploadState(StrEnum):
    """Where an upload is."""

    OPEN = "open"
    """Bytes are expected, or arriving."""
    WHOLE = "whole"
    """All bytes are here, and their SHA-256 was told back."""
    DOUBLED = "doubled"
    """All bytes are here, and the flight had the same file already."""
    REFUSED = "refused"
    """Not begun: quota, room on the disk, size, name, or the flight takes no more."""
    CORRUPT = "corrupt"
    """The bytes are not those whose checksum the sender gave."""
    ENDED = "ended"
    """Taken back by who sent it, before or after it was whole."""
    EXPIRED = "expired"
    """Nothing came for too long; what was here is gone."""
