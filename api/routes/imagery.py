"""Scenes and runs: what was looked at, and what came of it."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.accounts.rights import Right
from api.accounts.signed_in import may
from api.bodies.base import path_part
from api.bodies.geojson import outline_of
from api.bodies.imagery import (
    RunAnswer,
    RunDetail,
    RunQuery,
    Runs,
    SceneAnswer,
    SceneQuery,
    Scenes,
)
from api.context import Ctx
from api.openapi import ACCOUNT, problems
from geo.errors import InputError
from leads.domain.roles import Actor
from leads.store.engine import reading
from leads.store.runs import list_runs, run
from leads.store.scenes import SceneRow, list_scenes, scene

router = APIRouter(prefix="/api", tags=["imagery"])

Reader = Annotated[Actor, Depends(may(Right.IMAGERY))]
RunId = Annotated[
    str, path_part("The run: sixteen hex digits.", r"^[0-9a-f]{16}$", "fedcba9876543210")
]
SceneId = Annotated[
    str, path_part("The scene: SHA-256 over its files.", r"^[0-9a-f]{64}$", "9f" * 32)
]


@router.get("/scenes", operation_id="list_scenes", responses=problems(*ACCOUNT))
def scenes(query: Annotated[SceneQuery, Query()], _: Reader, ctx: Ctx) -> Scenes:
    """The latest scenes, of a span of days if given."""
    with reading(ctx.engine) as connection:
        found = list_scenes(connection, query.date_from, query.date_to, query.limit)
    return Scenes(scenes=[_scene(row) for row in found])


@router.get("/scenes/{scene_id}", operation_id="read_scene", responses=problems(*ACCOUNT, 404))
def one_scene(scene_id: SceneId, _: Reader, ctx: Ctx) -> SceneAnswer:
    """One scene."""
    with reading(ctx.engine) as connection:
        return _scene(scene(connection, scene_id))


@router.get("/runs", operation_id="list_runs", responses=problems(*ACCOUNT))
def runs(query: Annotated[RunQuery, Query()], _: Reader, ctx: Ctx) -> Runs:
    """Runs, the latest filed first."""
    after = None if query.cursor is None else _place(query.cursor)
    with reading(ctx.engine) as connection:
        found = list_runs(connection, query.limit + 1, after)
    shown = found[: query.limit]
    more = len(found) > query.limit
    return Runs(
        runs=[RunAnswer.model_validate(row) for row in shown],
        next_cursor=_cursor(shown[-1].filed_at, shown[-1].run_id) if more else None,
    )


@router.get("/runs/{run_id}", operation_id="read_run", responses=problems(*ACCOUNT, 404))
def one_run(run_id: RunId, _: Reader, ctx: Ctx) -> RunDetail:
    """One run with the record it can be done again from."""
    with reading(ctx.engine) as connection:
        return RunDetail.model_validate(run(connection, run_id))


def _scene(row: SceneRow) -> SceneAnswer:
    values = {name: getattr(row, name) for name in row.__slots__ if name != "source"}
    name = PurePath(row.source).name  # where it lies on the server is nobody's business
    return SceneAnswer.model_validate(
        {**values, "name": name, "footprint": outline_of(row.footprint)}
    )


def _cursor(filed_at: datetime, run_id: str) -> str:
    return urlsafe_b64encode(json.dumps([filed_at.isoformat(), run_id]).encode()).decode()


def _place(cursor: str) -> tuple[datetime, str]:
    try:
        at, run_id = json.loads(urlsafe_b64decode(cursor.encode()))
        stated = datetime.fromisoformat(at)
        filed_at = stated.astimezone(UTC) if stated.tzinfo else None
    except (ValueError, TypeError, OverflowError, RecursionError):
        filed_at, run_id = None, None
    if filed_at is None or not isinstance(run_id, str):
        raise InputError("the cursor is not one of this list: start again from its first page")
    return filed_at, run_id
