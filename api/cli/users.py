"""`hongxian users`: accounts, from the command line of the server."""

import os
from typing import Any

import click

from api.accounts.passwords import hash_password
from api.cli.options import json_option, print_json
from api.cli.store import echo_table, now, open_store
from leads.domain.roles import Actor, Role
from leads.domain.vocabulary import unit_names
from leads.store.accounts import Account, add_account, list_accounts, set_disabled, set_password
from leads.store.engine import reading, write
from leads.store.sessions import end_sessions

PASSWORD_VARIABLE = "HONGXIAN_PASSWORD"  # noqa: S105  (the variable's name)


@click.group()
def users() -> None:
    """Open, list and close accounts."""


@users.command()
@click.argument("account")
@click.option("--role", type=click.Choice([r.value for r in Role]), required=True, help="Role.")
@click.option(
    "--unit",
    type=click.Choice(list(unit_names())),
    help="Jurisdiction unit; a district_officer needs one.",
)
@click.option("--name", help="What colleagues read; the account's name by default.")
def add(account: str, role: str, unit: str | None, name: str | None) -> None:
    """Open ACCOUNT; its password is asked for, or taken from HONGXIAN_PASSWORD."""
    owner = Actor(account, Role(role), unit)
    with open_store() as store:
        secret = hash_password(_password())
        made = write(store, lambda c: add_account(c, owner, name or account, secret, now()))
    click.echo(f"{made.account_id}: {made.role}{f' of {made.unit}' if made.unit else ''}")


@users.command("list")
@json_option
def list_them(as_json: bool) -> None:  # noqa: FBT001 (click hands flags over so)
    """Every account."""
    with open_store() as store, reading(store) as connection:
        found = list_accounts(connection)
    if as_json:
        print_json({"accounts": [_told(one) for one in found]})
        return
    echo_table([(a.account_id, a.role, a.unit, _standing(a), a.display_name) for a in found])


@users.command()
@click.argument("account")
@click.option("--undo", is_flag=True, help="Open it again.")
def disable(account: str, undo: bool) -> None:  # noqa: FBT001 (click hands flags over so)
    """Close ACCOUNT; it is logged out everywhere."""
    with open_store() as store:

        def work(connection: Any) -> Account:  # noqa: ANN401
            end_sessions(connection, account)
            return set_disabled(connection, account, disabled=not undo)

        changed = write(store, work)
    click.echo(f"{changed.account_id}: {_standing(changed)}")


@users.command()
@click.argument("account")
def password(account: str) -> None:
    """Give ACCOUNT another password, asked for or from HONGXIAN_PASSWORD; lifts a lock."""
    with open_store() as store:
        secret = hash_password(_password())
        changed = write(store, lambda c: set_password(c, account, secret, now()))
    click.echo(f"{changed.account_id}: new password, logged out everywhere")


def _password() -> str:
    given = os.environ.get(PASSWORD_VARIABLE)
    if given is not None:
        return given
    asked: str = click.prompt("password", hide_input=True, confirmation_prompt=True, err=True)
    return asked


def _standing(account: Account) -> str:
    return "closed" if account.disabled else "open"


def _told(account: Account) -> dict[str, Any]:
    used = account.last_login_at
    return {
        "account_id": account.account_id,
        "display_name": account.display_name,
        "role": account.role,
        "unit": account.unit,
        "disabled": account.disabled,
        "last_login_at": used and used.isoformat(),
    }
