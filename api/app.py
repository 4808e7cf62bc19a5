"""The application: `uvicorn api.app:app`, or `create_app(settings)` for one of your own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from fastapi import APIRouter, FastAPI
from sqlalchemy import Engine

from api.accounts.signed_in import Me
from api.context import Context
from api.headers import SafeAnswers
from api.openapi import DESCRIPTION, TAGS, describe
from api.page import Page
from api.problems import tell_problems
from api.routes import (
    access_log,
    accounts,
    coverage,
    flight_copies,
    flights,
    health,
    imagery,
    layers,
    lead_actions,
    lead_map,
    leads,
    missions,
    passes,
    review,
    runs,
    session,
    signs,
    stac,
    uploads,
    vocabulary,
)
from api.settings import Settings
from leads.version import VERSION

ROUTERS: tuple[APIRouter, ...] = (
    session.router,
    leads.router,
    lead_actions.router,
    missions.router,
    signs.router,
    flight_copies.router,
    lead_map.router,
    review.router,
    layers.router,
    imagery.router,
    runs.router,
    passes.router,
    flights.router,
    coverage.router,
    stac.router,
    uploads.router,
    accounts.router,
    access_log.router,
    vocabulary.router,
    health.router,
)


def create_app(
    settings: Settings | None = None,
    *,
    store: Engine | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> FastAPI:
    """The application; touches neither disk nor store before the first request.

    `settings` come from the environment when they are not given, `store` from the settings.
    """
    context = Context(settings or Settings(), clock, store)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        sweeping = asyncio.create_task(context.uploads.every_hour(context.sweep_uploads))
        yield
        sweeping.cancel()
        context.close()

    app = FastAPI(
        title="红线 Hongxian",
        version=VERSION,
        description=DESCRIPTION,
        openapi_tags=TAGS,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.context = context
    tell_problems(app)
    app.add_middleware(SafeAnswers, most_bytes=int(context.settings.body_mb * 2**20))
    for router in ROUTERS:
        app.include_router(router)
    app.add_api_route("/api/openapi.json", _described(app), include_in_schema=False)
    app.router.default = Page(context.settings.web)  # after every route, also after a 405
    describe(app)
    return app


def _described(app: FastAPI) -> Callable[[Me], dict[str, object]]:
    def read(_: Me) -> dict[str, object]:
        return app.openapi()

    return read


app = create_app()
