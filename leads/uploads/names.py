"""Names that senders give: set right for reading, safe as paths, told apart within a flight."""

import re
import unicodedata
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath

from leads.domain.flight import FileKind

MOST_PARTS = 12
"""Folders of a name; the outermost beyond it go."""
MOST_BYTES = 180
"""Bytes in UTF-8 of one part; what is longer is cut before its suffix."""
NO_NAME = "unnamed"

_HAN = re.compile(r"[一-鿿]")
_RESERVED = re.compile(r'[<>:"|?*]')
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]) *(\..*)?", re.IGNORECASE)
"""Names that Windows takes for devices, whatever follows a dot."""
_NO_PATH = ("", "null", "undefined")
"""What clients write where a file lies in no folder."""
_KINDS = {
    **dict.fromkeys((".jpg", ".jpeg", ".png", ".dng", ".heic"), FileKind.PHOTO),
    **dict.fromkeys((".tif", ".tiff"), FileKind.ORTHOPHOTO),
    ".zip": FileKind.ARCHIVE,
}


def text_of(sent: bytes) -> str:
    """What bytes say: UTF-8, else GBK as Chinese Windows writes it; misread text is set right."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return set_right(sent.decode(encoding))
        except UnicodeDecodeError:
            continue
    return sent.decode("utf-8", "replace")


def set_right(text: str) -> str:
    """Text that was read in a wrong encoding on its way, as it was meant; all other as it is."""
    if text.isascii():
        return text
    for misread, meant in (
        ("latin-1", "utf-8"),
        ("cp1252", "utf-8"),
        ("latin-1", "gb2312"),
        ("cp1252", "gb2312"),
        ("gb18030", "utf-8"),
    ):
        if (misread == "gb18030") != bool(_HAN.search(text)):
            continue
        try:
            told = text.encode(misread).decode(meant)
        except UnicodeError:
            continue
        if meant == "gb2312" and not _in_pairs(text):
            continue
        if _HAN.search(told) and len(told) < len(text) and _readable(told):
            return told
    return text


def clean_name(sent: str) -> str:
    """A path with `/` that leads nowhere outside, every part with something to read."""
    text = unicodedata.normalize("NFC", sent).replace("\\", "/")
    parts = [part for part in (_clean_part(raw) for raw in text.split("/")) if part]
    return "/".join(parts[-MOST_PARTS:]) or NO_NAME


def name_sent(told: Mapping[str, str]) -> str:
    """The cleaned name of a file by its Upload-Metadata."""
    path = told.get("relativePath", "")
    name = path if path not in _NO_PATH else told.get("filename") or told.get("name", "")
    return clean_name(name)


def free_name(name: str, taken: Collection[str]) -> str:
    """`name`, or the first of `name (2)`, `name (3)`... that fits beside those taken.

    Names that differ in upper and lower case only do not, and a file does not beside a folder of
    its name: all can be laid out on any disk.
    """
    files = {other.casefold() for other in taken}
    folders = {str(above) for other in files for above in PurePosixPath(other).parents}
    *above, last = PurePosixPath(name).parts
    found = PurePosixPath()
    for part in above:
        found = _free(found / part, files)
    return str(_free(found / last, files | folders))


def _free(path: PurePosixPath, taken: Collection[str]) -> PurePosixPath:
    found, number = path, 2
    while str(found).casefold() in taken:
        found = path.with_name(f"{path.stem} ({number}){path.suffix}")
        number += 1
    return found


def kind_by_name(name: str) -> FileKind:
    """What a file seems to be before anybody looked into it."""
    return _KINDS.get(PurePosixPath(name).suffix.lower(), FileKind.LOG)


def _clean_part(raw: str) -> str:
    printing = "".join(sign for sign in raw if unicodedata.category(sign)[0] != "C")
    part = _RESERVED.sub("_", " ".join(printing.split())).strip(" .")
    if re.fullmatch(r"[A-Za-z]_", part) and raw.strip()[1:2] == ":":
        return ""  # the letter of a drive
    path = PurePosixPath(part)
    suffix = path.suffix if len(path.suffix.encode()) <= 16 else ""
    stem = part.removesuffix(suffix).encode()[: MOST_BYTES - len(suffix.encode())]
    name = (stem.decode("utf-8", "ignore").rstrip(" .") + suffix) if part else ""
    return f"_{name}" if _DEVICE.fullmatch(name) else name


def _in_pairs(text: str) -> bool:
    """Whether signs beyond ASCII come as GBK read one byte at a time: in pairs, and some of them.

    A word of German or French has one here and there.
    """
    runs = [len(run) for run in re.findall(r"[^\x00-\x7f]+", text)]
    return sum(runs) >= 4 and all(run % 2 == 0 for run in runs)


def _readable(text: str) -> bool:
    return all(unicodedata.category(sign)[0] != "C" for sign in text)
