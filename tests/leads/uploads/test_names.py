"""Names lead nowhere outside, stay readable, and differ within a flight."""

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
    text_of,
    without_number,
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


@given(st.lists(st.sampled_from(["a/b.jpg", "b", "c.tar.gz"]), max_size=12))
def test_names_differ_and_keep_what_was_sent(sent: list[str]) -> None:
    taken: list[str] = []
    for name in sent:
        taken.append(free_name(name, taken))
    assert len(set(taken)) == len(taken)
    assert [without_number(name) for name in taken] == sent


def test_the_suffix_says_what_a_file_seems_to_be() -> None:
    kinds = [kind_by_name(name) for name in ("a.JPG", "b.tif", "c.zip", "d.txt", "e")]
    known = [FileKind.PHOTO, FileKind.ORTHOPHOTO, FileKind.ARCHIVE]
    assert kinds == [*known, FileKind.LOG, FileKind.LOG]
