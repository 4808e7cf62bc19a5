"""Photo file: a JPEG with what a drone writes beside the picture: EXIF, GPS and XMP."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from tiles.synthetic.flight_plan import Lens

_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="DJI Meta Data"
   xmlns:tiff="http://ns.adobe.com/tiff/1.0/"
   xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/"
   tiff:Make="{make}"
   tiff:Model="{model}"
   drone-dji:AbsoluteAltitude="{altitude:+.2f}"
   drone-dji:RelativeAltitude="{height:+.2f}"
   drone-dji:GimbalRollDegree="{roll:+.2f}"
   drone-dji:GimbalYawDegree="{yaw:+.2f}"
   drone-dji:GimbalPitchDegree="{pitch:+.2f}"
   drone-dji:FlightRollDegree="+0.00"
   drone-dji:FlightYawDegree="{yaw:+.2f}"
   drone-dji:FlightPitchDegree="+0.00"
   drone-dji:CalibratedFocalLength="{focal:.6f}"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""


@dataclass(frozen=True, slots=True)
class Written:
    """What a device writes of one frame, as it believes it."""

    lon: float
    """WGS 84 degrees."""
    lat: float
    """WGS 84 degrees."""
    altitude_m: float
    """Above the device's zero."""
    height_m: float
    """Above take-off."""
    yaw_deg: float
    """Clockwise from true north."""
    pitch_deg: float
    """-90 is straight down."""
    roll_deg: float
    """About the line of sight."""
    taken: datetime
    """Camera clock, without a zone."""
    gps_time: datetime
    """Instant, UTC."""


def write_photo(path: Path, pixels: NDArray[np.uint8], lens: Lens, written: Written) -> None:
    """Write red, green, blue pixels (y, x, 3) as a JPEG that says `written` of itself."""
    exif = Image.Exif()
    clock = written.taken.strftime("%Y:%m:%d %H:%M:%S")
    exif[0x010F], exif[0x0110], exif[0x0132] = lens.make, lens.model, clock
    exif[0x0112] = 1
    inner = exif.get_ifd(_EXIF_IFD)
    inner[0x9003], inner[0x9004] = clock, clock
    inner[0x829A], inner[0x829D], inner[0x8827] = IFDRational(1, 1000), IFDRational(28, 10), 100
    inner[0x920A] = IFDRational(Fraction(lens.focal_mm).limit_denominator(1000))
    inner[0xA002], inner[0xA003] = lens.size
    inner[0xA431] = lens.serial
    gps = exif.get_ifd(_GPS_IFD)
    gps[1], gps[2] = "N" if written.lat >= 0 else "S", _sexagesimal(abs(written.lat))
    gps[3], gps[4] = "E" if written.lon >= 0 else "W", _sexagesimal(abs(written.lon))
    gps[5], gps[6] = b"\0", IFDRational(round(written.altitude_m * 1000), 1000)
    at = written.gps_time
    gps[7] = tuple(IFDRational(part, 1) for part in (at.hour, at.minute, at.second))
    gps[29] = at.strftime("%Y:%m:%d")
    xmp = _XMP.format(
        make=lens.make, model=lens.model, altitude=written.altitude_m, height=written.height_m,
        roll=written.roll_deg, yaw=written.yaw_deg, pitch=written.pitch_deg, focal=lens.focal_px,
    )  # fmt: skip
    Image.fromarray(pixels).save(path, "JPEG", quality=lens.quality, exif=exif, xmp=xmp.encode())


def _sexagesimal(degrees: float) -> tuple[IFDRational, IFDRational, IFDRational]:
    """Degrees, minutes and seconds, to a tenth of a millimetre."""
    whole = int(degrees)
    minutes = int((degrees - whole) * 60)
    seconds = ((degrees - whole) * 60 - minutes) * 60
    return IFDRational(whole, 1), IFDRational(minutes, 1), IFDRational(round(seconds * 1e6), 10**6)
