"""`hongxian` on a day of a script: `... -m tests.leads.intake.on_a_day INSTANT POINT COMMAND...`.

The clock starts at INSTANT (ISO 8601). POINT is empty, or where the process ends itself by SIGKILL,
`module:name,nth` as in tests.leads.run.jobs.killed_run.
"""

import sys
from datetime import UTC, datetime

from leads.run.jobs import heartbeat


def begin(instant: datetime) -> None:
    """Everything that asks for the time from here on is told that of the script."""
    ahead = instant - datetime.now(UTC)

    def scripted() -> datetime:
        return datetime.now(UTC) + ahead

    heartbeat.utc_now = scripted
    from api.cli import store  # noqa: PLC0415 (takes the clock over as it is imported)

    store.now = scripted


def main() -> None:
    instant, point, *command = sys.argv[1:]
    begin(datetime.fromisoformat(instant))
    from api.cli.main import main as hongxian  # noqa: PLC0415 (after the clock is set)
    from tests.leads.run.jobs.killed_run import dies_at  # noqa: PLC0415

    if point:
        where, _, nth = point.partition(",")
        dies_at(where, int(nth or 1))
    sys.argv = ["hongxian", *command]
    hongxian()


if __name__ == "__main__":
    main()
