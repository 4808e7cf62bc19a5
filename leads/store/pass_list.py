"""How many passes of each watch are in which state."""

from sqlalchemy import Connection, func, select

from leads.domain.passes import PassState
from leads.store.pass_tables import passes


def states_of(connection: Connection) -> dict[str, dict[PassState, int]]:
    """Watch -> passes in each state; states without any are left out."""
    asked = select(passes.c.watch, passes.c.state, func.count()).group_by(
        passes.c.watch, passes.c.state
    )
    found: dict[str, dict[PassState, int]] = {}
    for watch, state, count in connection.execute(asked):
        found.setdefault(watch, {})[PassState(state)] = count
    return found
