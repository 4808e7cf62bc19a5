"""Archives of a flight: all files come out under their names, or the archive is refused."""

import zipfile
from pathlib import Path

import pytest

from geo.errors import SceneError, StoppedError
from tiles.files import unpack_images as module
from tiles.files.archive import Caps
from tiles.files.unpack_images import unpack_images

PHOTO = b"\xff\xd8 not looked at"


def packed(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def names(path: Path, room: Path) -> list[str]:
    found = unpack_images(path, room, path.name)
    assert all(one.path.read_bytes() == PHOTO for one in found)
    assert all(room in one.path.parents for one in found)
    return [one.name for one in found]


def test_all_files_come_out_sorted_without_what_is_hidden(tmp_path: Path) -> None:
    members = ["DCIM/b.JPG", "DCIM/a.JPG", "log.txt", "__MACOSX/a.JPG", ".DS_Store"]
    path = packed(tmp_path / "f.zip", dict.fromkeys(members, PHOTO))
    assert names(path, tmp_path / "room") == ["DCIM/a.JPG", "DCIM/b.JPG", "log.txt"]


def test_names_in_gbk_without_a_word_of_it(tmp_path: Path) -> None:
    raw = "航线一/照片.JPG".encode("gb18030")
    path = packed(tmp_path / "g.zip", {"x" * len(raw): PHOTO})
    path.write_bytes(path.read_bytes().replace(b"x" * len(raw), raw))
    assert names(path, tmp_path / "room") == ["航线一/照片.JPG"]


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"../evil.jpg": PHOTO}, "leads out"),
        ({"/etc/evil.jpg": PHOTO}, "leads out"),
        ({"C:\\evil.jpg": PHOTO}, "leads out"),
        ({"a\\..\\..\\evil.jpg": PHOTO}, "leads out"),
        ({"a.jpg": PHOTO, "more.zip": b"PK"}, "inside an archive"),
        ({"bomb.jpg": bytes(8 << 20)}, "swells"),
        ({"a.jpg": PHOTO, "./a.jpg": PHOTO}, "two members"),
    ],
)
def test_what_is_not_to_be_trusted_is_refused(
    tmp_path: Path, members: dict[str, bytes], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CAPS", Caps(4 << 20, 100, 1 << 16, 200))
    path = packed(tmp_path / "bad.zip", members)
    with pytest.raises(SceneError, match=said) as refusal:
        unpack_images(path, tmp_path / "room", "飞行.zip")
    assert "\n" not in str(refusal.value) and "飞行.zip" in str(refusal.value)
    assert not list(tmp_path.rglob("evil*"))


def test_links_crowds_damage_and_what_is_no_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = zipfile.ZipInfo("a.jpg")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(SceneError, match="is a link"):
        unpack_images(tmp_path / "link.zip", tmp_path / "1", "link.zip")
    cut = packed(tmp_path / "cut.zip", {"a.jpg": PHOTO * 100}).read_bytes()
    for data in (cut[:-30], b"", b"\xff\xd8"):
        (tmp_path / "cut.zip").write_bytes(data)
        with pytest.raises(SceneError, match="broken archive"):
            unpack_images(tmp_path / "cut.zip", tmp_path / "2", "cut.zip")
    monkeypatch.setattr(module, "CAPS", Caps(1 << 20, 2, 1 << 16, 200))
    crowd = packed(tmp_path / "crowd.zip", dict.fromkeys(["a", "b", "c"], PHOTO))
    with pytest.raises(SceneError, match="3 members"):
        unpack_images(crowd, tmp_path / "3", "crowd.zip")


def test_it_can_be_stopped_in_the_middle(tmp_path: Path) -> None:
    path = packed(tmp_path / "f.zip", {"a.jpg": PHOTO})

    def stop() -> None:
        raise StoppedError("now")

    with pytest.raises(StoppedError):
        unpack_images(path, tmp_path / "room", "f.zip", stop)
