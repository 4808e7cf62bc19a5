"""What files say of themselves is read as it was written, by whoever made them, and safely."""

import os
import struct
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from geo.errors import SceneError
from tests.fakes.photos import START, Made, exif_of, photo_bytes, write_photo
from tiles.drone.focal import focal_px
from tiles.drone.photo import Photo, PhotoKind
from tiles.drone.read_photo import read_photo

SHARED = os.environ.get("HONGXIAN_SHARED_DATA")


def read(folder: Path, made: Made, kind: str = "JPEG", name: str = "DJI_0001.JPG") -> Photo:
    return read_photo(write_photo(folder / "photo", made, kind), name)


def of_bytes(folder: Path, data: bytes) -> Photo:
    (folder / "b.jpg").write_bytes(data)
    return read_photo(folder / "b.jpg", "b.jpg")


def with_xmp(folder: Path, xmp: str | bytes, **changed: Any) -> Photo:  # noqa: ANN401
    made = Made(focal_px=None, height_m=None, yaw=None, pitch=None, roll=None).but(**changed)
    packet = xmp.encode() if isinstance(xmp, str) else xmp
    path = folder / "x.jpg"
    image = Image.fromarray(np.zeros((30, 40, 3), np.uint8))
    image.save(path, "JPEG", exif=exif_of(made), xmp=packet)
    return read_photo(path, "x.jpg")


def rdf(inside: str) -> str:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:Camera="c" '
        f'xmlns:drone-parrot="p" xmlns:drone-dji="d" xmlns:autel="a">{inside}</rdf:RDF></x:xmpmeta>'
    )


def test_a_frame_says_where_when_how_and_with_what(tmp_path: Path) -> None:
    made = Made(yaw=-132.4, pitch=-89.9, roll=0.5, altitude_m=-3.25, lon=-91.9938, lat=-46.8427)
    photo = read(tmp_path, made)
    assert (photo.width, photo.height, photo.kind) == (480, 360, PhotoKind.VISIBLE)
    assert photo.lon == pytest.approx(-91.9938, abs=1e-8)
    assert photo.lat == pytest.approx(-46.8427, abs=1e-8)
    assert (photo.altitude_m, photo.height_m) == (-3.25, 50.0)
    assert (photo.yaw_deg, photo.pitch_deg, photo.roll_deg) == (-132.4, -89.9, 0.5)
    assert (photo.gps_time, photo.taken) == (START, datetime(2026, 11, 20, 9, 0))  # noqa: DTZ001
    assert (photo.make, photo.model, photo.focal_px) == ("DJI", "MADE1", 400.0)
    assert photo.is_placed


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lon=st.floats(-180, 180), lat=st.floats(-90, 90), order=st.sampled_from(["<", ">"]))
def test_any_position_comes_back_to_a_millimetre(
    tmp_path: Path, lon: float, lat: float, order: str
) -> None:
    made = Made(lon=lon, lat=lat, size=(16, 16))
    exif = exif_of(made)
    exif.endian = order
    Image.fromarray(np.zeros((16, 16), np.uint8)).save(tmp_path / "p.jpg", exif=exif)
    photo = read_photo(tmp_path / "p.jpg", "p.jpg")
    assert photo.lon == pytest.approx(lon, abs=1e-8) and photo.lat == pytest.approx(lat, abs=1e-8)


def test_makers_count_pitch_differently(tmp_path: Path) -> None:
    pix4d = with_xmp(
        tmp_path, rdf('<rdf:Description Camera:Pitch="5" Camera:Yaw="30" Camera:Roll="1"/>')
    )
    assert (pix4d.pitch_deg, pix4d.yaw_deg, pix4d.roll_deg) == (-85.0, 30.0, 1.0)
    parrot = with_xmp(
        tmp_path,
        rdf("<rdf:Description><drone-parrot:CameraPitchDegree>-90</drone-parrot:CameraPitchDegree>"
            "<drone-parrot:CameraYawDegree>12</drone-parrot:CameraYawDegree></rdf:Description>"),
    )  # fmt: skip
    assert (parrot.pitch_deg, parrot.yaw_deg) == (-90.0, 12.0)
    autel = with_xmp(
        tmp_path,
        rdf('<rdf:Description autel:GimbalPitchDegree="-89" autel:FlightYawDegree="7" '
            'autel:RelativeAltitude="28.0" autel:GimbalYawDegree="9"/>'),
    )  # fmt: skip
    assert (autel.pitch_deg, autel.yaw_deg, autel.height_m) == (-89.0, 9.0, 28.0)


