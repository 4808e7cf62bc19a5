"""Archives: what is needed comes out flat; links, bombs and broken ones do not."""

import io
import tarfile
from pathlib import Path

import pytest

from geo.errors import SceneError, StoppedError
from tests.fakes.bundles import GF2
from tiles.sources import delivery_archive
from tiles.sources.delivery_archive import unpack
from tiles.sources.parts import PartsFolder


def packed(path: Path, *members: tuple[str, bytes], gbk: bool = False) -> Path:
    code = "gb18030" if gbk else "utf-8"
    with tarfile.open(path, "w:gz", encoding=code, format=tarfile.GNU_FORMAT) as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def nothing() -> None:
    pass


def test_only_what_names_say_comes_out_and_flat(tmp_path: Path) -> None:
    path = packed(
        tmp_path / "a.tar.gz",
        (f"上海/{GF2}-MSS1.tiff", b"pixels"),
        (f"../../../{GF2}-MSS1.rpb", b"rpc"),
        ("/etc/passwd", b"root"),
        (f"上海/{GF2}-MSS1_thumb.jpg", b"picture"),
        gbk=True,
    )
    parts = PartsFolder(tmp_path, {})
    entries, places = unpack(path, parts, nothing)
    assert {one.name for one in entries} == {f"{GF2}-MSS1.tiff", f"{GF2}-MSS1.rpb"} == set(places)
    assert places[f"{GF2}-MSS1.tiff"].read_bytes() == b"pixels"
    assert all(one.parent == parts.place for one in places.values())


def test_a_stop_costs_one_file(tmp_path: Path) -> None:
    members = [(f"{GF2}-{about}.tiff", b"x" * 5000) for about in ("MSS1", "PAN1")]
    path = packed(tmp_path / "a.tar.gz", *members)
    calls = []

    def stop() -> None:
        calls.append(1)
        if len(calls) == 2:
            raise StoppedError("told to")

    with pytest.raises(StoppedError):
        unpack(path, PartsFolder(tmp_path, {}), stop)
    unpack(path, PartsFolder(tmp_path, {}), stop)
    assert len(calls) == 3


def test_hostile_archives_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = tmp_path / "link.tar"
    with tarfile.open(link, "w") as tar:
        info = tarfile.TarInfo(f"{GF2}-MSS1.tiff")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(info)
    cases = {
        "link or a device": link,
        "more than images do": packed(tmp_path / "b.tgz", (f"{GF2}-MSS1.tiff", bytes(50_000_000))),
        "holds .* twice": packed(
            tmp_path / "t.tgz", (f"a/{GF2}-MSS1.xml", b"1"), (f"b/{GF2}-MSS1.xml", b"2")
        ),
    }
    cut = tmp_path / "cut.tgz"
    cut.write_bytes(cases["holds .* twice"].read_bytes()[:60])
    cases["damaged or cut short"] = cut
    for why, path in cases.items():
        with pytest.raises(SceneError, match=why):
            unpack(path, PartsFolder(tmp_path, {"a": why}), nothing)
    monkeypatch.setattr(delivery_archive, "MAX_MEMBERS", 1)
    many = packed(tmp_path / "m.tgz", ("a", b""), ("b", b""))
    with pytest.raises(SceneError, match="over 1 files"):
        unpack(many, PartsFolder(tmp_path, {}), nothing)
