"""Scenes: what was looked at."""

from pathlib import PurePath
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.accounts.rights import Right
from api.accounts.signed_in import may
from api.bodies.base import path_part
from api.bodies.geojson import outline_of
from api.bodies.imagery import SceneAnswer, SceneQuery, Scenes
from api.context import Ctx
from api.openapi import ACCOUNT, problems
from leads.domain.roles import Actor
from leads.store.engine import reading
from leads.store.scenes import SceneRow, list_scenes, scene

router = APIRouter(prefix="/api", tags=["imagery"])

Reader = Annotated[Actor, Depends(may(Right.IMAGERY))]
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


def _scene(row: SceneRow) -> SceneAnswer:
    values = {name: getattr(row, name) for name in row.__slots__ if name != "source"}
    name = PurePath(row.source).name  # where it lies on the server is nobody's business
    return SceneAnswer.model_validate(
        {**values, "name": name, "footprint": outline_of(row.footprint)}
    )
