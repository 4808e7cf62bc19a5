"""One contract on every depot: what was settled is there for any process, the rest is nothing."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from geo.errors import HeldError, InputError, NotFoundError
from leads.uploads.depot import Arrived, Depot
from leads.uploads.local_depot import LocalDepot
from leads.uploads.open_depot import open_depot
from leads.uploads.s3_depot import S3Depot
from leads.uploads.short import ShortError

NEW = Arrived("u-1", 0)
DATA = bytes(range(256)) * 1000


def sent(depot: Depot, arrived: Arrived, data: bytes, writer: str = "w1") -> Arrived:
    into = depot.append_to(arrived, writer)
    try:
        into.append([data[:10], data[10:]])
        return into.settle()
    finally:
        into.close()


def whole(depot: Depot, data: bytes = DATA) -> str:
    arrived = sent(depot, NEW, data)
    sha256 = hashlib.sha256(data).hexdigest()
    depot.assemble(arrived, sha256, lambda: None)
    return sha256


def read(depot: Depot, sha256: str, start: int = 0, stop: int | None = None) -> bytes:
    return b"".join(depot.read(sha256, start, stop))


def test_pieces_become_an_original(new_depot: Callable[[], Depot], tmp_path: Path) -> None:
    depot = new_depot()
    arrived = sent(depot, NEW, DATA[:100])
    arrived = sent(new_depot(), arrived, DATA[100:], "w2")
    assert arrived.size == len(DATA)
    assert b"".join(new_depot().read_arrived(arrived, 90)) == DATA[90:]
    sha256 = hashlib.sha256(DATA).hexdigest()
    assert not depot.has(sha256)
    depot.assemble(arrived, sha256, lambda: None)
    depot.assemble(arrived, sha256, lambda: None)
    depot.drop("u-1")
    assert new_depot().has(sha256) and list(depot.under_way()) == []
    assert read(depot, sha256) == DATA
    assert read(depot, sha256, 5, 300) == DATA[5:300]
    assert read(depot, sha256, 7, 7) == b""
    assert read(depot, sha256, len(DATA) - 3, len(DATA) + 9) == DATA[-3:]
    path = depot.local_path(sha256, tmp_path / "scratch")
    assert path.read_bytes() == DATA and path.stat().st_mode & 0o222 == 0
    assert depot.local_path(sha256, tmp_path / "scratch") == path


def test_what_was_not_settled_is_nothing(new_depot: Callable[[], Depot]) -> None:
    depot = new_depot()
    arrived = sent(depot, NEW, b"first")
    lost = depot.append_to(arrived, "w1")
    lost.append([b"of a dropped link"])
    lost.close()
    arrived = sent(new_depot(), arrived, b" second", "w2")
    assert b"".join(depot.read_arrived(arrived, 0)) == b"first second"


def test_what_a_stale_writer_settles_counts_for_nothing(depot: Depot) -> None:
    arrived = sent(depot, NEW, b"first")
    sent(depot, arrived, b" stale", "w1")
    arrived = sent(depot, arrived, b" second", "w2")
    assert b"".join(depot.read_arrived(arrived, 0)) == b"first second"


def test_less_than_the_row_says_is_told(depot: Depot) -> None:
    arrived = sent(depot, NEW, b"first")
    depot.drop("u-1")
    with pytest.raises(ShortError, match="0 of 5 bytes"):
        list(depot.read_arrived(arrived, 0))


def test_originals_are_taken_in_and_removed(depot: Depot, tmp_path: Path) -> None:
    file = tmp_path / "a.tif"
    file.write_bytes(DATA)
    sha256, size = depot.keep(file)
    assert (sha256, size) == (hashlib.sha256(DATA).hexdigest(), len(DATA))
    assert depot.keep(file) == (sha256, size) and file.exists()
    depot.remove(sha256)
    depot.remove(sha256)
    assert not depot.has(sha256)
    for failing in (lambda: read(depot, sha256), lambda: depot.local_path(sha256, tmp_path / "s")):
        with pytest.raises(NotFoundError, match="upload it again"):
            failing()


def test_nothing_is_a_file_as_well(depot: Depot) -> None:
    sha256 = whole(depot, b"")
    assert depot.has(sha256) and read(depot, sha256) == b""


def test_uploads_under_way_are_listed(depot: Depot) -> None:
    sent(depot, NEW, b"x")
    sent(depot, Arrived("u-2", 0), b"y")
    assert list(depot.under_way()) == ["u-1", "u-2"]
    depot.drop("u-1")
    depot.drop("u-1")
    assert list(depot.under_way()) == ["u-2"]


def test_one_writer_holds_a_file(tmp_path: Path) -> None:
    depot = LocalDepot(tmp_path)
    first = depot.append_to(NEW, "w1")
    with pytest.raises(HeldError, match="another connection"):
        LocalDepot(tmp_path).append_to(NEW, "w2")
    first.close()
    depot.append_to(NEW, "w2").close()
    assert depot.room() > 0


def test_the_settings_choose_the_depot(tmp_path: Path) -> None:
    assert isinstance(open_depot("", tmp_path), LocalDepot)
    assert isinstance(open_depot(str(tmp_path / "o"), tmp_path), LocalDepot)
    assert isinstance(open_depot("s3://bucket/a/b", tmp_path), S3Depot)
    with pytest.raises(InputError, match="HONGXIAN_ORIGINALS"):
        open_depot("gs://bucket", tmp_path)
