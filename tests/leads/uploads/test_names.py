"""Names lead nowhere outside, stay readable, and differ within a flight."""

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.domain.flight import FileKind
from leads.uploads.names import (
    MOST_PARTS,
    NO_NAME,
    clean_name,
    free_name,
    kind_by_name,
    name_sent,
    text_of,
)

CHINESE = "堡镇/飞行一.JPG"


@given(st.text(max_size=200))
def test_a_clean_name_is_a_path_inside(sent: str) -> None:
    name = clean_name(sent)
    parts = name.split("/")
    assert 1 <= len(parts) <= MOST_PARTS and not name.startswith("/")
    assert all(part and part not in {".", ".."} and part == part.strip() for part in parts)
    assert all(len(part.encode()) <= 200 for part in parts)
    assert name.isprintable() and not set(name) & set('\\:*?"<>|')
    assert clean_name(name) == name


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("C:\\Users\\a\\DJI_0001.JPG", "Users/a/DJI_0001.JPG"),
        ("/100MEDIA//./DJI_0001.JPG", "100MEDIA/DJI_0001.JPG"),
        ("a\x00b\u202egpj.exe", "abgpj.exe"),
        ("con:1?.jpg", "con_1_.jpg"),
        ("..", NO_NAME),
        ("", NO_NAME),
    ],
)
def test_bad_names_are_cleaned(sent: str, name: str) -> None:
    assert clean_name(sent) == name


@pytest.mark.parametrize("misread", ["latin-1", "cp1252"])
def test_chinese_names_come_through(misread: str) -> None:
    assert text_of(CHINESE.encode()) == CHINESE
    assert text_of(CHINESE.encode("gbk")) == CHINESE
    for meant in ("utf-8", "gbk"):
        sent = CHINESE.encode(meant).decode(misread, "replace")
        if "\ufffd" not in sent:
            assert text_of(sent.encode()) == CHINESE


def test_names_that_are_right_stay() -> None:
    for name in ("联通.txt", "Überflug.jpg", "DJI_0001.JPG", "café (2).tif", "一二三四"):
        assert text_of(name.encode()) == name
    assert text_of("文件".encode().decode("gb18030").encode()) == "文件"


SENT = st.sampled_from(["a/b.jpg", "b", "c.tar.gz", "A/B.jpg", "a", "b/c/d", "B/c", "a (2)"])


@given(st.lists(SENT, max_size=12))
def test_names_can_be_laid_out_side_by_side(sent: list[str]) -> None:
    taken: list[str] = []
    for name in sent:
        taken.append(free_name(name, taken))
        assert PurePosixPath(taken[-1]).suffix == PurePosixPath(name).suffix
    files = {name.casefold() for name in taken}
    assert len(files) == len(taken)
    assert not files & {str(up) for name in files for up in PurePosixPath(name).parents}


def test_names_that_are_free_stay() -> None:
    assert free_name("a (2).jpg", ["a.jpg"]) == "a (2).jpg"
    assert free_name("A.JPG", ["a.jpg"]) == "A (2).JPG"
    assert free_name("a.jpg/b.jpg", ["a.jpg", "c"]) == "a (2).jpg/b.jpg"
    assert free_name("a", ["a/b.jpg"]) == "a (2)"


def test_no_name_is_a_device_of_windows() -> None:
    for sent, name in (
        ("con", "_con"),
        ("x/NUL.jpg", "x/_NUL.jpg"),
        ("COM1.tar.gz", "_COM1.tar.gz"),
    ):
        assert clean_name(sent) == name
    assert clean_name("console.log") == "console.log"


def test_a_path_is_taken_before_a_name() -> None:
    told = {"filename": "b.jpg", "relativePath": "100MEDIA/b.jpg"}
    assert name_sent(told) == "100MEDIA/b.jpg"
    assert name_sent({**told, "relativePath": "null"}) == name_sent({"name": "b.jpg"}) == "b.jpg"


def test_the_suffix_says_what_a_file_seems_to_be() -> None:
    kinds = [kind_by_name(name) for name in ("a.JPG", "b.tif", "c.zip", "d.txt", "e")]
    known = [FileKind.PHOTO, FileKind.ORTHOPHOTO, FileKind.ARCHIVE]
    assert kinds == [*known, FileKind.LOG, FileKind.LOG]
