"""Accounts: opened by the system's administrator, given roles by the security administrator."""

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy import Connection

from api.accounts.passwords import hash_password
from api.accounts.rights import Right
from api.accounts.signed_in import may
from api.bodies.accounts import AccountAnswer, AccountChange, Accounts, NewAccount, RoleChange
from api.bodies.base import path_part
from api.context import Ctx
from api.openapi import ACCOUNT, problems
from geo.errors import ForbiddenError, InputError
from leads.domain.roles import Actor
from leads.store.accounts import (
    Account,
    account,
    add_account,
    list_accounts,
    set_disabled,
    set_password,
    set_role,
)
from leads.store.engine import reading
from leads.store.sessions import end_sessions

router = APIRouter(prefix="/api/accounts", tags=["accounts"])

AccountId = Annotated[str, path_part("The log-in name.", r"^[^\x00-\x1f\x7f]{1,64}$", "officer-cm")]


@router.get("", operation_id="list_accounts", responses=problems(*ACCOUNT))
def list_them(_: Annotated[Actor, Depends(may(Right.ACCOUNTS))], ctx: Ctx) -> Accounts:
    """Every account."""
    with reading(ctx.engine) as connection:
        found = list_accounts(connection)
    return Accounts(accounts=[AccountAnswer.model_validate(one) for one in found])


@router.post(
    "",
    operation_id="open_account",
    status_code=201,
    responses=problems(*ACCOUNT, 409, body=True),
)
def open_one(
    body: NewAccount, _: Annotated[Actor, Depends(may(Right.OPEN_ACCOUNTS))], ctx: Ctx
) -> AccountAnswer:
    """Open an account."""
    owner = Actor(body.account_id, body.role, body.unit)
    secret = hash_password(body.password)
    now = ctx.clock()
    made = ctx.write(lambda c: add_account(c, owner, body.display_name, secret, now))
    return AccountAnswer.model_validate(made)


@router.patch(
    "/{account_id}", operation_id="change_account", responses=problems(*ACCOUNT, 404, body=True)
)
def change(
    account_id: AccountId,
    body: AccountChange,
    admin: Annotated[Actor, Depends(may(Right.OPEN_ACCOUNTS))],
    ctx: Ctx,
) -> AccountAnswer:
    """Close an account or open it again, or give it another password."""
    if body.disabled and account_id == admin.account_id:
        raise ForbiddenError("nobody closes the own account: ask another administrator")
    secret = None if body.password is None else hash_password(body.password)
    now = ctx.clock()

    def work(connection: Connection) -> Account:
        if body.disabled is not None:
            set_disabled(connection, account_id, disabled=body.disabled)
        if secret is not None:
            set_password(connection, account_id, secret, now)
        changed = account(connection, account_id)
        if body.disabled or secret is not None:
            end_sessions(connection, account_id)
        return changed

    return AccountAnswer.model_validate(ctx.write(work))


@router.put(
    "/{account_id}/role", operation_id="set_role", responses=problems(*ACCOUNT, 404, body=True)
)
def give_role(
    account_id: AccountId,
    body: RoleChange,
    admin: Annotated[Actor, Depends(may(Right.SET_ROLES))],
    ctx: Ctx,
) -> AccountAnswer:
    """Give an account another role or unit; it is logged out everywhere."""
    if account_id == admin.account_id:
        raise ForbiddenError("nobody changes the own role: ask another administrator")
    if not account_id.strip():
        raise InputError("account name is empty: give one")
    owner = Actor(account_id, body.role, body.unit)

    def work(connection: Connection) -> Account:
        changed = set_role(connection, owner)
        end_sessions(connection, account_id)
        return changed

    return AccountAnswer.model_validate(ctx.write(work))
