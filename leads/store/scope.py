"""Who sees which leads: the one function that every query of leads goes through."""

from sqlalchemy import ColumnElement, and_, false, true

from geo.errors import ForbiddenError
from leads.domain.roles import Actor, Role
from leads.domain.status import Status
from leads.store.schema import leads

SEES_ALL = frozenset({Role.ANALYST, Role.DISPATCHER})
"""Roles of the city's desk."""

BEFORE_DISPATCH = (
    Status.CANDIDATE,
    Status.DESK_REVIEW,
    Status.DISCARDED,
    Status.PENDING_DISPATCH,
    Status.WITHDRAWN,
)
"""A lead the city has not handed down, or has taken back to its desk."""


def in_scope(actor: Actor) -> ColumnElement[bool]:
    """The where clause over `leads` that holds for what `actor` may see.

    Analysts and dispatchers: all. An officer: what was dispatched to the own unit. All others:
    none; operators bring imagery and administrators keep the system, neither needs a place.
    """
    if actor.role in SEES_ALL:
        return true()
    if actor.role is Role.DISTRICT_OFFICER and actor.unit:
        return and_(leads.c.unit == actor.unit, leads.c.status.not_in(BEFORE_DISPATCH))
    return false()


def check_sees_leads(actor: Actor) -> None:
    """Refuse a role that sees no leads at all, in place of an empty list. Raises ForbiddenError."""
    if actor.role not in SEES_ALL | {Role.DISTRICT_OFFICER}:
        raise ForbiddenError(f"{actor.role} sees no leads: ask an analyst or a dispatcher")
