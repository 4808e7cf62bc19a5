"""Flight answers: what runs of drone flights say of leads, as rows."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy import Connection, insert, select

from leads.domain.flight_answer import FlightAnswer, FlightSaid
from leads.store.events import CHUNK
from leads.store.flight_tables import flight_answers
from leads.store.schema import run_withdrawals

_COLUMNS = tuple(flight_answers.c[field.name] for field in fields(FlightAnswer))
_ROWS = 1_000  # of one insert
_GONE = select(run_withdrawals.c.run_id)


def keep_answers(
    connection: Connection, said: Iterable[tuple[str, FlightAnswer]], now: datetime
) -> None:
    """Keep what a run of a flight says of leads (lead, answer), none of which is kept already."""
    names = [field.name for field in fields(FlightAnswer)]
    rows = [
        {**{name: getattr(one, name) for name in names}, "lead_id": lead_id, "filed_at": now}
        for lead_id, one in said
    ]
    for start in range(0, len(rows), _ROWS):
        connection.execute(insert(flight_answers), rows[start : start + _ROWS])


def answered_by(connection: Connection, run_id: str) -> frozenset[str]:
    """Leads that a run of a flight spoke of, whether it stands or not."""
    asked = select(flight_answers.c.lead_id).where(flight_answers.c.run_id == run_id)
    return frozenset(connection.scalars(asked))


def answers_of_each(
    connection: Connection, lead_ids: Sequence[str]
) -> dict[str, tuple[FlightAnswer, ...]]:
    """What runs of flights that stand say of each lead, in the order of their dates."""
    found: dict[str, list[FlightAnswer]] = {lead_id: [] for lead_id in lead_ids}
    at = flight_answers.c
    for start in range(0, len(lead_ids), CHUNK):
        some = at.lead_id.in_(lead_ids[start : start + CHUNK])
        asked = select(at.lead_id, *_COLUMNS).where(some, at.run_id.not_in(_GONE))
        for lead_id, *values in connection.execute(asked.order_by(at.date_after, at.run_id)):
            named = dict(zip((column.name for column in _COLUMNS), values, strict=True))
            found[lead_id].append(FlightAnswer(**{**named, "said": FlightSaid(named["said"])}))
    return {lead_id: tuple(answers) for lead_id, answers in found.items()}
