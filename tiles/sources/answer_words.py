"""What strangers and libraries say, for messages: without secrets and this machine's folders."""

import base64
import binascii
import json
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from urllib.parse import quote, quote_plus

HIDDEN = "***"
"""Stands for what is not told."""
MOST = 300
"""Letters of an answer that are told."""


def words_of(answer: str, secrets: Iterable[str]) -> str:
    """An answer as one short line, without secrets that it sends back; empty where it says nothing.

    Secrets go before the line is cut: half a key is none the less a key.
    """
    whole = "".join(letter if letter.isprintable() else " " for letter in answer)
    return without_secrets(" ".join(whole.split()), secrets)[:MOST]


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """A text in which no secret stands, also as JSON, HTML, addresses and log-ins write them.

    Of a secret of several words (`Bearer ...`) each is one.
    """
    forms = {form for secret in secrets for word in _words(secret) for form in _forms(word)}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    return text


def without_folders(text: str, *folders: Path | None) -> str:
    """A text that names files by where they lie below these folders."""
    for folder in folders:
        if folder is not None:
            for spelled in {str(folder), str(folder.absolute()), str(folder.resolve())} - {
                "/",
                ".",
            }:
                text = text.replace(f"{spelled.rstrip('/')}/", "").replace(spelled, folder.name)
    return text


def _words(secret: str) -> Iterator[str]:
    """The secret, its words, and what a log-in (`Basic ...`) says in plain letters."""
    yield secret
    kind, _, rest = secret.strip().partition(" ")
    if rest.strip():
        yield rest.strip()
    if kind.lower() == "basic":
        try:
            plain = base64.b64decode(rest, validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            return
        yield plain
        yield plain.partition(":")[2]


def _forms(word: str) -> Iterator[str]:
    """How a word may be written in an answer."""
    if word:
        plain = json.dumps(word)[1:-1], json.dumps(word, ensure_ascii=False)[1:-1]
        yield from (word, *plain, escape(word), quote(word), quote(word, safe=""), quote_plus(word))
