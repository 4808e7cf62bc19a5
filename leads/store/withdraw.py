"""Withdrawing a run: its leads leave the lists, touched ones are flagged, nothing is deleted."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select, union, update

from geo.change_class import ChangeClass
from geo.errors import StaleError
from leads.custody.chain import GENESIS, Link, chained
from leads.domain.event import Event, Json, LeadState
from leads.domain.roles import Actor
from leads.domain.status import Status
from leads.domain.transitions import run_withdrawn
from leads.domain.withdrawal import (
    FlagKind,
    Withdrawal,
    WithdrawalOutcome,
    check_withdrawal,
    outcome_for,
)
from leads.store.engine import lock_for
from leads.store.events import CHUNK, append_links, histories
from leads.store.file_flight import flown_no_more
from leads.store.file_run import FILING_LOCK
from leads.store.filing_rows import rows_of
from leads.store.flight_tables import flight_answers
from leads.store.held_looks import resting_on
from leads.store.lead_row import LeadRow
from leads.store.leads import change_leads
from leads.store.pass_tables import witnesses
from leads.store.runs import run
from leads.store.schema import lead_flags, lead_links, leads, observations, run_withdrawals
from leads.store.scoring import rescored
from leads.store.seen import Seen, latest_uncertainty, seen_of, suggested_class
from leads.store.signs import leads_with_signs_of
from leads.store.steps import state_columns


def withdraw_run(
    connection: Connection, run_id: str, reason: str, actor: Actor, now: datetime
) -> Withdrawal:
    """Take a run back; one withdrawn before is left as it is, with the reason it has.

    The transaction must be a writing one; doing it again is safe. What the run saw of leads that
    stay counts no more: their class, uncertainty and score come from the runs that stand, as long
    as one saw them. Leads that rest on something it held are flagged. Raises NotFoundError,
    ForbiddenError, and InputError for the reason.
    """
    kept = check_withdrawal(actor, reason)
    lock_for(connection, FILING_LOCK)
    before = run(connection, run_id).withdrawal
    if before is not None:
        return before
    gone = frozenset(connection.scalars(select(run_withdrawals.c.run_id)))
    row = {"run_id": run_id, "withdrawn_by": actor.account_id, "withdrawn_at": now, "reason": kept}
    connection.execute(insert(run_withdrawals), {**row, "outcomes": {}})  # from here on it is gone
    work = _Work(connection, run_id, kept, actor, now, gone)
    outcomes: Counter[str] = Counter()
    for lead_ids in _affected(connection, run_id):
        outcomes += work.withdraw_from(lead_ids)
    flown_no_more(connection, run_id, actor, now)
    this = run_withdrawals.c.run_id == run_id
    connection.execute(update(run_withdrawals).where(this).values(outcomes=dict(outcomes)))
    return Withdrawal(actor.account_id, now, kept, dict(outcomes))


def _affected(connection: Connection, run_id: str) -> Iterator[list[str]]:
    """Leads the run made, saw, tied or spoke of, locked, in the order that filing locks them."""
    found = union(
        select(observations.c.lead_id).where(observations.c.run_id == run_id),
        select(lead_links.c.from_lead_id).where(lead_links.c.run_id == run_id),
        select(lead_links.c.to_lead_id).where(lead_links.c.run_id == run_id),
        select(witnesses.c.lead_id).where(witnesses.c.run_id == run_id),
        select(flight_answers.c.lead_id).where(flight_answers.c.run_id == run_id),
        leads_with_signs_of(run_id),
        resting_on(run_id),
    ).subquery()
    asked = select(leads.c.lead_id).where(leads.c.lead_id.in_(select(found.c[0])))
    ids = connection.scalars(asked.order_by(leads.c.number).with_for_update()).all()
    yield from (list(ids[start : start + CHUNK]) for start in range(0, len(ids), CHUNK))


class _Work:
    """One withdrawal, some leads at a time."""

    def __init__(
        self,
        connection: Connection,
        run_id: str,
        reason: str,
        actor: Actor,
        now: datetime,
        gone: frozenset[str],
    ) -> None:
        self.connection, self.run_id, self.actor, self.now = connection, run_id, actor, now
        self.data: dict[str, Json] = {"run_id": run_id, "reason": reason}
        self.gone = gone
        self.resting: frozenset[str] = frozenset(connection.scalars(resting_on(run_id)))

    def withdraw_from(self, lead_ids: Sequence[str]) -> Counter[str]:
        """Do it to these leads, at most CHUNK; how many of each outcome there were."""
        rows = rows_of(self.connection, lead_ids)
        chains = histories(self.connection, lead_ids)
        outcomes = {i: self._outcome(rows[i], chains[i]) for i in lead_ids}
        by_outcome: dict[WithdrawalOutcome, list[str]] = {one: [] for one in WithdrawalOutcome}
        for lead_id, outcome in outcomes.items():
            by_outcome[outcome].append(lead_id)
        gone = by_outcome[WithdrawalOutcome.TAKEN_BACK]
        seen = seen_of(self.connection, [i for i in lead_ids if i not in set(gone)])
        suggested = {i: suggested_class(of) for i, of in seen.items()}
        classes = {
            i: rows[i].machine_class if one is None else one  # `unclassified` is 0, and a class
            for i, one in suggested.items()
        }
        decisions = {
            i: run_withdrawn(
                rows[i].state,
                outcome,
                classes.get(i, rows[i].machine_class),
                self.actor,
                self.now,
                self.data,
            )
            for i, outcome in outcomes.items()
        }
        append_links(
            self.connection, [chained(_head(chains[i]), decisions[i].event) for i in lead_ids]
        )
        self._take_back(gone)
        self._flag([i for i in lead_ids if rows[i].run_id == self.run_id or i in self.resting])
        self._see_anew([(rows[i], decisions[i].state) for i in seen], classes, seen)
        return Counter({one.value: len(ids) for one, ids in by_outcome.items() if ids})

    def _outcome(self, row: LeadRow, chain: Sequence[Link[Event]]) -> WithdrawalOutcome:
        events = (link.event for link in chain)
        outcome = outcome_for(row.state, row.run_id, events, self.run_id, self.gone)
        rests = row.lead_id in self.resting and outcome is WithdrawalOutcome.NOTED
        return WithdrawalOutcome.FLAGGED if rests else outcome

    def _take_back(self, lead_ids: Sequence[str]) -> None:
        """One statement for all of them: a bad run may have made a great many."""
        if not lead_ids:
            return
        values = {"status": Status.WITHDRAWN, "version": leads.c.version + 1}
        changed = self.connection.execute(
            update(leads).where(leads.c.lead_id.in_(lead_ids)).values(**values, updated_at=self.now)
        )
        if changed.rowcount != len(lead_ids):
            raise StaleError(f"leads of run {self.run_id} changed just now: withdraw it again")

    def _flag(self, lead_ids: Sequence[str]) -> None:
        """Leads that the run made, or that rest on what it held; those taken back among them.

        A person may open one again.
        """
        flag = {"kind": FlagKind.RUN_WITHDRAWN, "run_id": self.run_id, "flagged_at": self.now}
        if lead_ids:
            self.connection.execute(insert(lead_flags), [{**flag, "lead_id": i} for i in lead_ids])

    def _see_anew(
        self,
        stay: Sequence[tuple[LeadRow, LeadState]],
        classes: Mapping[str, ChangeClass],
        seen: Mapping[str, Sequence[Seen]],
    ) -> None:
        """The leads that stay as the passes that count show them."""
        cards = rescored(self.connection, stay, seen)
        changes = []
        for row, state in stay:
            values = {
                **state_columns(state),
                **cards[row.lead_id],
                "machine_class": classes[row.lead_id].label,
                "uncertainty": latest_uncertainty(seen[row.lead_id]),
                "updated_at": self.now,
            }
            changes.append((row.lead_id, row.version, values))
        change_leads(self.connection, changes)


def _head(chain: Sequence[Link[Event]]) -> str:
    return chain[-1].hash if chain else GENESIS
