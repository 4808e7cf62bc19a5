"""Whatever requests are cut or dropped: the bytes and SHA-256 that were sent."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from geo.errors import (
    ChecksumError,
    ConflictError,
    LeaseLostError,
    StoreError,
)
from leads.domain.upload import UploadState
from leads.store import upload_steps as steps
from leads.store.engine import writing
from leads.store.upload_steps import end_upload
from leads.store.uploads import Asked, UploadRow, keep_refused, load, open_upload
from leads.uploads.depot import Depot
from leads.uploads.local_depot import LocalDepot
from leads.uploads.receipt import Checksum, Hashes
from tests.leads.uploads.sending import (
    LIMITS,
    NOW,
    PILOT,
    flight,
    now,
    receipt,
    send,
    store_gone,
    upload,
    whole,
)

CALM = settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])

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


def test_the_name_that_was_sent_tells_a_double(store: Engine, depot: Depot) -> None:
    own = flight(store)
    names = ("a (2).jpg", "a (2).jpg", "a.jpg", "a.jpg", "A.JPG")
    came = [whole(store, depot, own, b"one", name) for name in names]
    told = [(row.state, row.name) for row in came]
    assert told[:3] == [("whole", "a (2).jpg"), ("doubled", "a (2).jpg"), ("whole", "a.jpg")]
    assert told[3:] == [("doubled", "a.jpg"), ("whole", "A (3).JPG")]


def test_an_original_outlives_a_store_that_went_away(
    store: Engine, new_depot: Callable[[], Depot]
) -> None:
    depot, own = new_depot(), flight(store)
    row = upload(store, own, 10)
    send(store, depot, row, b"0123")
    taking = receipt(store, depot, now(store, row.upload_id), Hashes())
    taking.begin(4)
    taking.take([b"456789"])
    with store_gone(), pytest.raises(StoreError):
        taking.end()
    taking.close()
    again = receipt(store, new_depot(), row, Hashes())
    again.begin(4)
    other = whole(store, depot, own, b"0123456789", "b.jpg")
    assert other.sha256 and b"".join(depot.read(other.sha256)) == b"0123456789"
    again.take([b"456789"])
    assert again.end().state == "whole"
    again.close()
    assert b"".join(depot.read(other.sha256)) == b"0123456789"


def test_lost_pieces_are_noticed_at_the_end(store: Engine, new_depot: Callable[[], Depot]) -> None:
    depot, hashes = new_depot(), Hashes()
    row = upload(store, flight(store), 10)
    for at, piece in ((0, b"0123"), (4, b"456789")):
        taking = receipt(store, depot, row, hashes)
        taking.begin(at)
        taking.take([piece])
        if at:
            depot.drop(row.upload_id)
            with pytest.raises(ConflictError, match="ask how far it is"):
                taking.end()
        else:
            taking.end()
        taking.close()
    gone = now(store, row.upload_id)
    assert (gone.received, gone.state, gone.sha256) == (0, "open", None)
    assert gone.reason and "went back to byte 0" in gone.reason
    taking = receipt(store, depot, row, hashes)
    taking.begin(0)
    taking.take([b"9876543210"])
    assert taking.end().sha256 == hashlib.sha256(b"9876543210").hexdigest()
    taking.close()


def test_what_was_known_before_an_upload_went_back_is_void(store: Engine, tmp_path: Path) -> None:
    depot, mine, others = LocalDepot(tmp_path), Hashes(), Hashes()
    row = upload(store, flight(store), 10)

    def go_on(at: int, data: bytes, hashes: Hashes) -> UploadRow:
        taking = receipt(store, depot, row, hashes)
        try:
            taking.begin(at)
            taking.take([data])
            return taking.end()
        finally:
            taking.close()

    go_on(0, b"01234", mine)
    (tmp_path / "incoming" / row.upload_id).write_bytes(b"01")
    with pytest.raises(ConflictError, match="2 of 5"):
        go_on(5, b"5", others)
    go_on(2, b"xyz", others)
    assert go_on(5, b"56789", mine).sha256 == hashlib.sha256(b"01xyz56789").hexdigest()


def test_only_the_writer_takes_an_upload_back(store: Engine, depot: Depot) -> None:
    row = upload(store, flight(store), 10)
    receipt(store, depot, row, Hashes()).begin(0)
    with writing(store) as connection, pytest.raises(LeaseLostError):
        steps.shrink(connection, row.arrived, 0, "stale", NOW)


def test_other_bytes_than_were_given_the_hash_of(store: Engine, depot: Depot) -> None:
    row = upload(store, flight(store), 3, sha256_given="0" * 64)
    with pytest.raises(ChecksumError, match="send it anew"):
        send(store, depot, row, b"one")
    assert now(store, row.upload_id).state == "corrupt"
    assert list(depot.under_way()) == []


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
        row, refused = open_upload(connection, PILOT, asked, lambda: None, LIMITS, NOW)
        told = keep_refused(connection, PILOT, Asked(None, "c", 1), "no such flight", NOW)
        held = load(connection, PILOT.account_id, 7)
    assert refused and row.state == "refused" and row.reason == refused.reason
    assert (told.state, told.reason, told.bytes_gone) == ("refused", "no such flight", True)
    assert (held.of_account, held.to_come, held.room) == (600_000_000, 600_000_000, 7)
