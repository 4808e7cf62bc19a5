"""Withdrawing a run: its leads leave the lists, touched ones are flagged, nothing is deleted."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select, union, update

from geo.change_class import ChangeClass
from geo.errors import StaleError
from leads.custody.chain import GENESIS, Link, chained
from leads.domain.event import Decision, Json
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
from leads.store.file_run import FILING_LOCK
from leads.store.filing_rows import rows_of
from leads.store.lead_row import LeadRow
from leads.store.leads import change_lead
from leads.store.observations import latest_uncertainty, suggested_class
from leads.store.runs import run
from leads.store.schema import lead_flags, lead_links, leads, observations, run_withdrawals
from leads.store.steps import rescored, state_columns


def withdraw_run(
    connection: Connection, run_id: str, reason: str, actor: Actor, now: datetime
) -> Withdrawal:
    """Take a run back; one withdrawn before is left as it is, with the reason it has.

    The transaction must be a writing one; doing it again is safe. What the run saw of leads that
    stay counts no more: their class, uncertainty and score come from the runs that stand, as long
    as one saw them. Raises NotFoundError, ForbiddenError, and InputError for the reason.
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
    this = run_withdrawals.c.run_id == run_id
    connection.execute(update(run_withdrawals).where(this).values(outcomes=dict(outcomes)))
    return Withdrawal(actor.account_id, now, kept, dict(outcomes))


def _affected(connection: Connection, run_id: str) -> Iterator[list[str]]:
    """Leads the run made, saw or tied to others, locked, in the order that filing locks them."""
    found = union(
        select(observations.c.lead_id).where(observations.c.run_id == run_id),
        select(lead_links.c.from_lead_id).where(lead_links.c.run_id == run_id),
        select(lead_links.c.to_lead_id).where(lead_links.c.run_id == run_id),
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
        self.suggested: dict[str, ChangeClass] = {}

    def withdraw_from(self, lead_ids: Sequence[str]) -> Counter[str]:
        """Do it to these leads; how many of each outcome there were."""
        rows = rows_of(self.connection, lead_ids)
        chains = histories(self.connection, lead_ids)
        decisions = {lead_id: self._decide(rows[lead_id], chains[lead_id]) for lead_id in lead_ids}
        append_links(
            self.connection,
            [chained(_head(chains[i]), decision.event) for i, (_, decision) in decisions.items()],
        )
        by_outcome: dict[WithdrawalOutcome, list[str]] = {one: [] for one in WithdrawalOutcome}
        for lead_id, (outcome, _) in decisions.items():
            by_outcome[outcome].append(lead_id)
        self._take_back(by_outcome[WithdrawalOutcome.TAKEN_BACK])
        self._flag(by_outcome[WithdrawalOutcome.FLAGGED])
        for outcome in (WithdrawalOutcome.FLAGGED, WithdrawalOutcome.NOTED):
            for lead_id in by_outcome[outcome]:
                self._see_anew(rows[lead_id], decisions[lead_id][1])
        return Counter({one.value: len(ids) for one, ids in by_outcome.items() if ids})

    def _decide(self, row: LeadRow, chain: Sequence[Link]) -> tuple[WithdrawalOutcome, Decision]:
        events = (link.event for link in chain)
        outcome = outcome_for(row.state, row.run_id, events, self.run_id, self.gone)
        seen = row.machine_class
        if outcome is not WithdrawalOutcome.TAKEN_BACK:
            without = suggested_class(self.connection, row.lead_id)
            seen = self.suggested[row.lead_id] = seen if without is None else without
        return outcome, run_withdrawn(row.state, outcome, seen, self.actor, self.now, self.data)

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
        flag = {"kind": FlagKind.RUN_WITHDRAWN, "run_id": self.run_id, "flagged_at": self.now}
        if lead_ids:
            self.connection.execute(insert(lead_flags), [{**flag, "lead_id": i} for i in lead_ids])

    def _see_anew(self, row: LeadRow, decision: Decision) -> None:
        """The lead as the passes that count show it."""
        values = {
            **state_columns(decision.state),
            **rescored(self.connection, row, decision.state),
            "machine_class": self.suggested[row.lead_id].label,
            "uncertainty": latest_uncertainty(self.connection, row.lead_id),
            "updated_at": self.now,
        }
        change_lead(self.connection, row.lead_id, row.version, values)


def _head(chain: Sequence[Link]) -> str:
    return chain[-1].hash if chain else GENESIS
