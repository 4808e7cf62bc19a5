"""Attributes as strangers write them, brought to text, codes, levels and days."""

import re
from datetime import date

import numpy as np
import pandas as pd

from geo.errors import LayerError

_MAX_CHARS = 200  # a name longer than this is no name
_WHOLE_FLOAT = re.compile(r"(\d+)\.0+")
_DIGITS = re.compile(r"\d+")
_LONG_ADCODE = re.compile(r"(\d{6})0{6}")  # the statistics office writes districts with 12 digits


def text_of(value: object) -> str:
    """A value as one line of text: whole floats as integers, nothing for what is missing."""
    if isinstance(value, str) and value.isprintable():  # nearly all of a million
        return value.strip()[:_MAX_CHARS]
    if value is None or value is pd.NaT or value is pd.NA or isinstance(value, (dict, list, bytes)):
        return ""
    if isinstance(value, (float, np.floating)):
        number = float(value)
        if np.isnan(number):
            return ""
        return str(int(number)) if number.is_integer() else repr(number)
    plain = "".join(c if c.isprintable() else " " for c in str(value))
    return " ".join(plain.split())[:_MAX_CHARS]


def texts(column: pd.Series) -> pd.Series:
    """A column as text, row by row; see `text_of`."""
    values = [text_of(value) for value in column.tolist()]
    return pd.Series(values, index=column.index, dtype=object)


def code_of(text: str) -> str:
    """An official code: `310107.0` and the 12 digits of `310107000000` are `310107`."""
    whole = _WHOLE_FLOAT.fullmatch(text)
    code = whole.group(1) if whole else text
    long = _LONG_ADCODE.fullmatch(code)
    return long.group(1) if long else code


def land_use_code_of(text: str) -> str:
    """A land-use code: an odd number of digits has lost the nought in front (`101` is `0101`)."""
    whole = _WHOLE_FLOAT.fullmatch(text)
    code = whole.group(1) if whole else text
    return f"0{code}" if _DIGITS.fullmatch(code) and len(code) % 2 else code


def day_of(text: str, shown: str) -> date | None:
    """A calendar day from `2023-02-01`, `2023/02/01`, `20230201`, a time stamp, or empty text.

    Raises LayerError for anything else.
    """
    if not text:
        return None
    head = text.replace("/", "-").replace(".", "-").replace("T", " ").split(" ")[0]
    try:
        return date.fromisoformat(head)
    except ValueError:
        raise LayerError(f"{shown}: {text[:40]!r} is no day: write it as 2023-02-01") from None
