"""Canonical JSON: one text for one value, whatever wrote it and whatever stored it in between."""

import json
import math
from collections.abc import Mapping, Sequence

from geo.errors import InputError


def canonical_json(value: object) -> bytes:
    """UTF-8 JSON with sorted keys, no spaces, and whole numbers without a fraction.

    In the manner of RFC 8785. A number that is whole is written as an integer, so 2, 2.0 and a
    database that turned one into the other give the same bytes; -0.0 is 0.

    Raises InputError for NaN, infinity, half surrogate pairs and what JSON cannot hold.
    """
    try:
        text = json.dumps(_plain(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return text.encode()
    except (UnicodeEncodeError, RecursionError) as error:
        raise InputError(f"cannot be written as JSON: {type(error).__name__}") from None


def _plain(value: object) -> object:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InputError(f"number {value} has no JSON: leave it out")
        return int(value) if value.is_integer() else value
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise InputError("a JSON object needs text as keys")
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [_plain(item) for item in value]
    raise InputError(f"{type(value).__name__} has no JSON: turn it into text or numbers first")
