"""Texts beside images: read with caps, without document types, in either code of Chinese."""

import pytest

from geo.errors import SceneError
from tiles.ortho.bundle_text import MAX_TEXT_BYTES, read_json, read_xml


def test_names_lose_their_spaces_and_paths_are_kept() -> None:
    text = '<ps:a xmlns:ps="x"><ps:topLeft><ps:latitude> 31.5 </ps:latitude></ps:topLeft></ps:a>'
    found = read_xml(text.encode(), "a.xml")
    assert found.all("topLeft", "latitude") == ("31.5",)
    assert found.number("latitude") == 31.5 and found.text("none") is None


def test_gb18030_is_read() -> None:
    text = '<?xml version="1.0" encoding="GB2312"?><a><卫星>高分二号</卫星></a>'
    assert read_xml(text.encode("gb18030"), "a.xml").text("卫星") == "高分二号"


BOMB = """<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>"""


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (BOMB.encode(), "DOCTYPE"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "DOCTYPE"),
        (b"<a>" * 50 + b"</a>" * 50, "levels"),
        (b"<a>" + b"<b/>" * 200_000 + b"</a>", "elements"),
        (b"<a><b></a>", "well-formed"),
        (b"", "well-formed"),
        (b"\x81\xff\xff", "neither UTF-8"),
        (b" " * (MAX_TEXT_BYTES + 1), "MB of metadata"),
    ],
)
def test_hostile_xml_is_refused_in_a_line(data: bytes, why: str) -> None:
    with pytest.raises(SceneError, match=why) as caught:
        read_xml(data, "meta.xml")
    assert "meta.xml" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "why"),
    [(b"[" * 2000, "levels"), (b"[1]", "object is needed"), (b"{", "no JSON")],
)
def test_hostile_json_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(SceneError, match=why):
        read_json(data, "meta.json")


def test_a_number_that_is_none_is_told() -> None:
    leaves = read_xml(b"<a><SolarZenith>high</SolarZenith></a>", "a.xml")
    with pytest.raises(SceneError, match="SolarZenith"):
        leaves.number("SolarZenith")
