"""The originals of a flight as local files, wherever the depot keeps them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, time
from pathlib import Path

from geo.errors import NotFoundError, SourceError
from leads.domain.flight import FileKind
from leads.store.flight_files import FlightFile
from leads.uploads.depot import Depot
from tiles.drone.photo import PhotoKind

NOON = time(4, tzinfo=UTC)
"""Of a flight of which only the day is known: noon in Shanghai."""
LIGHT = "light"
"""Of a photo's facts: which light it shows, a PhotoKind."""
_SCRATCH = ".originals"


@dataclass(frozen=True, slots=True)
class Originals:
    """Files of one flight, as its rows say."""

    depot: Depot
    """Where their bytes are."""
    work: Path
    """The flight's hidden folder: copies of what the depot keeps elsewhere lie in it."""
    files: Sequence[FlightFile]
    """Their rows."""

    def path(self, file: FlightFile) -> Path:
        """A local file with an original's bytes, not to be written.

        Raises SourceError where the depot lost it, or is away; DiskFullError.
        """
        scratch = self.work / _SCRATCH
        scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            return self.depot.local_path(file.sha256, scratch)
        except NotFoundError:
            raise SourceError(
                f"{file.name}: its bytes ({file.sha256[:12]}...) are not in the depot: bring them "
                "back from a backup (HONGXIAN_ORIGINALS)"
            ) from None

    def of_kind(self, kind: FileKind) -> tuple[FlightFile, ...]:
        """Files of a kind by time, then by name; of photos those that show visible light."""
        found = [file for file in self.files if file.kind is kind]
        if kind is FileKind.PHOTO:
            visible = PhotoKind.VISIBLE
            found = [file for file in found if (file.facts or {}).get(LIGHT, visible) == visible]
        return tuple(sorted(found, key=lambda file: (str(file.taken_at or ""), file.name)))
