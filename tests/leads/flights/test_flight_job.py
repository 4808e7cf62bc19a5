"""From an uploaded flight to a scene and its run; or refused, with nothing lost."""

import json
import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from leads.custody.chain import verify
from leads.domain.flight import FileKind, FlightAction, FlightState, Product
from leads.domain.job import RUN, JobState
from leads.flights.flight_image import Maker
from leads.flights.take_back import withdraw_flight
from leads.store.engine import reading, writing
from leads.store.flight_events import custody
from leads.store.flight_files import files_of, known_files
from leads.store.scenes import scene
from tests.fakes.photos import lines, write_flight
from tests.leads.flights.made_flyer import (
    CORNER,
    OTHER,
    PILOT,
    Field,
    ground,
    orthophoto,
    zipped,
)
from tiles.drone.preview import PREVIEW_FILE


@pytest.fixture
def field(store: Engine, tmp_path: Path) -> Field:
    made = Field(store, tmp_path / "data")
    made.add_people()
    return made


def actions(field: Field, flight_id: str) -> list[FlightAction]:
    with reading(field.store) as connection:
        chain = custody(connection, flight_id)
    return [link.event.action for link in chain]


def test_a_flight_over_new_ground_is_kept_and_the_next_is_compared_with_it(
    field: Field, tmp_path: Path
) -> None:
    first = field.flown(orthophoto(tmp_path / "a" / "2026-05-02.tif", ground()))
    assert first.state is FlightState.KEPT and "no earlier image" in str(first.reason)
    assert first.product is Product.ORTHOPHOTO and first.gsd_m == pytest.approx(0.25)
    later = orthophoto(tmp_path / "b" / "2026-11-26.tif", ground(heap=True), east=4.0, north=-2.5)
    second = field.flown(later)
    assert second.state is FlightState.QUEUED, second.reason
    assert second.before_scene_id == first.scene_id
    placing = dict(second.placing or {})
    assert placing["applied"] and placing["east_m"] == pytest.approx(-4.0, abs=0.2)
    with reading(field.store) as connection:
        known = scene(connection, str(second.scene_id))
        old = scene(connection, str(first.scene_id))
    assert str(known.date) == "2026-11-26" and known.kind == "optical"
    run = field.job(second.run_job_id)
    assert run.kind == RUN and run.state is JobState.QUEUED
    assert (run.payload["before"], run.payload["after"]) == (old.folder, known.folder)
    item = json.loads((Path(str(known.folder)) / "item.json").read_text("utf-8"))
    said = item["properties"]
    assert said["hongxian:flight"] == second.flight_id
    assert said["hongxian:product"] == "orthophoto"
    assert (Path(str(known.folder)) / PREVIEW_FILE).stat().st_size > 200
    names = {path.name for path in Path(str(known.folder)).iterdir()}
    assert {"bands.tif", "item.json", "preview.webp", "sight.bin"} <= names
    assert not any(name.startswith(".") or name == "image" for name in names)
    assert actions(field, second.flight_id) == [
        FlightAction.OPENED, FlightAction.RECEIVED, FlightAction.COMPLETED, FlightAction.CHECKED,
        FlightAction.MADE, FlightAction.PLACED, FlightAction.HANDED_OVER,
    ]  # fmt: skip
    with reading(field.store) as connection:
        verify(custody(connection, second.flight_id))
    assert CORNER[0] > 0


def test_an_archive_is_unpacked_and_its_bytes_are_the_original(
    field: Field, tmp_path: Path
) -> None:
    image = orthophoto(tmp_path / "2026-11-26.tif", ground())
    packed = zipped(tmp_path / "成果.zip", {"正射/2026-11-26.tif": image})
    row = field.flown(packed)
    assert row.state is FlightState.KEPT, row.reason
    with reading(field.store) as connection:
        files = {file.name: file for file in files_of(connection, row.flight_id)}
    inside = files["成果.zip/正射/2026-11-26.tif"]
    assert inside.archive == "成果.zip" and inside.kind is FileKind.ORTHOPHOTO
    assert files["成果.zip"].kind is FileKind.ARCHIVE
    assert b"".join(field.depot.read(files["成果.zip"].sha256)) == packed.read_bytes()
    assert b"".join(field.depot.read(inside.sha256)) == image.read_bytes()


def test_what_cannot_be_used_is_refused_and_nothing_is_lost(field: Field, tmp_path: Path) -> None:
    path = tmp_path / "2026-11-26.tif"
    path.write_bytes(b"II*\0 no image at all")
    row = field.flown(path)
    assert row.state is FlightState.REFUSED and "正射影像不能用：2026-11-26.tif" in str(row.reason)
    assert (row.report or {})["findings"][0]["code"] == "ortho_refused"
    with reading(field.store) as connection:
        (file,) = files_of(connection, row.flight_id)
    assert file.kind is FileKind.REFUSED and "2026-11-26.tif" in str(file.facts)
    assert field.depot.has(file.sha256)
    assert field.job(row.job_id).state is JobState.DONE
    assert actions(field, row.flight_id)[-1] is FlightAction.REFUSED
    assert str(tmp_path) not in str(row.reason) + str(file.facts)
    log = tmp_path / "flight.txt"
    log.write_text("a log alone")
    assert "没有可用的照片" in str(field.flown(log).reason)


