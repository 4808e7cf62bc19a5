"""Flights whose jobs wait: for NodeODM, for room on the disk; and those taken back meanwhile."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import Engine

from geo.errors import ConflictError, SourceError
from leads.domain.flight import FlightState, Product
from leads.domain.job import JobState
from leads.flights import flight_image
from leads.flights.nodeodm import NodeOdm
from leads.flights.take_back import withdraw_flight
from leads.run.jobs.disk_guard import DiskGuard
from leads.store.engine import writing
from leads.store.flights import try_again
from tests.fakes.nodeodm import FakeNodeOdm, served
from tests.leads.flights.made_flyer import PILOT, Field, ground, orthophoto
from tiles.drone.made import Made
from tiles.drone.ortho_cog import make_orthophoto
from tiles.drone.orthophoto import look_at_raster

FLOWN = datetime(2026, 11, 26, 2, tzinfo=UTC)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return orthophoto(tmp_path / "made" / "2026-11-26.tif", ground())


@pytest.fixture
def fake(image: Path) -> Iterator[FakeNodeOdm]:
    with served(FakeNodeOdm(lambda _: image.read_bytes())) as server:
        yield server


@pytest.fixture
def field(store: Engine, tmp_path: Path, fake: FakeNodeOdm) -> Field:
    made = Field(store, tmp_path / "data", NodeOdm(fake.address, timeout_s=(2.0, 5.0)))
    made.add_people()
    return made


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, image: Path) -> Path:
    """Two frames that look down; a quick look of them is the same image."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for n in range(2):
        exif = Image.Exif()
        exif[0x010F], exif[0x0110] = "DJI", "FC3582"
        exif.get_ifd(0x8825).update(
            {1: "N", 2: (31.0, 12.0, float(n)), 3: "E", 4: (121.0, 30.0, 0.0), 5: b"\0", 6: 80.0}
        )
        picture = io.BytesIO()
        Image.new("RGB", (64, 48), (90, 120, 60)).save(picture, "JPEG", exif=exif)
        (folder / f"DJI_{n}.JPG").write_bytes(picture.getvalue())

    def quick(_photos: object, work: Path, *_: object) -> Made:
        return make_orthophoto((look_at_raster(str(image), "quick"),), work)

    monkeypatch.setattr(flight_image, "quick_look", quick)
    return folder


def pass_by(field: Field, **spans: float) -> None:
    field.now += timedelta(**spans)
    field.work()


def test_no_worker_waits_while_nodeodm_computes(
    field: Field, fake: FakeNodeOdm, photos: Path
) -> None:
    row = field.take_in(photos, flown=FLOWN)
    assert field.work() == 1, "one look, then the job rests"
    job = field.job(row.job_id)
    assert job.state is JobState.QUEUED and job.attempts == 0 and job.not_before > field.now
    assert "33 % done" in str(field.row(row.flight_id).reason)
    assert field.work() == 0
    pass_by(field, seconds=31)
    pass_by(field, seconds=31)
    row = field.row(row.flight_id)
    assert row.state is FlightState.KEPT and row.product is Product.ODM, row.reason
    assert fake.counts["upload"] == 2 and len(fake.removed) == 1


@pytest.mark.slow
def test_where_nodeodm_fails_a_quick_look_is_made_and_says_why(
    field: Field, fake: FakeNodeOdm, photos: Path
) -> None:
    fake.fails, fake.looks = "Not enough overlap", 0
    row = field.flown(photos, flown=FLOWN)
    assert row.product is Product.QUICK_LOOK and "Not enough overlap" in str(row.reason)


@pytest.mark.slow
def test_a_server_that_is_away_is_waited_for(field: Field, fake: FakeNodeOdm, photos: Path) -> None:
    fake.faults.extend(["500"] * 3)
    fake.looks = 0
    row = field.take_in(photos, flown=FLOWN)
    for _ in range(4):
        pass_by(field, minutes=6)
    assert field.row(row.flight_id).product is Product.ODM
    assert field.job(row.job_id).attempts == 1


def test_a_token_that_changed_meanwhile_does_not_fail_an_image_that_is_made(
    field: Field, fake: FakeNodeOdm, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.looks = 0
    kept = flight_image.keep_fetched

    def keep_and_change(*done: Any) -> None:  # noqa: ANN401
        kept(*done)
        fake.token = "another"  # noqa: S105

    monkeypatch.setattr(flight_image, "keep_fetched", keep_and_change)
    row = field.flown(photos, flown=FLOWN)
    assert row.state is FlightState.KEPT and row.product is Product.ODM, row.reason
    assert fake.removed == []


def test_a_flight_that_is_taken_back_cancels_its_task(
    field: Field, fake: FakeNodeOdm, photos: Path
) -> None:
    row = field.take_in(photos, flown=FLOWN)
    field.work()
    assert len(fake.tasks) == 1
    with writing(field.store) as connection:
        withdraw_flight(connection, row.flight_id, "传错了", PILOT, field.now)
    field.work()
    assert fake.tasks == {} and field.job(row.job_id).state is JobState.DONE
    assert field.row(row.flight_id).state is FlightState.WITHDRAWN
    assert not list((field.folder / "flights").glob(".work/*"))


@pytest.mark.slow
def test_a_full_disk_is_waited_out(
    field: Field, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = field.take_in(image)
    with monkeypatch.context() as full:
        full.setattr(Field, "guard", DiskGuard((field.folder,), 1e9))
        field.work()
    assert field.job(row.job_id).state is JobState.QUEUED
    assert field.job(row.job_id).attempts == 0
    assert "GB free" in str(field.row(row.flight_id).reason)
    pass_by(field, hours=1.1)
    assert field.row(row.flight_id).state is FlightState.KEPT


@pytest.mark.slow
def test_a_flight_that_fails_each_time_is_broken_and_can_be_tried_again(
    field: Field, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = field.take_in(image)
    with monkeypatch.context() as failing:

        def fail(*_: object) -> None:
            raise SourceError("the depot is away")

        failing.setattr(flight_image, "make_orthophoto", fail)
        for _ in range(8):
            pass_by(field, minutes=11)
    broken = field.row(row.flight_id)
    assert broken.state is FlightState.BROKEN and broken.reason == "the depot is away"
    assert field.job(row.job_id).state is JobState.FAILED
    with writing(field.store) as connection:
        try_again(connection, row.flight_id, field.now)
    field.work()
    assert field.row(row.flight_id).state is FlightState.KEPT
    with writing(field.store) as connection, pytest.raises(ConflictError):
        try_again(connection, row.flight_id, field.now)
