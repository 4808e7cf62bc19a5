"""Scoring stored leads: their facts to cards, and the cards to columns; for many at once."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from leads.domain.event import LeadState
from leads.domain.facts import Facts
from leads.domain.flight_answer import drone_saw
from leads.domain.score import score
from leads.domain.witness import radar_saw
from leads.store.cards import keep_cards
from leads.store.flight_answers import answers_of_each
from leads.store.lead_row import LeadRow, kinds_of_bits, urgency
from leads.store.overlaps import overlaps_of_each
from leads.store.schema import leads
from leads.store.seen import Seen, first_score, later_looks, least_exposure
from leads.store.signs import hazard_signs_of_each
from leads.store.witness import witnesses_of_each


def score_columns(connection: Connection, facts: Sequence[Facts]) -> list[dict[str, Any]]:
    """Score leads; returns for each the columns of `leads` that hold the result."""
    cards = [score(one) for one in facts]
    return [
        {
            "priority": card.priority,
            "likelihood": card.likelihood,
            "severity": card.severity,
            "completeness": card.completeness,
            "urgency": urgency(card.priority, card.severity, card.likelihood),
            "scorecard": kept,
        }
        for card, kept in zip(cards, keep_cards(connection, cards), strict=True)
    ]


def rescored(
    connection: Connection,
    changed: Sequence[tuple[LeadRow, LeadState]],
    seen: Mapping[str, Sequence[Seen]],
) -> dict[str, dict[str, Any]]:
    """Lead id -> its probability of change and the columns of its card, of at most CHUNK leads.

    Each is scored by its stored facts, the class of its new state, and the passes that count.
    Outline, area and zones are as they are stored.
    """
    lead_ids = [row.lead_id for row, _ in changed]
    asked = select(leads.c.lead_id, leads.c.crossed_kinds).where(leads.c.lead_id.in_(lead_ids))
    crossed = {row.lead_id: row.crossed_kinds for row in connection.execute(asked)}
    overlaps = overlaps_of_each(connection, lead_ids)
    said = witnesses_of_each(connection, lead_ids)
    flown = answers_of_each(connection, lead_ids)
    hazard = hazard_signs_of_each(connection, lead_ids)
    facts = []
    scores: list[float | None] = []
    for row, state in changed:
        passes = seen[row.lead_id]
        images, growth = later_looks(passes)
        probability = first_score(row.lead_id, passes)
        scores.append(row.score if probability is None else probability)
        facts.append(
            Facts(
                score=scores[-1] or 0.0,
                change_class=state.change_class,
                area_m2=row.area_m2,
                overlaps=overlaps[row.lead_id],
                layers=kinds_of_bits(crossed[row.lead_id] or 0),
                edition_ambiguous=row.edition_ambiguous,
                recurrence_count=row.recurrence_count,
                later_images=images,
                growth_per_month=growth,
                coregistration_m=row.coregistration_m,
                tide_exposure_m=least_exposure(passes),
                sar_seen=radar_saw(said[row.lead_id]),
                drone_seen=drone_saw(flown[row.lead_id]),
                confirmed_hazard_signs=hazard[row.lead_id],
            )
        )
    cards = score_columns(connection, facts)
    return {
        lead_id: {**card, "score": probability}
        for lead_id, card, probability in zip(lead_ids, cards, scores, strict=True)
    }
