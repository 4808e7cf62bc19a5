"""One contract on every depot: what was settled is there for any process, the rest is nothing."""

import hashlib
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import run
from tempfile import TemporaryDirectory

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


def test_an_original_stays_whatever_its_upload_becomes(new_depot: Callable[[], Depot]) -> None:
    depot = new_depot()
    part = sent(depot, NEW, DATA[:100])
    sha256 = hashlib.sha256(DATA).hexdigest()
    depot.assemble(sent(depot, part, DATA[100:], "w2"), sha256, lambda: None)
    again = sent(new_depot(), part, b"other bytes", "w3")  # its row never heard that it was whole
    assert read(depot, sha256) == DATA
    assert b"".join(depot.read_arrived(again, 0)) == DATA[:100] + b"other bytes"
    depot.assemble(sent(depot, part, DATA[100:], "w4"), sha256, lambda: None)
    depot.drop("u-1")
    assert (read(depot, sha256), depot.size_of(sha256)) == (DATA, len(DATA))
    assert list(depot.under_way()) == []


def test_an_upload_that_lost_bytes_becomes_no_original(depot: Depot) -> None:
    arrived = sent(depot, sent(depot, NEW, b"first"), b" second", "w2")
    depot.drop("u-1")
    with pytest.raises(ShortError):
        depot.assemble(arrived, "00" * 32, lambda: None)
    assert not depot.has("00" * 32)


def test_a_damaged_original_is_replaced(depot: Depot) -> None:
    sha256 = hashlib.sha256(DATA).hexdigest()
    depot.assemble(sent(depot, NEW, DATA[:4]), sha256, lambda: None)  # as a disk may leave it
    assert depot.size_of(sha256) == 4
    depot.assemble(sent(depot, NEW, DATA), sha256, lambda: None)
    assert read(depot, sha256) == DATA


_AS_ANYBODY = """
import os, sys
from pathlib import Path
from leads.uploads.depot import Arrived
from leads.uploads.local_depot import LocalDepot

os.getuid() or os.setuid(65534)
depot = LocalDepot(Path(sys.argv[1]))
def sent(arrived, data):
    into = depot.append_to(arrived, "w")
    into.append([data])
    arrived = into.settle()
    into.close()
    return arrived
part = sent(Arrived("u-1", 0), b"0123")
depot.assemble(sent(part, b"456789"), "ab" * 32, lambda: None)
whole = sent(part, b"456789")
assert b"".join(depot.read("ab" * 32)) == b"0123456789"
depot.assemble(whole, "ab" * 32, lambda: None)
"""


def test_who_is_not_root_goes_on_with_what_became_an_original() -> None:
    with TemporaryDirectory() as folder:  # others cannot enter the folders of tests
        Path(folder).chmod(0o777)
        command = [sys.executable, "-c", _AS_ANYBODY, folder]
        run(command, check=True, cwd=Path(__file__).parents[3])  # noqa: S603


def test_a_disk_without_second_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    depot = LocalDepot(tmp_path)
    sha256 = whole(depot)
    depot.assemble(Arrived("u-1", len(DATA)), sha256, lambda: None)
    with pytest.raises(ShortError, match="0 of 100"):
        depot.append_to(Arrived("u-1", 100), "w")
    assert read(depot, sha256) == DATA


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
    now = datetime.now(UTC)
    assert list(depot.under_way(now - timedelta(hours=1))) == []
    assert list(depot.under_way(now + timedelta(hours=1))) == ["u-2"]


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
