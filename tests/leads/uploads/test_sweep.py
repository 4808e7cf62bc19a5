"""What uploads leave behind goes, and what somebody owns stays."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from geo.errors import (
    ConflictError,
    EndedError,
    NotFoundError,
)
from leads.store.engine import writing
from leads.store.flights import complete, set_flight
from leads.store.upload_steps import end_upload
from leads.store.uploads import Asked, keep_refused, load
from leads.uploads import sweep
from leads.uploads.depot import Arrived, Depot
from leads.uploads.forget import forget_original
from leads.uploads.local_depot import LocalDepot
from leads.uploads.receipt import Hashes
from leads.uploads.sweep import sweep_uploads
from tests.leads.uploads.sending import (
    NOW,
    PILOT,
    broken_off,
    clock,
    flight,
    now,
    receipt,
    send,
    upload,
    whole,
)


def test_originals_of_nobody_are_swept(store: Engine, depot: Depot) -> None:
    own = flight(store)
    kept, lost = (upload(store, own, 3, name) for name in ("a.jpg", "b.jpg"))
    nobodys = broken_off(store, depot, lost, b"two")
    somebodys = broken_off(store, depot, kept, b"one")
    whole(store, depot, own, b"one", "c.jpg")
    sweep_uploads(store, depot, clock)
    assert depot.has(nobodys)
    sweep_uploads(store, depot, lambda: NOW + timedelta(days=2))
    assert depot.has(somebodys) and not depot.has(nobodys)


def test_a_flight_that_closes_at_the_end_leaves_no_original(store: Engine, depot: Depot) -> None:
    own = flight(store)
    row = upload(store, own, 3)
    taking = receipt(store, depot, row, Hashes())
    taking.begin(0)
    taking.take([b"one"])
    with writing(store) as connection:
        set_flight(connection, own, NOW, state="received")
    with pytest.raises(ConflictError):
        taking.end()
    taking.close()
    assert now(store, row.upload_id).state == "refused"
    assert not depot.has(hashlib.sha256(b"one").hexdigest())


def test_rows_and_pieces_of_nobody_go_in_time(store: Engine, depot: Depot) -> None:
    with writing(store) as connection:
        old = keep_refused(connection, PILOT, Asked(None, "a", 1), "no such flight", NOW)
    strange = depot.append_to(Arrived("u-strange", 0), "w")
    strange.append([b"x"])
    strange.settle()
    strange.close()
    sweep_uploads(store, depot, lambda: datetime.now(UTC))
    assert list(depot.under_way()) == ["u-strange"]
    sweep_uploads(store, depot, lambda: datetime.now(UTC) + timedelta(days=40))
    assert list(depot.under_way()) == []
    with pytest.raises(NotFoundError):
        now(store, old.upload_id)


def test_many_that_are_late_expire_at_once(
    store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "BATCH", 2)
    own = flight(store)
    rows = [upload(store, own, 3, f"{number}.jpg") for number in range(5)]
    sweep_uploads(store, LocalDepot(tmp_path), lambda: NOW + timedelta(days=8))
    assert {now(store, row.upload_id).state for row in rows} == {"expired"}


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
