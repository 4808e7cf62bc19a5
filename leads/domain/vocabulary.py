"""What people read for a code: Chinese first, English beside it, from vocabulary.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

from geo.errors import InputError


@dataclass(frozen=True, slots=True)
class Words:
    """One code's name in both languages."""

    zh: str
    """Chinese."""
    en: str
    """English."""


@lru_cache(maxsize=1)
def vocabulary() -> Mapping[str, Mapping[str, Words]]:
    """Section -> code -> words; a section is an enum's name in snake case, or `unit`."""
    text = files("leads.domain").joinpath("vocabulary.toml").read_text("utf-8")
    sections = {
        section: MappingProxyType({code: Words(**words) for code, words in rows.items()})
        for section, rows in tomllib.loads(text).items()
        if section != "edition"
    }
    return MappingProxyType(sections)


def words_of(term: StrEnum) -> Words:
    """The words of one code, for example `words_of(Status.CANDIDATE).zh`.

    Raises InputError when vocabulary.toml lacks the code.
    """
    name = type(term).__name__
    section = "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
    try:
        return vocabulary()[section][term.value]
    except KeyError:
        raise InputError(f"vocabulary.toml has no words for {section}.{term}: add them") from None


def unit_names() -> Mapping[str, Words]:
    """The jurisdiction units a lead can be dispatched to, by code."""
    return vocabulary()["unit"]
