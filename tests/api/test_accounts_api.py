"""Accounts over HTTP: three administrators apart."""

import pytest

from tests.api.served import PASSWORD, Served, assert_problem

NEW = {
    "account_id": "officer-cm",
    "display_name": "崇明样例",
    "role": "district_officer",
    "unit": "310151",
    "password": PASSWORD,
}


def test_an_account_is_opened_used_and_closed(served: Served) -> None:
    admin = served.log_in("system_admin-1")
    opened = admin.post("/api/accounts", json=NEW)
    assert opened.status_code == 201 and "password" not in opened.text
    assert_problem(admin.post("/api/accounts", json=NEW), 409, "conflict")
    officer = served.log_in("officer-cm")
    assert officer.get("/api/session").json()["unit"] == "310151"
    closed = admin.patch("/api/accounts/officer-cm", json={"disabled": True})
    assert closed.json()["disabled"] is True
    assert_problem(officer.get("/api/session"), 401, "login")
    log_in = {"account_id": "officer-cm", "password": PASSWORD}
    assert_problem(served.guest().post("/api/session", json=log_in), 401, "login")
    admin.patch("/api/accounts/officer-cm", json={"disabled": False})
    assert served.guest().post("/api/session", json=log_in).status_code == 201


def test_roles_are_given_by_the_security_administrator(served: Served) -> None:
    system, security = served.log_in("system_admin-1"), served.log_in("security_admin-1")
    role = {"role": "dispatcher", "unit": None}
    assert_problem(system.put("/api/accounts/analyst-2/role", json=role), 403, "forbidden")
    analyst = served.log_in("analyst-2")
    changed = security.put("/api/accounts/analyst-2/role", json=role)
    assert changed.json()["role"] == "dispatcher"
    assert_problem(analyst.get("/api/session"), 401, "login")
    assert_problem(security.post("/api/accounts", json=NEW), 403, "forbidden")


def test_nobody_changes_the_own_standing(served: Served) -> None:
    system, security = served.log_in("system_admin-1"), served.log_in("security_admin-1")
    own = system.patch("/api/accounts/system_admin-1", json={"disabled": True})
    assert_problem(own, 403, "forbidden")
    role = {"role": "analyst"}
    assert_problem(security.put("/api/accounts/security_admin-1/role", json=role), 403, "forbidden")


@pytest.mark.parametrize(
    "change",
    [
        {"account_id": "x"},
        {"account_id": "a b"},
        {"account_id": "a\x00bc"},
        {"account_id": "x" * 65},
        {"display_name": ""},
        {"display_name": "x" * 65},
        {"role": "king"},
        {"unit": None},
        {"unit": "999999"},
        {"password": "short"},
        {"password": "x" * 257},
        {"is_admin": True},
    ],
)
def test_an_account_that_cannot_be(served: Served, change: dict[str, object]) -> None:
    admin = served.log_in("system_admin-1")
    assert_problem(admin.post("/api/accounts", json={**NEW, **change}), 422, "input")


def test_an_unknown_account(served: Served) -> None:
    admin = served.log_in("system_admin-1")
    assert_problem(admin.patch("/api/accounts/nobody", json={"disabled": True}), 404, "not_found")


def test_the_list_tells_no_hash(served: Served) -> None:
    found = served.log_in("security_admin-1").get("/api/accounts")
    assert len(found.json()["accounts"]) == 10 and "argon2" not in found.text
