"""File kinds: what each file of a flight is, by its bytes and not by what its name claims."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from geo.errors import SceneError
from leads.domain.flight import FileKind
from leads.flights.originals import LIGHT
from tiles.drone.orthophoto import RasterLook, look_at_raster
from tiles.drone.photo import Photo, PhotoKind
from tiles.drone.read_photo import read_photo
from tiles.files.probe import probe_file

PHOTO_SUFFIXES = (".jpg", ".jpeg")
RASTER_SUFFIXES = (".jp2", ".png", ".webp")
EITHER_SUFFIXES = (".tif", ".tiff")
"""Orthophotos, and frames of multispectral and thermal cameras."""
LOOKS_DOWN_DEG = -45.0
"""A frame from the air whose camera points higher shows faces and plates: it is a ground photo."""
LEAST_HEIGHT_M = 5.0
"""Below this a drone stands on the ground."""
_TIFF, _JPEG = (b"II", b"MM"), b"\xff\xd8"  # first bytes
MAKERS = ("dji", "hasselblad", "autel", "parrot", "sensefly", "yuneec", "skydio", "xag", "feima")
"""In the maker's name of cameras that fly; others must say that they look down, or how high."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one file is."""

    kind: FileKind
    """What."""
    photo: Photo | None = None
    """Of a photo: what it says of itself."""
    raster: RasterLook | None = None
    """Of an orthophoto: what was learnt of it."""
    why: str | None = None
    """Of a refused file: why."""
    members: int | None = None
    """Of an archive that was unpacked: how many members it gave."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What is kept of it, as JSON values."""
        if self.photo is not None:
            names = ("height_m", "yaw_deg", "pitch_deg", "roll_deg", "width", "height")
            return {LIGHT: self.photo.kind.value} | {n: getattr(self.photo, n) for n in names}
        if self.raster is not None:
            grid = self.raster.grid
            return {
                "crs": grid.crs.to_string(),
                "width": grid.width,
                "height": grid.height,
                "gsd_m": round(self.raster.gsd_m, 5),
                "empty_share": self.raster.empty_share,
                "day": None if self.raster.day is None else self.raster.day.isoformat(),
            }
        told = {"refused": self.why, "unpacked": self.members}
        return {name: value for name, value in told.items() if value is not None}


def see(path: Path, name: str) -> Seen:
    """What a file is; call it in a limited child process. Never raises for what is in the file."""
    suffix = PurePosixPath(name).suffix.lower()
    try:
        if suffix == ".zip":
            return Seen(FileKind.ARCHIVE)
        if suffix in PHOTO_SUFFIXES + EITHER_SUFFIXES + RASTER_SUFFIXES:
            start = _start(path, name)
            if start in _TIFF:
                return _either(path, name)
            if start == _JPEG or suffix in PHOTO_SUFFIXES:
                return _photo(path, name)
            return Seen(FileKind.ORTHOPHOTO, raster=look_at_raster(str(path), name))
    except SceneError as error:
        return Seen(FileKind.REFUSED, why=str(error))
    return Seen(FileKind.LOG)


def see_file(file: tuple[str, Path]) -> Seen:
    """The same of a name and where its file lies."""
    name, path = file
    return see(path, name)


def kind_of_photo(photo: Photo) -> FileKind:
    """Whether a photo looks down from the air; where that cannot be told it counts as if not."""
    if photo.kind is not PhotoKind.VISIBLE:
        return FileKind.PHOTO  # cameras for heat and single bands look down with the other
    if photo.pitch_deg is not None and photo.pitch_deg > LOOKS_DOWN_DEG:
        return FileKind.GROUND_PHOTO
    if photo.height_m is not None:
        high = photo.height_m >= LEAST_HEIGHT_M
        return FileKind.PHOTO if high else FileKind.GROUND_PHOTO
    maker = (photo.make or "").lower()
    flew = photo.pitch_deg is not None or any(word in maker for word in MAKERS)
    placed = photo.lon is not None and photo.altitude_m is not None
    return FileKind.PHOTO if flew and placed else FileKind.GROUND_PHOTO


def _photo(path: Path, name: str) -> Seen:
    photo = read_photo(path, name)
    return Seen(kind_of_photo(photo), photo)


def _start(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(2)
    except OSError as error:
        raise SceneError(f"{name}: cannot be read ({error.strerror}); copy it again") from None


def _is_of_a_camera(photo: Photo) -> bool:
    """Whether a TIFF without a CRS is a frame: it names its maker, its band or where it was."""
    return bool(photo.make) or photo.kind is PhotoKind.MULTISPECTRAL or photo.lon is not None


def _either(path: Path, name: str) -> Seen:
    """A TIFF that lies on the ground is an orthophoto, one that names its camera a frame."""
    try:
        probe_file(str(path))
    except SceneError:
        try:
            found = _photo(path, name)
        except SceneError:
            found = None
        if found is not None and found.photo is not None and _is_of_a_camera(found.photo):
            return found
    return Seen(FileKind.ORTHOPHOTO, raster=look_at_raster(str(path), name))
