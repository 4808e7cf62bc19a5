"""The report of an evaluation as lines for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_HEADINGS = {
    "objects_by_size": "objects by size, px",
    "by_class": "objects found by class, on synthetic ground",
    "by_lookalike": "look-alikes that became a candidate",
    "robustness": "F1 under worse conditions",
    "recall_at_1_per_km2": "at 1 false candidate per km2",
    "leads_by_priority": "leads by priority",
}
"""What the parts of the report are called, where the key does not say it."""


def lines_of(report: Mapping[str, Any]) -> Iterator[str]:
    """One line per figure with its 95 % interval, then one block per table."""
    spans = report.get("intervals", {})
    tables = {}
    for key, value in report.items():
        if key == "intervals":
            continue
        if isinstance(value, Mapping | Sequence) and not isinstance(value, str):
            tables[key] = value
        else:
            yield f"{key:>26}  {_shown(value)}{_span(spans.get(key))}"
    for key, table in tables.items():
        yield ""
        yield _HEADINGS.get(key, key.replace("_", " "))
        yield from _table_lines(table)


def _table_lines(table: Any) -> Iterator[str]:  # noqa: ANN401 (nested JSON values)
    if not isinstance(table, Mapping):
        yield from (f"  {_row(row)}" for row in table)
        return
    if any(
        isinstance(value, Mapping | Sequence) and len(value) > 2
        for value in table.values()
        if not isinstance(value, str)
    ):
        for name, rows in table.items():
            yield f"  {name}"
            yield from (f"    {_row(row)}" for row in rows)
        return
    yield f"  {_row(table)}"


def _row(row: Mapping[str, Any]) -> str:
    parts = []
    for key, value in row.items():
        is_span = key.endswith("interval")
        if is_span and value is None:
            continue
        parts.append(_span(value).strip() if is_span else f"{key} {_shown(value)}")
    return "  ".join(parts)


def _shown(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else "-" if value is None else str(value)


def _span(low_high: Sequence[float] | None) -> str:
    return f"  95 % [{low_high[0]:.3f}, {low_high[1]:.3f}]" if low_high else ""
