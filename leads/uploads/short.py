"""Short: less of an upload lies in the depot than its row says, as after a power cut."""

from geo.errors import StoreError
from leads.uploads.depot import Arrived


class ShortError(StoreError):
    """Less is here than the row says: the sender is told to begin where it ends."""

    def __init__(self, arrived: Arrived, there: int) -> None:
        super().__init__(
            f"upload {arrived.upload_id}: {there} of {arrived.size} bytes are left: ask how far it "
            "is, and go on from there"
        )
        self.there = there
        """Bytes from the beginning that are here."""