def test_positions_times_and_errors_of_xmp_stand_in_for_exif(tmp_path: Path) -> None:
    said = (
        '<rdf:Description drone-dji:GpsLatitude="31.5" drone-dji:GpsLongtitude="121.6" '
        'drone-dji:AbsoluteAltitude="+12.5" drone-dji:RtkStdLon="0.03" drone-dji:RtkStdLat="0.04" '
        'drone-dji:UTCAtExposure="2026-11-20T01:00:00.500" drone-dji:DroneSerialNumber="S1"/>'
    )
    nothing = {"lon": None, "lat": None, "altitude_m": None, "gps_time": None}
    photo = with_xmp(tmp_path, rdf(said), **nothing)
    assert (photo.lon, photo.lat, photo.altitude_m, photo.serial) == (121.6, 31.5, 12.5, "S1")
    assert photo.position_error_m == pytest.approx(0.05)
    assert photo.gps_time == datetime(2026, 11, 20, 1, 0, 0, 500_000, tzinfo=UTC)
    adobe = (
        '<rdf:Description drone-dji:GPSLatitude="31,30.5S" drone-dji:GPSLongitude="121,36,30W"/>'
    )
    photo = with_xmp(tmp_path, rdf(adobe), **nothing)
    assert photo.lat == pytest.approx(-31.508333, abs=1e-6)
    assert photo.lon == pytest.approx(-121.608333, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "xmp", "kind"),
    [
        ("DJI_20261120_0001_T.JPG", (), PhotoKind.THERMAL),
        ("DJI_0001.JPG", (("drone-dji:ImageSource", "InfraredCamera"),), PhotoKind.THERMAL),
        ("IMG_1_6.tif", (("Camera:BandName", "LWIR"),), PhotoKind.THERMAL),
        ("DJI_0001_MS_NIR.TIF", (), PhotoKind.MULTISPECTRAL),
        ("IMG_1_1.tif", (("Camera:BandName", "Blue"),), PhotoKind.MULTISPECTRAL),
        ("DJI_0001.JPG", (("drone-dji:ImageSource", "WideCamera"),), PhotoKind.VISIBLE),
    ],
)
def test_other_light_is_known(
    tmp_path: Path, name: str, xmp: tuple[tuple[str, str], ...], kind: PhotoKind
) -> None:
    assert read(tmp_path, Made(xmp=xmp, size=(64, 48)), name=name).kind is kind


def test_a_tiff_of_one_band_is_thermal_and_of_three_is_visible(tmp_path: Path) -> None:
    grey = Made(pixels=np.zeros((48, 64), np.uint16))
    assert read(tmp_path, grey, "TIFF", "a.tif").kind is PhotoKind.THERMAL
    colour = read(tmp_path, Made(pixels=np.zeros((48, 64, 3), np.uint8)), "TIFF", "a.tif")
    assert (colour.kind, colour.width, colour.height) == (PhotoKind.VISIBLE, 64, 48)
    assert colour.lon == pytest.approx(121.61) and colour.height_m == 50.0


def test_focal_lengths_of_several_sources_agree() -> None:
    # FC300S: 3.61 mm, 20 mm on film, pixels of 1.55 um
    known = focal_px((4000, 2250), "FC300S", None, 3.61, None, 20)
    film = focal_px((4000, 2250), None, None, 3.61, None, 20)
    whole = focal_px((4000, 3000), None, None, None, None, 20)
    assert known == pytest.approx(2329, abs=1) and film == whole == pytest.approx(2311, abs=1)
    assert focal_px((4000, 3000), "FC300S", 2290.0, 3.61, None, 20) == 2290.0
    assert focal_px((5472, 3648), "X", None, 8.8, 5472 / 13.2, None) == pytest.approx(3648)
    assert focal_px((4000, 3000), None, 5.0, None, None, None) is None
    assert focal_px((2000, 1125), "FC300S", None, 3.61, None, None) == pytest.approx(1164.5, abs=1)


