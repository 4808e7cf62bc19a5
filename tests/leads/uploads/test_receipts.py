"""Whatever requests are cut or dropped: the bytes and SHA-256 that were sent."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from geo.errors import ChecksumError, ConflictError, EndedError, LeaseLostError
from leads.domain.roles import Actor, Role
from leads.domain.upload import UploadState
from leads.store.engine import reading, writing
from leads.store.flights import complete, open_flight
from leads.store.upload_steps import end_upload
from leads.store.uploads import Asked, UploadRow, keep_refused, load, open_upload, upload_row
from leads.uploads.admission import Limits
from leads.uploads.depot import Arrived, Depot
from leads.uploads.local_depot import LocalDepot
from leads.uploads.receipt import Checksum, Hashes, Receipt
from leads.uploads.sweep import forget_original, sweep_uploads

PILOT = Actor("pilot-1", Role.DRONE_OPERATOR)
NOW = datetime(2026, 11, 26, 4, 30, tzinfo=UTC)
LIMITS = Limits(10**9, 10**9, 0)
WRITERS = count()
CALM = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def clock() -> datetime:
    return NOW


def flight(store: Engine, files: int | None = None) -> str:
    with writing(store) as connection:
        return open_flight(connection, PILOT, "堡镇", NOW, files_announced=files).flight_id


def upload(store: Engine, flight_id: str, size: int, name: str = "a.jpg", **more: str) -> UploadRow:
    asked = Asked(flight_id, name, size, **more)
    with writing(store) as connection:
        row, refused = open_upload(connection, PILOT, asked, None, LIMITS, NOW)
    assert refused is None
    return row


def receipt(
    store: Engine, depot: Depot, row: UploadRow, hashes: Hashes, checksum: Checksum | None = None
) -> Receipt:
    writer = f"w{next(WRITERS)}"
    return Receipt(store, depot, hashes, clock, PILOT, row.upload_id, writer, checksum)


def send(store: Engine, depot: Depot, row: UploadRow, data: bytes) -> UploadRow:
    taking = receipt(store, depot, row, Hashes())
    taking.begin(0)
    try:
        taking.take([data])
        return taking.end()
    finally:
        taking.close()


def whole(store: Engine, depot: Depot, flight_id: str, data: bytes, name: str) -> UploadRow:
    return send(store, depot, upload(store, flight_id, len(data), name), data)


def now(store: Engine, upload_id: str) -> UploadRow:
    with reading(store) as connection:
        return upload_row(connection, upload_id)


PIECES = st.lists(
    st.tuples(st.integers(0, 4000), st.sampled_from(["end", "drop", "killed", "corrupt"])),
    max_size=12,
)


@CALM
@given(data=st.binary(max_size=9000), pieces=PIECES, processes=st.lists(st.integers(0, 1)))
def test_bytes_come_through(
    sqlite_store: Engine, tmp_path: Path, data: bytes, pieces: list[tuple[int, str]],
    processes: list[int],
) -> None:  # fmt: skip
    depot = LocalDepot(tmp_path / "originals")
    known = [Hashes(), Hashes()]
    row = upload(sqlite_store, flight(sqlite_store), len(data))
    for turn, (size, how) in enumerate([*pieces, (len(data), "end")]):
        hashes = known[processes[turn] if turn < len(processes) else 0]
        row = now(sqlite_store, row.upload_id)
        if row.state is not UploadState.OPEN:
            break
        at = row.received
        piece = data[at : at + size]
        checksum = Checksum("sha256", b"x" * 32) if how == "corrupt" else None
        taking = receipt(sqlite_store, depot, row, hashes, checksum)
        taking.begin(at)
        with suppress(ChecksumError):
            taking.take([piece[:7], piece[7:]])
            if how == "drop":
                taking.settle()
            elif how != "killed":
                taking.end()
        taking.close()
        assert now(sqlite_store, row.upload_id).received >= at
    row = now(sqlite_store, row.upload_id)
    assert row.state is UploadState.WHOLE and row.received == len(data)
    assert row.sha256 == hashlib.sha256(data).hexdigest()
    assert b"".join(depot.read(row.sha256)) == data
    assert list(depot.under_way()) == []


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Engine:
    from leads.store.engine import connect  # noqa: PLC0415

    return connect(sqlite_url)


def test_the_newest_writer_wins(store: Engine, new_depot: Callable[[], Depot]) -> None:
    row = upload(store, flight(store), 10)
    old = receipt(store, new_depot(), row, Hashes())
    old.begin(0)
    old.take([b"01234"])
    old.settle()
    old.take([b"lost"])
    newer = receipt(store, new_depot(), row, Hashes())
    with suppress(ConflictError):
        newer.begin(5)  # a file is held until the old one knows
    with pytest.raises(LeaseLostError):
        old.tick()
    with pytest.raises(LeaseLostError):
        old.settle()
    old.close()
    newer.begin(5)
    newer.take([b"56789"])
    row = newer.end()
    newer.close()
    assert (row.state, row.sha256) == ("whole", hashlib.sha256(b"0123456789").hexdigest())
    with pytest.raises(ConflictError, match="at byte 10, not 5"):
        receipt(store, new_depot(), row, Hashes()).begin(5)


def test_a_flight_gets_its_files(store: Engine, depot: Depot) -> None:
    own = flight(store, files=3)
    first = whole(store, depot, own, b"one", "a.jpg")
    again = whole(store, depot, own, b"one", "a.jpg")
    other = whole(store, depot, own, b"two", "a.jpg")
    resent = whole(store, depot, own, b"two", "a.jpg")
    assert (first.state, first.name, first.same_as) == ("whole", "a.jpg", None)
    assert (again.state, again.same_as) == ("doubled", f"{own}/a.jpg")
    assert (other.state, other.name) == ("whole", "a (2).jpg")
    assert (resent.state, resent.same_as) == ("doubled", f"{own}/a (2).jpg")
    elsewhere = whole(store, depot, flight(store), b"one", "b.jpg")
    assert (elsewhere.state, elsewhere.same_as) == ("whole", f"{own}/a.jpg")
    late = upload(store, own, 4, "late.jpg")
    whole(store, depot, own, b"three", "c.jpg")  # the last one announced: the flight is complete
    with pytest.raises(ConflictError, match="its files stay as they are"):
        send(store, depot, late, b"late")
    assert now(store, late.upload_id).state == "refused"
    assert list(depot.under_way()) == []
    with writing(store) as connection, pytest.raises(ConflictError):
        end_upload(connection, first.upload_id, PILOT, NOW)


def test_what_is_withdrawn_is_gone_once_nobody_has_it(store: Engine, depot: Depot) -> None:
    own, other = flight(store), flight(store)
    first, second = (whole(store, depot, of, b"one", "a.jpg") for of in (own, other))
    assert first.sha256
    for row, gone in ((first, False), (second, True)):
        with writing(store) as connection:
            ended = end_upload(connection, row.upload_id, PILOT, NOW)
        assert ended.state == "ended" and ended.bytes_gone
        assert forget_original(store, depot, first.sha256) is gone
        assert depot.has(first.sha256) is not gone
    with writing(store) as connection:
        with pytest.raises(EndedError):
            end_upload(connection, first.upload_id, PILOT, NOW)
        with pytest.raises(ConflictError, match="0 of its files"):
            complete(connection, own, NOW, PILOT)
        assert load(connection, PILOT.account_id, None).of_account == 0
    assert whole(store, depot, own, b"better", "a.jpg").name == "a.jpg"


def test_other_bytes_than_were_given_the_hash_of(store: Engine, depot: Depot) -> None:
    row = upload(store, flight(store), 3, sha256_given="0" * 64)
    with pytest.raises(ChecksumError, match="send it anew"):
        send(store, depot, row, b"one")
    assert now(store, row.upload_id).state == "corrupt"
    assert list(depot.under_way()) == []


def test_what_lies_around_is_swept(store: Engine, depot: Depot) -> None:
    row = upload(store, flight(store), 10)
    send(store, depot, row, b"half")
    assert sweep_uploads(store, depot, clock) == 0
    later = NOW + timedelta(days=8)
    assert sweep_uploads(store, depot, lambda: later) == 1
    assert now(store, row.upload_id).state == "expired"
    assert list(depot.under_way()) == []
    with pytest.raises(EndedError, match="nothing came for 7 days"):
        receipt(store, depot, row, Hashes()).begin(4)


def test_copies_that_were_broken_off_are_swept(store: Engine, tmp_path: Path) -> None:
    depot = LocalDepot(tmp_path / "originals")
    busy = depot.append_to(Arrived("keep-1", 0), "")
    depot.append_to(Arrived("keep-2", 0), "").close()
    assert sweep_uploads(store, depot, clock) == 1
    assert list(depot.under_way()) == ["keep-1"]
    busy.close()


def test_what_a_power_cut_took_is_asked_for_again(store: Engine, tmp_path: Path) -> None:
    depot = LocalDepot(tmp_path / "originals")
    row = upload(store, flight(store), 10)
    send(store, depot, row, b"0123456")
    file = tmp_path / "originals" / "incoming" / row.upload_id
    file.write_bytes(b"0123")
    with pytest.raises(ConflictError, match="4 of 7 bytes are left"):
        receipt(store, depot, row, Hashes()).begin(7)
    taking = receipt(store, depot, row, Hashes())
    taking.begin(4)
    taking.take([b"456789"])
    assert taking.end().sha256 == hashlib.sha256(b"0123456789").hexdigest()
    taking.close()


def test_open_uploads_count_in_full_and_refused_ones_have_a_row(store: Engine) -> None:
    own = flight(store)
    upload(store, own, 600_000_000)
    with writing(store) as connection:
        asked = Asked(own, "b.zip", 500_000_000)
        row, refused = open_upload(connection, PILOT, asked, None, LIMITS, NOW)
        told = keep_refused(connection, PILOT, Asked(None, "c", 1), "no such flight", NOW)
        held = load(connection, PILOT.account_id, 7)
    assert refused and row.state == "refused" and row.reason == refused.reason
    assert (told.state, told.reason, told.bytes_gone) == ("refused", "no such flight", True)
    assert (held.of_account, held.to_come, held.room) == (600_000_000, 600_000_000, 7)
