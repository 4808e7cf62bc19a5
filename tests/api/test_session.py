"""Logging in and out: by token, by cookie, not for ever, and not by guessing."""

import re

import pytest
from sqlalchemy import text

from api.accounts.passwords import LEAST, MOST, hash_password, is_password
from api.accounts.signed_in import COOKIE, PAGE_HEADER
from geo.errors import InputError
from tests.api.served import PASSWORD, Served, assert_problem

LOG_IN = {"account_id": "analyst-1", "password": PASSWORD}


def test_a_token_opens_and_log_out_closes(served: Served) -> None:
    client = served.log_in("analyst-1")
    me = client.get("/api/session").json()
    assert (me["account_id"], me["role"]) == ("analyst-1", "analyst") and "leads" in me["rights"]
    assert client.delete("/api/session").status_code == 204
    assert_problem(client.get("/api/session"), 401, "login")


def test_the_store_keeps_no_token_and_no_password(served: Served) -> None:
    token = served.guest().post("/api/session", json=LOG_IN).json()["token"]
    with served.store.connect() as connection:
        kept = connection.execute(text("select token_sha256 from sessions")).scalars().all()
        secrets = connection.execute(text("select password_hash from accounts")).scalars().all()
    assert len(kept) == 1 and token not in kept[0]
    assert all(re.match(r"\$argon2id\$v=19\$m=65536,t=3,", secret) for secret in secrets)


def test_an_expired_token_is_refused(served: Served) -> None:
    client = served.log_in("analyst-1")
    served.clock.pass_by(hours=11, minutes=59)
    assert client.get("/api/session").status_code == 200
    served.clock.pass_by(minutes=1)
    answer = client.get("/api/session")
    assert_problem(answer, 401, "login")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_of_nobody_is_refused(served: Served) -> None:
    guest = served.guest()
    for header in ("Bearer x", "Bearer ", "Basic eDp5", "Bearer " + "a" * 5000):
        answer = guest.get("/api/session", headers={"Authorization": header})
        assert_problem(answer, 401, "login")


def test_the_cookie_is_out_of_reach_and_needs_the_pages_header(served: Served) -> None:
    page = served.guest()
    answer = page.post("/api/session", json={**LOG_IN, "cookie": True})
    assert answer.json()["token"] is None
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(COOKIE) and "HttpOnly" in cookie and "SameSite=strict" in cookie
    assert "Secure" not in cookie  # plain http in this test
    assert page.get("/api/session").status_code == 200
    assert_problem(page.post("/api/review/next", json={}), 403, "forbidden")
    assert page.post("/api/review/next", json={}, headers={PAGE_HEADER: "1"}).status_code == 200
    assert page.delete("/api/session", headers={PAGE_HEADER: "1"}).status_code == 204
    assert_problem(page.get("/api/session"), 401, "login")


def test_over_tls_the_cookie_is_secure(served: Served) -> None:
    page = served.guest()
    page.base_url = "https://testserver"
    answer = page.post("/api/session", json={**LOG_IN, "cookie": True})
    assert "Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]


def test_guessing_locks_the_account_for_a_while(served: Served) -> None:
    guest = served.guest()
    for _ in range(5):
        wrong = guest.post("/api/session", json={**LOG_IN, "password": "wrong"})
        assert_problem(wrong, 401, "login")
    locked = guest.post("/api/session", json=LOG_IN)
    assert_problem(locked, 401, "login")
    assert locked.json()["detail"] == wrong.json()["detail"]
    served.clock.pass_by(minutes=16)
    assert guest.post("/api/session", json=LOG_IN).status_code == 201


def test_unknown_accounts_answer_like_known_ones(served: Served) -> None:
    guest = served.guest()
    known = guest.post("/api/session", json={**LOG_IN, "password": "wrong"}).json()
    unknown = guest.post("/api/session", json={**LOG_IN, "account_id": "nobody"}).json()
    assert known == unknown


def test_a_new_password_ends_every_session(served: Served) -> None:
    client, other = served.log_in("analyst-1"), served.log_in("analyst-1")
    change = {"old_password": PASSWORD, "new_password": "battery staple 9"}
    wrong = client.put("/api/session/password", json={**change, "old_password": "nonsense"})
    assert_problem(wrong, 403, "forbidden")
    served.clock.pass_by(seconds=1)
    assert client.put("/api/session/password", json=change).status_code == 204
    for old in (client, other):
        assert_problem(old.get("/api/session"), 401, "login")
    assert_problem(served.guest().post("/api/session", json=LOG_IN), 401, "login")
    fresh = {**LOG_IN, "password": "battery staple 9"}
    assert served.guest().post("/api/session", json=fresh).status_code == 201


@pytest.mark.parametrize("length", [0, LEAST - 1, MOST + 1])
def test_a_password_has_a_length(length: int) -> None:
    with pytest.raises(InputError, match="characters"):
        hash_password("x" * length)


def test_a_password_of_any_signs_is_itself_only() -> None:
    secret = hash_password("密码 🌾 密码密码密码")
    assert is_password("密码 🌾 密码密码密码", secret)
    assert not is_password("密码 🌾 密码密码密", secret)
    assert not is_password("x" * 10_000, secret)
