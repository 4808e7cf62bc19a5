"""Layers: their editions, and what changed between two."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.accounts.rights import Right
from api.accounts.signed_in import may
from api.bodies.layers import DiffQuery, LayerAnswer, LayerDiffAnswer, Layers
from api.context import Ctx
from api.openapi import ACCOUNT, problems
from leads.domain.roles import Actor
from leads.store.engine import reading
from leads.store.layer_diff import diff_layers
from leads.store.layers import layer_edition, list_layers, load_layer

router = APIRouter(prefix="/api/layers", tags=["layers"])

Reader = Annotated[Actor, Depends(may(Right.LAYERS))]


@router.get("", operation_id="list_layers", responses=problems(*ACCOUNT))
def list_them(_: Reader, ctx: Ctx) -> Layers:
    """Every edition of every kind."""
    with reading(ctx.engine) as connection:
        found = list_layers(connection)
    return Layers(layers=[LayerAnswer.model_validate(edition) for edition in found])


@router.get("/diff", operation_id="diff_layers", responses=problems(*ACCOUNT, 404))
def diff(query: Annotated[DiffQuery, Query()], _: Reader, ctx: Ctx) -> LayerDiffAnswer:
    """Two editions of one kind, compared zone by zone."""
    with reading(ctx.engine) as connection:
        older, newer = (
            load_layer(connection, layer_edition(connection, query.kind, name))
            for name in (query.older, query.newer)
        )
    return LayerDiffAnswer.model_validate(diff_layers(older, newer))
