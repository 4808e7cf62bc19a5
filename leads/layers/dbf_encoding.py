"""In which encoding the texts of a shapefile's .dbf are, judged by their bytes."""

import codecs
from collections.abc import Iterator
from pathlib import Path

_SAMPLE_RECORDS = 2_000
_FIELD_BYTES = 32  # length of one field descriptor, dBASE III
_END_OF_FIELDS = 0x0D


def dbf_encoding(path: Path, stated: str | None) -> str:
    """`stated` when the texts decode with it, else UTF-8 when they do, else GB18030.

    GB18030 holds GBK and GB2312. `path` is the .dbf; `stated` what a .cpg says, or None. The first
    2,000 records are looked at; a character cut off by a field's width does not count against.
    """
    texts = list(_texts(path.read_bytes() if path.is_file() else b""))
    for encoding in (stated, "utf-8"):
        if encoding and _decodes(texts, encoding):
            return encoding
    return "gb18030"


def stated_encoding(path: Path) -> str | None:
    """The encoding a .cpg names, as Python calls it, or None when absent or unknown."""
    if not path.is_file():
        return None
    with path.open("rb") as stream:
        word = stream.read(64).decode("ascii", "replace").strip().lower()
    for name in (word, f"cp{word}", word.removeprefix("ansi ")):
        try:
            return codecs.lookup(name).name
        except LookupError:
            continue
    return None


def _texts(dbf: bytes) -> Iterator[bytes]:
    """The field names and the values of character fields."""
    if len(dbf) < _FIELD_BYTES:
        return
    records = int.from_bytes(dbf[4:8], "little")
    header, record = int.from_bytes(dbf[8:10], "little"), int.from_bytes(dbf[10:12], "little")
    offset, spans = 1, []  # a record starts with its deletion mark
    for start in range(_FIELD_BYTES, min(header, len(dbf) - _FIELD_BYTES + 1), _FIELD_BYTES):
        if dbf[start] == _END_OF_FIELDS:
            break
        yield dbf[start : start + 11].split(b"\0")[0]
        if dbf[start + 11 : start + 12] == b"C":
            spans.append((offset, offset + dbf[start + 16]))
        offset += dbf[start + 16]
    for number in range(min(records, _SAMPLE_RECORDS) if record else 0):
        row = dbf[header + number * record : header + (number + 1) * record]
        yield from (row[first:last].strip(b" \0") for first, last in spans)


def _decodes(texts: list[bytes], encoding: str) -> bool:
    try:
        for text in texts:
            codecs.getincrementaldecoder(encoding)().decode(text, final=False)
    except (UnicodeError, LookupError):
        return False
    return True
