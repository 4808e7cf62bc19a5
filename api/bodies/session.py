"""Bodies of logging in and out."""

from datetime import datetime
from typing import Annotated

from pydantic import StringConstraints

from api.accounts.rights import Right
from api.bodies.base import NO_CONTROL, Answer, Name, Request, examples
from leads.domain.roles import Role

Password = Annotated[str, StringConstraints(min_length=1, max_length=256)]

_ME = {
    "account_id": "analyst1",
    "display_name": "影像分析员一",
    "role": "analyst",
    "unit": None,
    "rights": ["leads", "review", "imagery", "layers"],
    "expires_at": "2026-11-22T20:00:00Z",
}


class LogIn(Request):
    """An account and its password."""

    model_config = examples({"account_id": "analyst1", "password": "correct horse", "cookie": True})

    account_id: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=NO_CONTROL)]
    """The log-in name."""
    password: Password
    """The password."""
    cookie: bool = False
    """For the page: the token comes as a cookie out of reach of scripts, not in the answer."""


class Me(Answer):
    """Who is logged in."""

    model_config = examples(_ME)

    account_id: Name
    """The log-in name."""
    display_name: str
    """What colleagues read."""
    role: Role
    """What the person does here."""
    unit: str | None
    """Jurisdiction unit of an officer."""
    rights: list[Right]
    """What the role may ask for."""
    expires_at: datetime
    """Until when the log-in holds."""


class Started(Me):
    """A log-in that was just made."""

    model_config = examples({**_ME, "token": "k3J...", "token_type": "bearer"})

    token: str | None
    """What to send as `Authorization: Bearer`; null where it came as a cookie."""
    token_type: str = "bearer"  # noqa: S105  (the name of the scheme)
    """Always `bearer`."""


class NewPassword(Request):
    """A password in place of one's own."""

    model_config = examples({"old_password": "correct horse", "new_password": "battery staple 9"})

    old_password: Password
    """The password until now."""
    new_password: Annotated[str, StringConstraints(min_length=10, max_length=256)]
    """The password from now on, at least 10 characters."""
