"""Copies that leave a case: coarse outside the lead, boxed, stripped, labelled, and written down.

Originals never leave this way. What is coarse enough and what must be looked at first is decided
here; pixels are worked on in limited child processes.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import time

from shapely import MultiPolygon

from geo.area import geodesic_area_m2
from geo.crs import CGCS2000
from geo.errors import ConflictError, NotFoundError, SceneError
from leads.domain.event import Json, instant_text
from leads.domain.flight import FileKind
from leads.domain.mission_area import MOST_AREA_M2
from leads.run.jobs.disk_guard import GB, DiskGuard
from leads.store.flight_boxes import boxes_of
from leads.store.flight_files import FlightFile
from leads.store.flights import FlightRow
from leads.store.scenes import SceneRow
from leads.uploads.depot import Depot
from leads.version import VERSION
from tiles.drone.boxed_copy import boxed_copy
from tiles.drone.coarse_copy import coarse_copy
from tiles.limited import Limits, run_limited
from tiles.sources.source import BANDS_FILE

LEAST_M = 0.05
"""Pixels of what leaves a case are at least so many metres wide, outside the lead's outline."""

LEFT_S = 6 * 3600.0
"""Age in seconds from which a copy on the disk belongs to nobody: making one ends within an hour,
and sending it within the rest."""

_BLOCK = 1 << 20
_BYTES_PX = 4  # three colours and the mask, not compressed
_IMAGE_S, _PHOTO_S = 3600.0, 120.0
_PHOTO_MB = 512


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy that may leave."""

    path: Path
    """Where it lies; whoever sends it removes the folder."""
    name: str
    """What the download is called."""
    media_type: str
    """What it is."""
    sha256: str
    """Over its bytes."""
    told: Mapping[str, Json]
    """What the flight's chain of custody says of it: what, of what, how coarse."""


@dataclass(frozen=True, slots=True)
class Sharer:
    """Makes copies of a flight in a folder of its own."""

    folder: Path
    """Where copies lie until they are sent."""
    guard: DiskGuard
    """Asked before they are written."""

    def image(
        self, flight: FlightRow, scene: SceneRow | None, fine: MultiPolygon | None, now: datetime
    ) -> Copy:
        """The flight's image as a COG, no finer than LEAST_M outside `fine` (EPSG:4490).

        Raises ConflictError where there is no image, or it shows more ground than may leave in one
        piece; NotFoundError where its pixels are gone; SceneError, DiskFullError.
        """
        if scene is None or scene.folder is None:
            raise ConflictError(f"flight {flight.flight_id} is {flight.state}: it has no image yet")
        _check_area(flight, scene)
        source = Path(scene.folder) / BANDS_FILE
        if not source.is_file():
            raise NotFoundError(f"the image of flight {flight.flight_id} is not on the disk")
        parent = _sha256(source)
        size = scene.width * scene.height * _BYTES_PX
        self.guard.ask(2 * size / GB)
        label = _label(flight.flight_id, parent)
        tags = {
            "HONGXIAN_DERIVED": "derived",
            "HONGXIAN_PARENT_SHA256": parent,
            "HONGXIAN_FLIGHT": flight.flight_id,
            "HONGXIAN_LEAST_M": f"{LEAST_M:g}",
            "HONGXIAN_MADE_AT": instant_text(now),
            "HONGXIAN_MADE_BY": f"hongxian {VERSION}",
        }
        limits = Limits(seconds=_IMAGE_S, written_mb=64 + 2 * size // 2**20)
        with self._place() as place:
            target = place / f"{flight.flight_id}.tif"
            made = run_limited(
                coarse_copy, source, fine, LEAST_M, label, tags, target, limits=limits
            )
            told: dict[str, Json] = {
                "what": "image",
                "parent_sha256": parent,
                "coarse_m": round(made.coarse_m, 4),
                "native_inside": made.fine_pixels > 0,
            }
            return _copy(target, "image/tiff", told)

    def photo(self, depot: Depot, photo: FlightFile) -> Copy:
        """A photo as a JPEG: boxed, without anything but pixels; frames from the air coarsened.

        Raises ConflictError for a photo that does not look down and that nobody has looked at;
        SceneError where it cannot be decoded, or does not say how fine it is.
        """
        boxes = boxes_of(photo)
        from_air = photo.kind is FileKind.PHOTO
        if boxes is None and not from_air:
            raise ConflictError(
                f"{photo.name}: nobody has said yet what must be hidden: mark faces, plates and "
                "names first, or that there are none"
            )
        self.guard.ask(_PHOTO_MB * 2**20 / GB)
        least_m = LEAST_M if from_air else None
        label = _label(photo.flight_id, photo.sha256)
        limits = Limits(seconds=_PHOTO_S, written_mb=_PHOTO_MB)
        with self._place() as place:
            path = depot.local_path(photo.sha256, place)
            target = place / f"{photo.sha256[:12]}.jpg"
            made = run_limited(
                boxed_copy, path, photo.name, boxes or (), least_m, label, target, limits=limits
            )
            told: dict[str, Json] = {
                "what": "photo",
                "name": photo.name,
                "parent_sha256": photo.sha256,
                "coarse_m": None if made.gsd_m is None else round(made.gsd_m, 4),
                "boxes": None if boxes is None else len(boxes),
            }
            return _copy(target, "image/jpeg", told)

    @contextmanager
    def _place(self) -> Iterator[Path]:
        """A folder for one copy; it is gone again where none was made."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(self.folder)
        place = Path(tempfile.mkdtemp(prefix="copy-", dir=self.folder))
        try:
            yield place
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise


def _sweep(folder: Path) -> None:
    """Remove copies that were never sent: what a server that was killed left behind."""
    oldest = time() - LEFT_S
    for place in folder.glob("copy-*"):
        with suppress(FileNotFoundError):
            if place.stat().st_mtime < oldest:
                shutil.rmtree(place, ignore_errors=True)


def _check_area(flight: FlightRow, scene: SceneRow) -> None:
    ground = flight.area or scene.footprint
    largest = max(geodesic_area_m2(MultiPolygon([part]), CGCS2000) for part in ground.geoms)
    if largest > MOST_AREA_M2:
        raise ConflictError(
            f"flight {flight.flight_id} shows {largest / 1e6:.1f} km2 in one piece: copies of more "
            f"than {MOST_AREA_M2 / 1e6:g} km2 may not leave"
        )


def _copy(target: Path, media_type: str, told: Mapping[str, Json]) -> Copy:
    digest = _sha256(target)
    more: dict[str, Json] = {"copy_sha256": digest, "bytes": target.stat().st_size}
    return Copy(target, f"derived-{target.name}", media_type, digest, {**told, **more})


def _label(flight_id: str, parent: str) -> str:
    return f"DERIVED {flight_id} {parent[:12]}"


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise SceneError(f"{path.name}: cannot be read ({error.strerror})") from None
    return digest.hexdigest()
