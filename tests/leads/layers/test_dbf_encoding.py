"""The encoding of a .dbf, judged by its bytes."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.layers.dbf_encoding import dbf_encoding, stated_encoding

chinese = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=2, max_size=9)


def dbf(values: list[bytes], width: int = 40) -> bytes:
    field = b"NAME".ljust(11, b"\0") + b"C" + bytes(4) + bytes([width, 0]) + bytes(14)
    head = bytes([3, 0, 0, 0]) + len(values).to_bytes(4, "little")
    head += (32 + 32 + 1).to_bytes(2, "little") + (width + 1).to_bytes(2, "little") + bytes(20)
    return head + field + b"\r" + b"".join(b" " + v[:width].ljust(width) for v in values)


def guessed(content: bytes, stated: str | None = None) -> str:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.dbf"
        path.write_bytes(content)
        return dbf_encoding(path, stated)


@given(st.lists(chinese, min_size=1), st.integers(4, 40))
def test_utf8_is_recognised_even_cut_off(texts: list[str], width: int) -> None:
    assert guessed(dbf([text.encode() for text in texts], width)) == "utf-8"


@given(st.lists(chinese, max_size=9))
def test_gbk_is_recognised(texts: list[str]) -> None:
    values = [text.encode("gbk") for text in [*texts, "浦东新区"]]
    assert guessed(dbf(values)) == "gb18030"
    assert guessed(dbf(values), stated="gbk") == "gbk"
    assert guessed(dbf(values), stated="utf-8") == "gb18030"


@given(st.binary(max_size=200))
def test_any_bytes_give_an_answer(content: bytes) -> None:
    assert guessed(content) in ("utf-8", "gb18030")


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"UTF-8\r\n", "utf-8"), (b"936", "gbk"), (b"ANSI 936", "gbk"), (b"?", None), (b"", None)],
)
def test_what_a_cpg_says(tmp_path: Path, content: bytes, name: str | None) -> None:
    (tmp_path / "a.cpg").write_bytes(content)
    assert stated_encoding(tmp_path / "a.cpg") == name
    assert stated_encoding(tmp_path / "away.cpg") is None
