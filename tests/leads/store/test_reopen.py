"""Opening a lead again, on both stores: with its warning, and never beside its successor."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from geo.errors import TransitionError
from leads.domain.status import OPEN_STATUSES, Status
from leads.domain.transition_table import Action
from leads.domain.transitions import Command
from leads.domain.withdrawal import FlagKind
from leads.store.engine import writing
from leads.store.leads import change_lead
from tests.leads.store.made_store import NOW, file, made_run, sighted, square
from tests.leads.store.test_withdraw import DISCARD, HERE, THERE, detail, listed, step, withdraw

REOPEN = Command(Action.REOPEN, {"note": "现场照片可见"})


def test_a_person_may_bring_one_back_and_it_warns(store: Engine) -> None:
    bad = made_run(1, [sighted(HERE)])
    file(store, bad)
    withdraw(store, bad)
    step(store, bad.leads[0].lead_id, REOPEN)
    assert listed(store)[bad.leads[0].lead_id].status is Status.DESK_REVIEW
    [flag] = detail(store, bad.leads[0].lead_id).flags
    assert (flag.kind, flag.run_id) == (FlagKind.RUN_WITHDRAWN, bad.record.run_id)


def test_nobody_opens_a_second_lead_of_a_place_a_good_run_found(store: Engine) -> None:
    bad, good = made_run(1, [sighted(HERE), sighted(THERE)]), made_run(2, [sighted(HERE)])
    file(store, bad)
    withdraw(store, bad)
    file(store, good, NOW + timedelta(days=1))
    here, there = (lead.lead_id for lead in bad.leads)
    with pytest.raises(TransitionError, match=good.leads[0].lead_id):
        step(store, here, REOPEN)
    step(store, there, REOPEN)
    opened = {lead_id for lead_id, row in listed(store).items() if row.status in OPEN_STATUSES}
    assert opened == {good.leads[0].lead_id, there}


def test_nobody_opens_a_round_that_has_a_newer_one(store: Engine) -> None:
    first, bad, good = (made_run(number, [sighted(HERE)]) for number in (1, 2, 3))
    file(store, first)
    with writing(store) as connection:
        change_lead(connection, first.leads[0].lead_id, 1, {"status": Status.CLOSED})
    file(store, bad, NOW + timedelta(days=1))
    withdraw(store, bad, NOW + timedelta(days=2))
    file(store, good, NOW + timedelta(days=3))
    for status in (Status.CANDIDATE, Status.CLOSED):  # open, and over as well
        newer = good.leads[0].lead_id
        with writing(store) as connection:
            change_lead(connection, newer, 1, {"status": status})
        with pytest.raises(TransitionError, match=f"{newer}, round 3, {status}"):
            step(store, bad.leads[0].lead_id, REOPEN)


def test_a_discarded_place_that_grew_since_is_not_opened_again(store: Engine) -> None:
    first, grown = made_run(1, [sighted(HERE)]), made_run(2, [sighted(square(121.6, 31.1, 0.003))])
    file(store, first)
    discarded = first.leads[0].lead_id
    for command in (Command(Action.CLAIM), DISCARD):
        step(store, discarded, command)
    file(store, grown, NOW + timedelta(days=1))
    with pytest.raises(TransitionError, match="round 2"):
        step(store, discarded, REOPEN)
    withdraw(store, grown, NOW + timedelta(days=2))
    step(store, discarded, REOPEN)
