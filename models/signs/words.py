"""Words of signs: numbers of a reason to a sentence in both languages, from words.toml."""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from geo.sign_kind import SignKind
from models.signs.seen import SignSeen

IN_ROWS = 0.6
"""Share of neighbours along or across one line from which a group stands in rows."""
_FILE = Path(__file__).with_name("words.toml")
_HUES = ((25, "red"), (70, "yellow"), (170, "green"), (265, "blue"), (345, "violet"), (361, "red"))


def words_of(sign: SignSeen) -> Mapping[str, str]:
    """Why a sign is proposed, `zh` and `en`."""
    table = _table()
    rows = table["rows" if sign.reason.get("in_rows", 0.0) >= IN_ROWS else "loose"]
    colour = table["colour"][_colour(sign.reason)]
    return {
        language: table[SignKind(sign.kind).value][language].format(
            **sign.reason, colour=colour[language], rows=rows[language]
        )
        for language in ("zh", "en")
    }


def _colour(reason: Mapping[str, float]) -> str:
    red, green, blue = (reason[name] for name in ("red", "green", "blue"))
    top, low = max(red, green, blue), min(red, green, blue)
    chroma = top - low
    if chroma < 0.2 * top or top < 40:
        return "white" if top >= 150 else "grey" if top >= 70 else "black"
    if top == red:
        hue = 60 * (green - blue) / chroma % 360
    elif top == green:
        hue = 60 * (blue - red) / chroma + 120
    else:
        hue = 60 * (red - green) / chroma + 240
    return next(name for most, name in _HUES if hue < most)


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))
