"""A driver that kills itself: `python -m tests.leads.run.jobs.killed_run STORE JOB POINT NTH`.

POINT is `module:name` of a function that the driver calls; at its NTH call the process is ended by
SIGKILL, before the call (`module:name`) or after it (`module:name!`).
"""

import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from itertools import count
from typing import Any

from leads.run.jobs import journal
from leads.run.jobs.disk_guard import DiskGuard
from leads.run.jobs.drive import Driver
from leads.run.jobs.heartbeat import utc_now, worker_name
from leads.run.jobs.worker import carry_out
from leads.run.runner import Inline
from leads.store import jobs
from leads.store.engine import connect, write


def dies_at(point: str, nth: int) -> None:
    module, _, name = point.rstrip("!").partition(":")
    holder = import_module(module)
    real: Callable[..., Any] = getattr(holder, name)
    calls = count(1)

    def deadly(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
        last = next(calls) == nth
        if last and not point.endswith("!"):
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*arguments, **named)
        if last:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(holder, name, deadly)


if __name__ == "__main__":
    store_url, job_id, where, at_call = sys.argv[1:]
    store = connect(store_url)
    held = write(store, lambda c: jobs.claim(c, worker_name(), utc_now(), job_id=job_id))
    assert held is not None
    journal.FLUSH_TILES = 1
    dies_at(where, int(at_call))
    carry_out(store, held, Driver(store, Inline(), DiskGuard((), 0.0)))
