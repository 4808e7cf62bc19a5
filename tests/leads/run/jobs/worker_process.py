"""A worker in a process of its own, to be killed: `worker_process.py SETTINGS`, a JSON object.

It appends what it does to a journal: `began JOB FENCE`, then `done JOB FENCE` or `refused ...`.
"""

import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from geo.errors import LeaseLostError
from leads.domain.job import Job
from leads.run.jobs.heartbeat import Watch
from leads.run.jobs.worker import Worker, stopping_on_signals
from leads.store.engine import connect, write
from leads.store.jobs import finish, save_record


@dataclass(frozen=True)
class Settings:
    """How the process works."""

    url: str
    journal: str
    name: str | None = None
    lease_s: float = 60.0
    work_s: float = 30.0
    """How long a job takes, at its first attempt; later ones take no time."""
    stubborn: bool = False
    """Write at the end without a look at the watch."""
    once: bool = False

    def arguments(self) -> list[str]:
        return [sys.executable, __file__, json.dumps(asdict(self))]


def work(settings: Settings) -> None:
    store = connect(settings.url)
    journal = Path(settings.journal)

    def say(what: str, job: Job) -> None:
        with journal.open("a") as file:
            file.write(f"{what} {job.job_id} {job.fence}\n")

    def handle(job: Job, watch: Watch) -> dict[str, Any]:
        say("began", job)
        until = time.monotonic() + (settings.work_s if job.fence == 1 else 0.0)
        while time.monotonic() < until:
            time.sleep(0.01)
            if not settings.stubborn:
                watch.check()
        try:
            write(store, lambda c: save_record(c, job.lease, {"by": job.fence}))
            write(store, lambda c: finish(c, job.lease, {"by": job.fence}, job.created_at))
        except LeaseLostError:
            say("refused", job)
            raise
        say("done", job)
        return {}

    named = {} if settings.name is None else {"name": settings.name}
    with stopping_on_signals() as stop:
        worker = Worker(
            store, {"run": handle}, print, stop, lease_s=settings.lease_s, idle_s=0.1, **named
        )
        worker.work(once=settings.once)
    store.dispose()


if __name__ == "__main__":
    work(Settings(**json.loads(sys.argv[1])))
