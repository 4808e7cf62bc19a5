"""A fetching worker that kills itself: `... -m tests.leads.intake.killed_fetch STORE FOLDER POINT`.

POINT is as in tests.leads.run.jobs.killed_run, with the call after a comma: `module:name!,2`.
"""

import sys
from dataclasses import replace
from pathlib import Path

from leads.domain.job import FETCH
from leads.run.jobs.worker import Worker
from leads.store.engine import connect
from tests.leads.intake.made_passes import GROUNDS, ScriptedSource, showing
from tests.leads.intake.made_watch import Ground
from tests.leads.run.jobs.killed_run import dies_at

SHOWINGS = [
    showing("2024-04-16", GROUNDS[0], cloud=0.4),
    replace(showing("2024-04-21", GROUNDS[0], cloud=0.3), in_the_east=True),
    showing("2024-05-01", GROUNDS[2]),
]
"""Two cloudy ones that are searched for the last, which is compared with their composite."""


def work(ground: Ground) -> None:
    """Carry out all that is due, also what a dead worker of this machine held."""
    told: list[str] = []
    clock = ground.clock
    Worker(ground.store, {FETCH: ground.fetcher}, told.append, clock=clock).work(once=True)


if __name__ == "__main__":
    store_url, folder, point = sys.argv[1:]
    where, _, nth = point.partition(",")
    dies_at(where, int(nth or 1))
    work(Ground(connect(store_url), Path(folder), ScriptedSource(SHOWINGS, units=3.0)))
