"""Context: what every request needs, made once per application and on first use."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from sqlalchemy import Connection, Engine

from api.pictures import Pictures
from api.settings import Settings
from api.uploads_under_way import UploadsUnderWay
from geo.errors import HongxianError
from leads.store.engine import connect, write
from leads.uploads.admission import GB, Limits
from leads.uploads.depot import Depot
from leads.uploads.open_depot import open_depot
from leads.uploads.sweep import sweep_uploads

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

    @cached_property
    def depot(self) -> Depot:
        """Originals of flights, and uploads under way."""
        return open_depot(self.settings.originals, self.settings.data_folder)

    @cached_property
    def uploads(self) -> UploadsUnderWay:
        """Uploads that this process receives."""
        return UploadsUnderWay()

    @property
    def limits(self) -> Limits:
        """What may be uploaded."""
        settings = self.settings
        sizes = (settings.upload_gb, settings.quota_gb, settings.keep_free_gb)
        return Limits(*(int(size * GB) for size in sizes))

    def sweep_uploads(self) -> None:
        """Remove what uploads left behind."""
        with suppress(HongxianError):  # the next one tries again
            sweep_uploads(self.engine, self.depot, self.clock)

    @property
    def session_holds(self) -> timedelta:
        """How long a log-in holds."""
        return timedelta(hours=self.settings.session_hours)

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """Do `work` in one transaction, with little patience. Raises StoreError."""
        return write(self.engine, work, waits_s=WAITS_S)

    def close(self) -> None:
        """Let go of children and connections that were made."""
        if "uploads" in self.__dict__:
            self.uploads.close()
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
