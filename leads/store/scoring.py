"""Scoring a stored lead: its facts to a card, and the card to columns."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from leads.domain.facts import Facts
from leads.domain.score import score
from leads.store.cards import keep_card
from leads.store.lead_row import urgency
from leads.store.observations import COUNTS
from leads.store.schema import observations

DAYS_OF_MONTH = 30.44
"""Mean length of a month."""


def score_columns(connection: Connection, facts: Facts) -> dict[str, Any]:
    """Score a lead; returns the columns of `leads` that hold the result."""
    card = score(facts)
    return {
        "priority": card.priority,
        "likelihood": card.likelihood,
        "severity": card.severity,
        "completeness": card.completeness,
        "urgency": urgency(card.priority, card.severity, card.likelihood),
        "scorecard": keep_card(connection, card),
    }


def seen_since(
    connection: Connection, lead_id: str, latest: Sequence[tuple[date, float]] = ()
) -> tuple[int | None, float | None]:
    """(later images that show a lead, its growth in a month as a share of its first area).

    Passes of withdrawn runs do not count.
    `latest` are (date, area in m2) of sightings not stored yet. None each while only one image
    shows it.
    """
    asked = select(observations.c.date_after, observations.c.area_m2).where(
        observations.c.lead_id == lead_id, COUNTS
    )
    seen = dict([*((day, area) for day, area in connection.execute(asked)), *latest])
    if len(seen) < 2:
        return None, None
    first, last = min(seen), max(seen)
    months = (last - first).days / DAYS_OF_MONTH
    return len(seen) - 1, (seen[last] / seen[first] - 1) / months
