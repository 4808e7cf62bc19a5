"""Words of strangers in messages: no secret in any spelling, no folder of this machine."""

import base64
import json
from html import escape
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiles.sources.answer_words import MOST, without_folders, words_of

SECRET = 'k&y="1/2 3+ü'  # noqa: S105 (made up)
PLAIN = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=4, max_size=40)


@pytest.mark.parametrize(
    "spelled",
    [
        SECRET,
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        escape(SECRET),
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
    ],
)
def test_no_spelling_of_a_secret_is_told(spelled: str) -> None:
    told = words_of(f"key {spelled} is wrong", [SECRET])
    assert "***" in told and told.startswith("key") and told.endswith("is wrong")
    assert "1/2" not in told and "y=" not in told


def test_each_word_of_a_log_in_is_a_secret() -> None:
    assert words_of("no token s3cr3t", ["Bearer s3cr3t"]) == "no token ***"
    login = "Basic " + base64.b64encode(b"who:hidden").decode()
    assert words_of("who with hidden may not", [login]) == "who with *** may not"
    assert words_of("Basic, too", ["Basic ???", ""]) == "Basic, too"


@given(
    PLAIN.map(str.strip).filter(lambda text: len(text) >= 4 and "*" not in text),
    st.integers(0, 400),
)
def test_a_secret_is_taken_out_before_the_line_is_cut(secret: str, before: int) -> None:
    told = words_of(
        "x" * before + "\n" + " ".join(secret.split()) + "\n", [" ".join(secret.split())]
    )
    assert len(told) <= MOST and "\n" not in told
    rest = told.replace("***", "").replace("x", "").strip()
    assert rest.strip("*") == ""


def test_folders_of_this_machine_are_left_out(tmp_path: Path) -> None:
    text = f"{tmp_path}/.parts/r0-c0.tif: damaged; see {tmp_path}"
    assert (
        without_folders(text, tmp_path, None) == f".parts/r0-c0.tif: damaged; see {tmp_path.name}"
    )
