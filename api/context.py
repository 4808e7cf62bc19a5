"""Context: what every request needs, made once per application and on first use."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from sqlalchemy import Connection, Engine

from api.pictures import Pictures
from api.settings import Settings
from leads.store.engine import connect, write

Result = TypeVar("Result")

WAITS_S = (0.1, 0.5)
"""Seconds between attempts at a busy store: somebody waits for the answer."""


@dataclass(frozen=True)
class Context:
    """Settings, store, clock and pictures of one application."""

    settings: Settings
    """What the installation decided."""
    clock: Callable[[], datetime]
    """The present instant, UTC."""
    store: Engine | None = field(default=None)
    """A store that is open already; None: that of the settings, on first use."""

    @cached_property
    def engine(self) -> Engine:
        """The store."""
        return self.store or connect(self.settings.store_url)

    @cached_property
    def pictures(self) -> Pictures:
        """Pictures of leads, cached in the data folder."""
        folder = self.settings.data_folder / "pictures"
        return Pictures(folder, self.settings.pictures_mb)

    @property
    def session_holds(self) -> timedelta:
        """How long a log-in holds."""
        return timedelta(hours=self.settings.session_hours)

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """Do `work` in one transaction, with little patience. Raises StoreError."""
        return write(self.engine, work, waits_s=WAITS_S)

    def close(self) -> None:
        """Let go of children and connections that were made."""
        if "pictures" in self.__dict__:
            self.pictures.close()
        if "engine" in self.__dict__ and self.store is None:
            self.engine.dispose()


def context_of(request: Request) -> Context:
    """The application's context."""
    found = request.app.state.context
    if not isinstance(found, Context):
        raise TypeError("this application was not made by create_app")
    return found


Ctx = Annotated[Context, Depends(context_of)]
