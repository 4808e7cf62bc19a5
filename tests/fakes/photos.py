"""Photos as drones write them, made in code: pixels, EXIF, GPS, XMP, or any part left out."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

LON, LAT = 121.61, 31.53
START = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
METRES_LAT, METRES_LON = 110_870.0, 95_000.0
"""Of a degree, about there."""


@dataclass(frozen=True)
class Made:
    """What a photo says; None is left out."""

    lon: float | None = LON
    lat: float | None = LAT
    refs: tuple[str, str] | None = None
    altitude_m: float | None = 54.0
    height_m: float | None = 50.0
    yaw: float | None = 0.0
    pitch: float | None = -90.0
    roll: float | None = 0.0
    gps_time: datetime | None = START
    taken: datetime | None = START.replace(tzinfo=None) + timedelta(hours=8)
    make: str = "DJI"
    model: str = "MADE1"
    focal_px: float | None = 400.0
    size: tuple[int, int] = (480, 360)
    orientation: int = 1
    seed: int = 0
    pixels: NDArray[np.uint8] | None = None
    xmp: tuple[tuple[str, str], ...] = ()
    """More attributes of the XMP."""

    def but(self, **changed: object) -> "Made":
        return replace(self, **changed)  # type: ignore[arg-type]


@lru_cache(maxsize=64)
def texture(width: int, height: int, seed: int, power: float = 1.0) -> NDArray[np.uint8]:
    """Grey ground as sharp as it can be: spectrum falling with frequency, alike at all scales."""
    rng = np.random.default_rng(seed)
    at = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])
    at[0, 0] = 1.0
    waves = (rng.normal(size=at.shape) + 1j * rng.normal(size=at.shape)) / at**power
    ground = np.fft.irfft2(waves, s=(height, width))
    return np.clip(120 + 38 * ground / ground.std(), 0, 255).astype(np.uint8)


def exif_of(made: Made) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = made.make, made.model, made.orientation
    inner = exif.get_ifd(0x8769)
    if made.taken is not None:
        inner[0x9003] = made.taken.strftime("%Y:%m:%d %H:%M:%S")
    gps = exif.get_ifd(0x8825)
    if made.lon is not None and made.lat is not None:
        north, east = made.refs or ("N" if made.lat >= 0 else "S", "E" if made.lon >= 0 else "W")
        gps[1], gps[2] = north, _sexagesimal(abs(made.lat))
        gps[3], gps[4] = east, _sexagesimal(abs(made.lon))
    if made.altitude_m is not None:
        gps[5] = b"\1" if made.altitude_m < 0 else b"\0"
        gps[6] = IFDRational(round(abs(made.altitude_m) * 1000), 1000)
    if made.gps_time is not None:
        at = made.gps_time
        gps[7] = tuple(IFDRational(part, 1) for part in (at.hour, at.minute, at.second))
        gps[29] = at.strftime("%Y:%m:%d")
    return exif


def xmp_of(made: Made) -> bytes:
    said = {
        "RelativeAltitude": made.height_m,
        "GimbalYawDegree": made.yaw,
        "GimbalPitchDegree": made.pitch,
        "GimbalRollDegree": made.roll,
        "CalibratedFocalLength": made.focal_px,
    }
    rows = [
        (f"drone-dji:{key}", f"{value:+.3f}") for key, value in said.items() if value is not None
    ]
    text = " ".join(f'{key}="{value}"' for key, value in [*rows, *made.xmp])
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        'xmlns:Camera="http://pix4d.com/camera/1.0" '
        f'xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/" {text}/></rdf:RDF></x:xmpmeta>'
    ).encode()


def photo_bytes(made: Made | None = None, kind: str = "JPEG") -> bytes:
    made = made or Made()
    pixels = texture(*made.size, made.seed) if made.pixels is None else made.pixels
    out = BytesIO()
    image = Image.fromarray(pixels)
    if kind == "JPEG":
        image = image.convert("RGB")
        image.save(out, kind, quality=92, exif=exif_of(made), xmp=xmp_of(made))
    else:
        exif = exif_of(made)
        for directory in (0x8769, 0x8825):
            exif[directory] = dict(exif.get_ifd(directory))
        exif[700] = xmp_of(made)
        image.save(out, kind, exif=exif)
    return out.getvalue()


def write_photo(path: Path, made: Made | None = None, kind: str = "JPEG") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(photo_bytes(made, kind))
    return path


def lines(
    count: int = 3,
    frames: int = 5,
    forward: float = 0.75,
    side: float = 0.5,
    like: Made | None = None,
) -> list[Made]:
    """Lines there and back, east and west of each other, with overlaps as shares."""
    like = like or Made()
    width, height = (like.height_m or 50.0) / (like.focal_px or 400.0) * np.array(like.size)
    found = []
    for line in range(count):
        for step in range(frames):
            along = step if line % 2 == 0 else frames - 1 - step
            seconds = timedelta(seconds=4 * len(found))
            found.append(
                like.but(
                    lon=LON + line * width * (1 - side) / METRES_LON,
                    lat=LAT + along * height * (1 - forward) / METRES_LAT,
                    yaw=0.0 if line % 2 == 0 else 180.0,
                    gps_time=None if like.gps_time is None else like.gps_time + seconds,
                    taken=None if like.taken is None else like.taken + seconds,
                    seed=len(found),
                )
            )
    return found


def write_flight(folder: Path, flight: list[Made]) -> list[Path]:
    return [
        write_photo(folder / f"DJI_{number:04}.JPG", made)
        for number, made in enumerate(flight, start=1)
    ]


def _sexagesimal(degrees: float) -> tuple[IFDRational, IFDRational, IFDRational]:
    minutes, seconds = divmod(round(degrees * 3600, 5), 60)
    whole, minutes = divmod(int(minutes), 60)
    return IFDRational(whole, 1), IFDRational(minutes, 1), IFDRational(round(seconds * 1e5), 10**5)