def test_a_day_nobody_knows_is_asked_for_before_an_image_is_made(
    field: Field, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = orthophoto(tmp_path / "ortho.tif", ground())
    with monkeypatch.context() as nothing_made:
        nothing_made.delattr(Maker, "make")
        row = field.flown(image)
    assert row.state is FlightState.REFUSED and "day" in str(row.reason)
    again = field.flown(image, flown=field.now)
    assert again.state is FlightState.KEPT, again.reason


def test_a_day_to_come_is_refused(field: Field, tmp_path: Path) -> None:
    row = field.flown(orthophoto(tmp_path / "2027-03-01.tif", ground()))
    assert row.state is FlightState.REFUSED and "a day to come" in str(row.reason)


def test_the_same_flight_twice_is_refused_and_named(field: Field, tmp_path: Path) -> None:
    image = orthophoto(tmp_path / "2026-11-26.tif", ground())
    first = field.flown(image, name="上午")
    second = field.flown(image, name="again")
    assert second.state is FlightState.REFUSED
    assert f"{first.flight_id}（上午）" in str(second.reason)
    assert field.row(first.flight_id).state is FlightState.KEPT


def test_a_flight_that_was_handed_in_before_is_found_however_it_is_packed(
    field: Field, tmp_path: Path
) -> None:
    image = orthophoto(tmp_path / "2026-11-26.tif", ground())
    (log := tmp_path / "flight.txt").write_text("a log more")
    first = field.flown(image, name="上午")
    with_log = field.flown(image, log)
    packed = field.flown(zipped(tmp_path / "all.zip", {"a/2026-11-26.tif": image}))
    of_another = field.flown(image, actor=OTHER)
    for row in (with_log, packed, of_another):
        assert row.state is FlightState.REFUSED and row.scene_id is None
    assert f"{first.flight_id}（上午）" in str(with_log.reason)
    assert f"{first.flight_id}（上午）" in str(packed.reason)
    assert first.flight_id not in str(of_another.report) and "上午" not in str(of_another.report)
    assert "a flight of another" in str(of_another.reason)
    with writing(field.store) as connection:
        withdraw_flight(connection, first.flight_id, "传错了", PILOT, field.now)
    assert field.flown(image, log).state is FlightState.KEPT, "what was taken back does not count"


def test_photos_that_another_flight_has_are_told(field: Field, tmp_path: Path) -> None:
    paths = write_flight(tmp_path / "all", lines(2, 4))
    first = field.take_in(*paths[:4])
    field.now += timedelta(minutes=1)
    again = field.take_in(*paths[:4], log_beside(tmp_path))
    field.now += timedelta(minutes=1)
    more = field.take_in(*paths)
    with reading(field.store) as connection:
        known = [set(known_files(connection, one.flight_id).values()) for one in (first, again)]
        shared = known_files(connection, more.flight_id)
    assert known == [set(), {first.flight_id}]
    assert len(shared) == 4 and set(shared.values()) <= {first.flight_id, again.flight_id}


def log_beside(folder: Path) -> Path:
    """A file that is no photo."""
    (path := folder / "beside.txt").write_text("log")
    return path


def test_names_in_gbk_on_the_disk_are_kept_as_they_read(field: Field, tmp_path: Path) -> None:
    image = orthophoto(tmp_path / "2026-11-26.tif", ground())
    folder = os.fsencode(tmp_path) + b"/" + "航线".encode("gbk")
    os.mkdir(folder)  # noqa: PTH102 (bytes)
    shutil.copy(image, folder + b"/" + "正射20261126".encode("gbk") + b".tif")
    shutil.copy(image, folder + b"/\xff\xff.bin")
    row = field.flown(Path(os.fsdecode(folder)), name="航线")
    assert row.state is FlightState.KEPT, row.reason
    with reading(field.store) as connection:
        names = {file.name for file in files_of(connection, row.flight_id)}
    assert "正射20261126.tif" in names and len(names) == 2
    assert all(name.encode() for name in names)


def test_an_earlier_image_that_is_damaged_is_passed_over(field: Field, tmp_path: Path) -> None:
    oldest = field.flown(orthophoto(tmp_path / "a" / "2026-03-02.tif", ground()))
    older = field.flown(orthophoto(tmp_path / "b" / "2026-05-02.tif", ground(heap=True)))
    with reading(field.store) as connection:
        bands = Path(str(scene(connection, str(older.scene_id)).folder)) / "bands.tif"
    whole = bands.read_bytes()
    bands.chmod(0o600)
    bands.write_bytes(whole[: len(whole) // 8] + b"\xff" * (len(whole) * 7 // 8))
    row = field.flown(orthophoto(tmp_path / "c" / "2026-11-26.tif", ground(), east=2.0))
    assert row.state is FlightState.QUEUED, row.reason
    assert row.before_scene_id == oldest.scene_id
