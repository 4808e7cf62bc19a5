"""A look in a process of its own that halts at a point, to be killed there."""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import leads.intake.look as looking
from leads.store.engine import connect
from tests.leads.intake.made_passes import ScriptedSource, Showing, showing
from tests.leads.intake.made_watches import a_watch
from tiles.sources.acquisition import Acquisition
from tiles.sources.source import Ask


@dataclass(frozen=True)
class Settings:
    """What is looked at, and where the look halts."""

    url: str
    ready: str
    """File that is made when it halts."""
    stop: str
    """`searching`, `before` or `after` the commit."""
    now: str

    def arguments(self) -> list[str]:
        return ["-m", "tests.leads.intake.looking_process", json.dumps(asdict(self))]

    def showings(self) -> list[Showing]:
        return [showing(f"2024-04-{day}") for day in (10, 12, 14)]


def halt(settings: Settings) -> None:
    Path(settings.ready).touch()
    time.sleep(120)


def look(settings: Settings) -> None:
    class Halting(ScriptedSource):
        def search(self, ask: Ask) -> Iterator[Acquisition]:
            for number, one in enumerate(super().search(ask)):
                if settings.stop == "searching" and number == 1:
                    halt(settings)
                yield one

    settle = looking.note_success

    def before(*arguments: Any) -> Any:  # noqa: ANN401
        told = settle(*arguments)
        if settings.stop == "before":
            halt(settings)
        return told

    looking.note_success = before
    store = connect(settings.url)
    now = datetime.fromisoformat(settings.now)
    looking.look(store, a_watch(), Halting(settings.showings()), now)
    halt(settings)


if __name__ == "__main__":
    look(Settings(**json.loads(sys.argv[1])))
