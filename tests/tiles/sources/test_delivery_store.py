"""What lies below a root: every file, or why it is not looked at."""

import os
from pathlib import Path

import pytest

from tiles.sources.delivery_store import Entry, FolderStore, Refused


def told(root: Path) -> tuple[list[str], dict[str, str]]:
    """(keys of entries, reasons by where)."""
    found = list(FolderStore(root).entries())
    return (
        [one.key for one in found if isinstance(one, Entry)],
        {one.where: one.why for one in found if isinstance(one, Refused)},
    )


def test_nothing_is_passed_over_but_what_is_hidden(tmp_path: Path) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    deep = root / "1/2/3/4/5/6/7"
    deep.mkdir(parents=True)
    out.mkdir()
    for path in (deep / "x.tif", deep.parent / "six.tif", root / ".part" / "y.tif", out / "a.tif"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    (root / "mine").symlink_to(root / "1")
    (root / "theirs").symlink_to(out)
    (root / "theirs.tif").symlink_to(out / "a.tif")
    (root / "gone.tif").symlink_to(root / "not there.tif")
    os.mkfifo(root / "pipe")
    keys, why = told(root)
    assert keys == ["1/2/3/4/5/6/six.tif"]
    assert "6 folders deep" in why.pop("1/2/3/4/5/6/7") and "neither" in why.pop("pipe")
    assert "to nothing" in why.pop("gone.tif")
    assert sorted(why) == ["theirs", "theirs.tif"] and all("out of" in w for w in why.values())


def test_a_link_to_the_root_is_the_root(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.tif").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "b.tif").symlink_to(tmp_path / "real" / "a.tif")
    assert told(tmp_path / "link") == (["a.tif", "b.tif"], {})


def test_names_in_gbk_are_told_as_they_read(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/" + "高分二号".encode("gb18030")
    os.mkdir(folder)  # noqa: PTH102  (a Path of such a name is what is tested)
    with open(folder + b"/x.tif", "wb") as file:  # noqa: PTH123
        file.write(b"x")
    keys, why = told(tmp_path)
    assert keys == [] and list(why) == ["高分二号"] and "rename it to UTF-8" in why["高分二号"]


def test_a_folder_that_may_not_be_looked_into_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.tif").write_bytes(b"x")
    listed = os.scandir

    def denied(path: Path) -> object:
        if path.name == "a":
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(os, "scandir", denied)
    keys, why = told(tmp_path)
    assert keys == ["b/x.tif"] and "denied" in why["a"]
