"""A flying worker that kills itself: `... -m tests.leads.flights.killed_flight STORE FOLDER POINT`.

POINT is as in tests.leads.run.jobs.killed_run, with the call after a comma: `module:name!,2`.
"""

import sys
from pathlib import Path

from leads.store.engine import connect
from tests.leads.flights.made_flyer import Field
from tests.leads.run.jobs.killed_run import dies_at

if __name__ == "__main__":
    store_url, folder, point = sys.argv[1:]
    where, _, nth = point.partition(",")
    dies_at(where, int(nth or 1))
    Field(connect(store_url), Path(folder)).work()
