"""The alias table: what strangers' names of layers, columns and codes mean here."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from geo.zone import ZoneKind

# A year at the end, as in 红线2018版; the 2000 of CGCS2000 and the 1984 of WGS1984 are no editions.
_YEAR = re.compile(
    r"(?<!\d)(?<!cgcs)(?<!wgs)(?<!wgs_)((?:19|20)\d{2})(?:年版?|版)?$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Aliases:
    """aliases.toml; every name in lower case."""

    kinds: tuple[tuple[ZoneKind, tuple[str, ...]], ...]
    """Parts of layer names per kind, in the order they are tried."""
    telltales: tuple[tuple[ZoneKind, tuple[str, ...]], ...]
    """Column names that give a kind away, in the order they are tried."""
    columns: dict[str, tuple[str, ...]]
    """For each column of a zone its names elsewhere, best first."""
    land_use: tuple[tuple[str, str], ...]
    """Pairs of a land-use code's column and its scheme, best first."""
    schemes: dict[str, str]
    """Scheme by each of its spellings."""
    levels: dict[str, str]
    """Level by each of its names."""
    retired_codes: dict[str, str]
    """District code of today by withdrawn code."""

    def kind_of(self, name: str) -> ZoneKind | None:
        """The kind a layer's name tells, or None."""
        lower = name.lower()
        return next((kind for kind, parts in self.kinds if any(p in lower for p in parts)), None)

    def kind_of_columns(self, columns: Iterable[str]) -> ZoneKind | None:
        """The kind a layer's columns give away, or None."""
        present = {column.lower() for column in columns}
        return next((kind for kind, names in self.telltales if present.intersection(names)), None)


def edition_of(name: str) -> str | None:
    """The edition a layer's name tells, `eco_redline@2023` or `红线2023`, or None."""
    before, mark, after = name.rpartition("@")
    if mark and before and after.strip():
        return after.strip()
    year = _YEAR.search(name.strip())
    return year.group(1) if year else None


@lru_cache(maxsize=1)
def aliases() -> Aliases:
    """The alias table, read once."""
    text = resources.files("leads.layers").joinpath("aliases.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    return Aliases(
        kinds=_by_kind(table["kind"], "names"),
        telltales=_by_kind(table["telltale"], "columns"),
        columns={column: _lower(names) for column, names in table["columns"].items()},
        land_use=tuple(
            (column, row["scheme"])
            for row in table["land_use"]
            for column in _lower(row["columns"])
        ),
        schemes=_inverse(table["schemes"]),
        levels=_inverse(table["levels"]),
        retired_codes=dict(table["retired_codes"]),
    )


def _by_kind(
    rows: list[dict[str, Any]], field: str
) -> tuple[tuple[ZoneKind, tuple[str, ...]], ...]:
    return tuple((ZoneKind(row["kind"]), _lower(row[field])) for row in rows)


def _lower(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name.lower() for name in names)


def _inverse(table: dict[str, list[str]]) -> dict[str, str]:
    return {name.lower(): meaning for meaning, names in table.items() for name in names}
