"""Accounts, scenes and runs; on both stores."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from geo.errors import ConflictError, InputError, NotFoundError
from leads.domain.roles import Actor, Role
from leads.store import accounts
from leads.store.engine import reading, writing
from leads.store.runs import list_runs, run
from leads.store.scenes import list_scenes, scene
from tests.leads.store.made_store import NOW, OFFICER, file, made_run, sighted, square

HASH = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaA"


def open_account(store: Engine) -> accounts.Account:
    with writing(store) as connection:
        return accounts.add_account(connection, OFFICER, "浦东支队", HASH, NOW)


def test_an_account_comes_back_as_it_went_in(store: Engine) -> None:
    opened = open_account(store)
    with reading(store) as connection:
        assert accounts.account(connection, OFFICER.account_id) == opened
        assert accounts.list_accounts(connection) == [opened]
        with pytest.raises(NotFoundError):
            accounts.account(connection, "nobody")
    assert opened.actor == OFFICER and opened.may_log_in(NOW)


def test_a_name_is_given_once(store: Engine) -> None:
    open_account(store)
    with pytest.raises(ConflictError, match="exists"):
        open_account(store)


def test_too_many_wrong_passwords_lock_for_a_while(store: Engine) -> None:
    open_account(store)
    name = OFFICER.account_id
    with writing(store) as connection:
        for _ in range(accounts.ALLOWED_FAILURES - 1):
            assert accounts.login_failed(connection, name, NOW).may_log_in(NOW)
        locked = accounts.login_failed(connection, name, NOW)
        assert not locked.may_log_in(NOW)
        assert locked.may_log_in(NOW + accounts.LOCKED_FOR)
        opened = accounts.login_succeeded(connection, name, NOW + timedelta(hours=1))
    assert (opened.failed_logins, opened.locked_until) == (0, None)


def test_a_disabled_account_stays_shut(store: Engine) -> None:
    open_account(store)
    with writing(store) as connection:
        shut = accounts.set_disabled(connection, OFFICER.account_id, disabled=True)
        assert not shut.may_log_in(NOW)
        moved = accounts.set_role(connection, Actor(OFFICER.account_id, Role.ANALYST))
        assert (moved.role, moved.unit) == (Role.ANALYST, None)
        with pytest.raises(NotFoundError):
            accounts.set_disabled(connection, "nobody", disabled=True)


def test_only_a_hash_is_stored(store: Engine) -> None:
    open_account(store)
    with writing(store) as connection:
        with pytest.raises(InputError, match="argon2id"):
            accounts.set_password(connection, OFFICER.account_id, "mima123", NOW)
        with pytest.raises(InputError, match="argon2id"):
            accounts.add_account(connection, Actor("ab", Role.ANALYST), "甲", "mima123", NOW)
        other = HASH.replace("aGFzaA", "bmV3")
        changed = accounts.set_password(connection, OFFICER.account_id, other, NOW)
    assert changed.password_hash == other


def test_runs_bring_their_scenes(store: Engine) -> None:
    made = [made_run(n, [sighted(square(121.3 + n / 100, 31.1))]) for n in (1, 2, 3)]
    for day, one in enumerate(made):
        file(store, one, NOW + timedelta(days=day))
    with reading(store) as connection:
        newest = list_runs(connection, limit=2)
        assert [row.run_id for row in newest] == [r.record.run_id for r in made[:0:-1]]
        last = newest[-1]
        rest = list_runs(connection, after=(last.filed_at, last.run_id))
        assert [row.run_id for row in rest] == [made[0].record.run_id]
        found = run(connection, made[0].record.run_id)
        assert found.summary["pixels"] == 100 and found.filed_by == "piliang-1"
        after = scene(connection, found.after_scene_id)
        assert after.footprint.is_valid and after.gsd_m == pytest.approx(10)
        assert after.bands == ("blue", "green", "red", "nir")
        assert len(list_scenes(connection)) == 4
        assert len(list_scenes(connection, date_to=date(2026, 3, 2))) == 1
        for question in (run, scene):
            with pytest.raises(NotFoundError):
                question(connection, "0" * 16)
    assert replace(found, run_id="x") != found