def test_bombs_in_headers_take_neither_time_nor_memory(tmp_path: Path) -> None:
    start = time.process_time()
    for order in ("<", ">"):
        mark = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
        # a directory that says it has 65,535 entries, whose camera and GPS directories are itself
        entry = [struct.pack(order + "HHII", tag, 4, 1, 8) for tag in (0x8769, 0x8825)]
        huge = [struct.pack(order + "HHII", tag, 5, 0xFFFFFFFF, 8) for tag in (0x10F, 2, 0x9003)]
        cycle = mark + struct.pack(order + "H", 65535) + b"".join(entry + huge)
        photo = of_bytes(tmp_path, _jpeg(b"Exif\0\0" + cycle))
        assert (photo.lon, photo.make, photo.taken) == (None, None, None)
    laughs = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]>' + rdf("<rdf:Description/>")
    assert with_xmp(tmp_path, laughs, lon=None).lon is None
    deep = "<a>" * 5000
    assert with_xmp(tmp_path, deep).lat == pytest.approx(31.53)
    with pytest.raises(SceneError, match="segments"):
        of_bytes(tmp_path, b"\xff\xd8" + b"\xff\xe1\0\x04ab" * 5000 + b"\xff\xda")
    many = b"\xff\xd8" + b"\xff\xe2\xff\xff" + bytes(65533)
    with pytest.raises(SceneError, match="cut short"):
        of_bytes(tmp_path, many)
    assert time.process_time() - start < 2


def test_what_is_no_photo_is_refused_in_one_line(tmp_path: Path) -> None:
    whole = photo_bytes(Made(size=(64, 48)))
    liar = bytearray(whole)
    at = whole.index(b"\xff\xc0") + 5
    liar[at : at + 4] = b"\xff\xff\xff\xff"
    for data, said in (
        (b"", "neither JPEG nor TIFF"),
        (b"<VRTDataset/>", "neither JPEG nor TIFF"),
        (b"II*\0\x08\0\0\0", "states no size"),
        (whole[:300], "cut short"),
        (bytes(liar), "claims 65535 x 65535"),
    ):
        with pytest.raises(SceneError, match=said) as refusal:
            of_bytes(tmp_path, data)
        assert "\n" not in str(refusal.value) and str(tmp_path) not in str(refusal.value)
    with pytest.raises(SceneError, match="cannot be read"):
        read_photo(tmp_path / "none.jpg", "none.jpg")


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_damage_anywhere_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["JPEG", "TIFF"]))
    made = Made(size=(24, 16), pixels=np.zeros((16, 24, 3), np.uint8))
    whole = bytearray(photo_bytes(made, kind))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, min(len(whole), 2500) - 1))] = data.draw(st.integers(0, 255))
    del whole[data.draw(st.integers(1, len(whole))) :]
    try:
        photo = of_bytes(tmp_path, bytes(whole))
    except SceneError:
        return
    assert photo.lon is None or -180 <= photo.lon <= 180
    assert photo.lat is None or -90 <= photo.lat <= 90


@pytest.mark.skipif(SHARED is None, reason="needs HONGXIAN_SHARED_DATA")
def test_the_real_frames() -> None:
    folder = Path(SHARED or "") / "drone-flight"
    photos = [read_photo(path, path.name) for path in sorted(folder.glob("*.JPG"))]
    assert [photo.height_m for photo in photos] == [40.0, 40.1, 40.0]
    assert {photo.model for photo in photos} == {"FC300S"}
    assert photos[0].lon == pytest.approx(-91.993826, abs=1e-6)
    assert photos[0].focal_px == pytest.approx(2329, abs=1)
    assert photos[0].taken == datetime(2016, 6, 23, 16, 32, 50)  # noqa: DTZ001


def _jpeg(segment: bytes) -> bytes:
    frame = b"\xff\xc0\0\x0b\x08\0\x10\0\x10\x01\x01\x11\0"
    start = b"\xff\xd8\xff\xe1" + struct.pack(">H", len(segment) + 2)
    return start + segment + frame + b"\xff\xda\0\x02"
