"""Which roles may ask for what; which leads they then see is decided in leads.store.scope."""

from collections.abc import Mapping
from enum import StrEnum

from geo.errors import ForbiddenError
from leads.domain.roles import Actor, Role
from leads.domain.withdrawal import MAY_WITHDRAW


class Right(StrEnum):
    """Something a role may do."""

    LEADS = "leads"
    """Read leads, within the own scope."""
    REVIEW = "review"
    """Judge candidates at the desk."""
    IMAGERY = "imagery"
    """Read what is known of scenes and runs."""
    CATALOGUE = "catalogue"
    """Find and fetch scenes by STAC: officers those that meet their own district only. Who flies
    drones is a third party to the city's imagery, and fetches none of it."""
    COVERAGE = "coverage"
    """Read when each hectare was last seen clear: officers of their own district only."""
    PASSES = "passes"
    """Read which passes came in and what became of them."""
    FLIGHTS = "flights"
    """Upload drone flights and see what became of them: third parties of their own only."""
    MISSIONS = "missions"
    """Ask for a flight over a lead, and plan it: officers over leads of their unit only."""
    WITHDRAW = "withdraw"
    """Take back a run with what it found."""
    LAYERS = "layers"
    """Read layers and their editions."""
    ACCOUNTS = "accounts"
    """Read the list of accounts."""
    OPEN_ACCOUNTS = "open_accounts"
    """Open and close accounts, give new passwords."""
    SET_ROLES = "set_roles"
    """Change an account's role and unit."""
    ACCESS_LOG = "access_log"
    """Read who read which place."""


_DESK = frozenset({Role.ANALYST, Role.DISPATCHER})

RIGHTS: Mapping[Right, frozenset[Role]] = {
    Right.LEADS: _DESK | {Role.DISTRICT_OFFICER},
    Right.REVIEW: frozenset({Role.ANALYST}),
    Right.IMAGERY: _DESK | {Role.BATCH_OPERATOR},
    Right.CATALOGUE: _DESK | {Role.BATCH_OPERATOR, Role.DISTRICT_OFFICER},
    Right.COVERAGE: _DESK | {Role.BATCH_OPERATOR, Role.DISTRICT_OFFICER},
    Right.PASSES: _DESK | {Role.BATCH_OPERATOR},
    Right.FLIGHTS: _DESK | {Role.BATCH_OPERATOR, Role.DISTRICT_OFFICER, Role.DRONE_OPERATOR},
    Right.MISSIONS: _DESK | {Role.DISTRICT_OFFICER},
    Right.WITHDRAW: MAY_WITHDRAW,
    Right.LAYERS: _DESK | {Role.DISTRICT_OFFICER, Role.BATCH_OPERATOR},
    Right.ACCOUNTS: frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN}),
    Right.OPEN_ACCOUNTS: frozenset({Role.SYSTEM_ADMIN}),
    Right.SET_ROLES: frozenset({Role.SECURITY_ADMIN}),
    Right.ACCESS_LOG: frozenset({Role.AUDIT_ADMIN}),
}
"""Three administrators apart (GB/T 22239-2019): none sees a place, none watches over themselves."""


def check_right(actor: Actor, right: Right) -> None:
    """Refuse a role that may not. Raises ForbiddenError."""
    if actor.role not in RIGHTS[right]:
        roles = ", ".join(sorted(RIGHTS[right]))
        raise ForbiddenError(f"{actor.role} may not use {right}: ask one of {roles}")


def rights_of(role: Role) -> tuple[Right, ...]:
    """What a role may do."""
    return tuple(right for right in Right if role in RIGHTS[right])
