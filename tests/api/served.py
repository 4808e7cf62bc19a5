"""A served store for tests: one account per role, and how to ask it."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from fastapi import FastAPI
from httpx2 import Response
from sqlalchemy import Engine
from starlette.testclient import TestClient

from api.accounts.log_in import hash_of
from leads.domain.roles import Actor, Role
from leads.store.engine import writing
from leads.store.sessions import Session, start_session
from tests.leads.store.made_store import (
    NOW,
)

PASSWORD = "correct horse"  # noqa: S105  (of made-up accounts)
PLACES = ((121.600, 31.100), (121.620, 31.110), (121.640, 31.120), (121.660, 31.130))
FENGXIAN = {"district_code": "310120", "district_name": "奉贤区"}


@dataclass
class Clock:
    """A clock that tests move on."""

    now: datetime = field(default=NOW)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **spans: float) -> None:
        self.now += timedelta(**spans)


@dataclass
class Served:
    """An application over a store of its own."""

    app: FastAPI
    store: Engine
    file: Path
    clock: Clock

    def guest(self) -> TestClient:
        return TestClient(self.app, base_url="http://testserver")

    def log_in(self, name: str) -> TestClient:
        """A client of that account, without working out a password's hash again."""
        client, token, now = self.guest(), secrets.token_urlsafe(), self.clock()
        with writing(self.store) as connection:
            session = Session(hash_of(token), name, now, now + timedelta(hours=12))
            start_session(connection, session)
        client.headers["Authorization"] = f"Bearer {token}"
        return client


def people() -> list[Actor]:
    units = {Role.DISTRICT_OFFICER: "310115"}
    everyone = [Actor(f"{role}-1", role, units.get(role)) for role in Role]
    return [
        *everyone,
        Actor("analyst-2", Role.ANALYST),
        Actor("district_officer-2", Role.DISTRICT_OFFICER, "310120"),
    ]


def take(client: TestClient, lead_id: str, action: str, **fields: object) -> Response:
    """Take a step with a lead as it is now."""
    etag = client.get(f"/api/leads/{lead_id}").headers["ETag"]
    return client.post(
        f"/api/leads/{lead_id}/actions",
        json={"action": action, **fields},
        headers={"If-Match": etag},
    )


def lead_ids(client: TestClient, **query: str) -> list[str]:
    answer = client.get("/api/leads", params=query)
    assert answer.status_code == 200, answer.text
    return [lead["lead_id"] for lead in answer.json()["leads"]]


def assert_problem(answer: Response, status: int, code: str) -> None:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    told = answer.json()
    assert (answer.status_code, told["status"], told["code"]) == (status, status, code), told
    assert told["title"] and told["detail"] and "\n" not in told["detail"]
