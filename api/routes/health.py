"""Whether the server and its store work."""

from fastapi import APIRouter

from api.bodies.vocabulary import Health
from api.context import Context, Ctx
from api.openapi import problems
from geo.errors import HongxianError
from leads.store.migrate import newest_revision, revision
from leads.version import VERSION

router = APIRouter(tags=["health"])


@router.get("/healthz", operation_id="read_health", responses=problems())
def read(ctx: Ctx) -> Health:
    """200 while the server lives; `status` says whether its store works. Needs no account."""
    store = _store(ctx)
    return Health(status="ok" if store == "ok" else "degraded", store=store, version=VERSION)


def _store(ctx: Context) -> str:
    try:
        return "ok" if revision(ctx.engine) == newest_revision() else "outdated"
    except HongxianError:
        return "unavailable"
