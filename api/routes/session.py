"""Logging in and out."""

from fastapi import APIRouter, Request, Response

from api.accounts.log_in import log_in, log_out
from api.accounts.passwords import hash_password, is_password
from api.accounts.rights import rights_of
from api.accounts.signed_in import Me as Sender
from api.accounts.signed_in import clear_cookie, set_cookie
from api.bodies.session import LogIn, Me, NewPassword, Started
from api.context import Ctx
from api.openapi import ACCOUNT, problems
from geo.errors import ForbiddenError
from leads.store.accounts import Account, set_password

router = APIRouter(prefix="/api/session", tags=["session"])


@router.post("", operation_id="log_in", status_code=201, responses=problems(401, body=True))
def start(body: LogIn, request: Request, response: Response, ctx: Ctx) -> Started:
    """Log in: a bearer token for programs, or a cookie for the page."""
    fresh = log_in(ctx.engine, body.account_id, body.password, ctx.clock(), ctx.session_holds)
    if body.cookie:
        set_cookie(request, response, fresh, int(ctx.session_holds.total_seconds()))
    token = None if body.cookie else fresh.token
    me = _told(fresh.account) | {"expires_at": fresh.expires_at}
    return Started.model_validate(me | {"token": token})


@router.get("", operation_id="read_session", responses=problems(*ACCOUNT))
def read(me: Sender) -> Me:
    """Who is logged in, and what the role may ask for."""
    return Me.model_validate(_told(me.account) | {"expires_at": me.session.expires_at})


@router.delete("", operation_id="log_out", status_code=204, responses=problems(*ACCOUNT))
def end(response: Response, me: Sender, ctx: Ctx) -> None:
    """Log out: the token opens nothing from now on."""
    log_out(ctx.engine, me.token)
    clear_cookie(response)


@router.put(
    "/password",
    operation_id="change_password",
    status_code=204,
    responses=problems(*ACCOUNT, body=True),
)
def change_password(body: NewPassword, response: Response, me: Sender, ctx: Ctx) -> None:
    """Change your own password; you are logged out everywhere."""
    if not is_password(body.old_password, me.account.password_hash):
        raise ForbiddenError("the old password is wrong: type it again")
    fresh = hash_password(body.new_password)
    ctx.write(lambda c: set_password(c, me.account.account_id, fresh, ctx.clock()))
    clear_cookie(response)


def _told(account: Account) -> dict[str, object]:
    return {
        "account_id": account.account_id,
        "display_name": account.display_name,
        "role": account.role,
        "unit": account.unit,
        "rights": list(rights_of(account.role)),
    }
