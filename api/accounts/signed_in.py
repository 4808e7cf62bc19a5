"""Who sends a request: by cookie from the page, by bearer token from notebooks and programs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Response
from fastapi.security import APIKeyCookie, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials

from api.accounts.log_in import LoggedIn, account_of
from api.accounts.rights import Right, check_right
from api.context import Ctx
from geo.errors import ForbiddenError, LoginError
from leads.domain.roles import Actor
from leads.store.accounts import Account
from leads.store.engine import reading
from leads.store.sessions import Session

COOKIE = "hongxian_session"
PAGE_HEADER = "X-Hongxian-Page"
"""Sent by the page with every change it asks for. Another site's page cannot send it: a header of
one's own needs that site's leave, which is never given."""

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_bearer = HTTPBearer(
    auto_error=False, scheme_name="bearer", description="`Authorization: Bearer TOKEN`"
)
_cookie = APIKeyCookie(
    name=COOKIE,
    auto_error=False,
    scheme_name="cookie",
    description=f"The page's cookie; changes need the header `{PAGE_HEADER}: 1` as well.",
)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The sender of a request."""

    account: Account
    """Who."""
    session: Session
    """The log-in."""
    token: str
    """As it was sent."""


def signed_in(
    request: Request,
    ctx: Ctx,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    cookie: Annotated[str | None, Depends(_cookie)],
) -> SignedIn:
    """The sender. Raises LoginError for nobody, ForbiddenError for another site's page."""
    token = bearer.credentials if bearer else cookie
    if not token:
        raise LoginError("nobody is logged in: log in at POST /api/session")
    if not bearer and request.method not in _SAFE_METHODS and PAGE_HEADER not in request.headers:
        raise ForbiddenError(f"a change with the cookie needs the header {PAGE_HEADER}: 1")
    with reading(ctx.engine) as connection:
        account, session = account_of(connection, token, ctx.clock())
    return SignedIn(account, session, token)


Me = Annotated[SignedIn, Depends(signed_in)]


def may(right: Right) -> Callable[[SignedIn], Actor]:
    """A dependency: the sender as an actor, if the role has the right."""

    def actor(me: Me) -> Actor:
        check_right(me.account.actor, right)
        return me.account.actor

    return actor


def set_cookie(request: Request, response: Response, logged_in: LoggedIn, seconds: int) -> None:
    """Hand the token to a page, out of reach of its scripts and of other sites."""
    response.set_cookie(
        COOKIE,
        logged_in.token,
        max_age=seconds,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
        path="/",
    )


def clear_cookie(response: Response) -> None:
    """Take it back."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
