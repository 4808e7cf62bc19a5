"""Scenes for other people's tools: a STAC API over what watches have fetched."""

import json
import re
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import FileResponse, JSONResponse
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from api.accounts.rights import Right
from api.accounts.signed_in import may
from api.bodies.base import path_part
from api.bodies.stac import (
    MOST_ITEMS,
    StacCatalog,
    StacCollection,
    StacCollections,
    StacConformance,
    StacItem,
    StacItems,
    StacItemsQuery,
    StacSearch,
    StacSearchQuery,
    box_of,
    geometry_of,
    interval_of,
)
from api.context import Context, Ctx
from api.openapi import ACCOUNT, problems
from api.stac_answers import (
    CONFORMS_TO,
    GEO_JSON,
    SceneFile,
    collection_of,
    collections_of,
    file_of,
    item_of,
    items_of,
    landing,
    next_by_get,
    next_by_post,
)
from geo.errors import NotFoundError
from leads.domain.roles import Actor, Role
from leads.intake.district_coverage import district_named
from leads.store.catalogue import (
    Asked,
    CatalogueItem,
    catalogue_extent,
    catalogue_item,
    catalogue_page,
)
from leads.store.engine import reading
from leads.store.spot_codes import CHINA
from tiles.files.write_item import COG_TYPE
from tiles.sources.acquisition import Kind

router = APIRouter(prefix="/stac", tags=["stac"])

Reader = Annotated[Actor, Depends(may(Right.CATALOGUE))]
CollectionId = Annotated[str, path_part("The collection.", r"^[a-z_]{1,20}$", "optical")]
ItemId = Annotated[
    str, path_part("The scene: SHA-256 over its files.", r"^[0-9a-f]{64}$", "9f" * 32)
]
AssetKey = Annotated[str, path_part("The file, by its key.", r"^[a-z_]{1,40}$", "bands")]


class GeoJson(JSONResponse):
    """An answer of GeoJSON."""

    media_type = GEO_JSON


@router.get("/", include_in_schema=False)
@router.get("", operation_id="stac_landing", responses=problems(*ACCOUNT))
def landing_page(_: Reader, request: Request) -> StacCatalog:
    """The landing page of the STAC API."""
    return landing(_base(request))


@router.get("/conformance", operation_id="stac_conformance", responses=problems(*ACCOUNT))
def conformance(_: Reader) -> StacConformance:
    """What the STAC API can do."""
    return StacConformance(conformsTo=list(CONFORMS_TO))


@router.get("/collections", operation_id="stac_collections", responses=problems(*ACCOUNT))
def all_collections(_: Reader, request: Request, ctx: Ctx) -> StacCollections:
    """All collections: scenes by the kind of their sensor."""
    with reading(ctx.engine) as connection:
        extents = [(kind.value, catalogue_extent(connection, kind)) for kind in Kind]
    return collections_of(_base(request), extents)


@router.get(
    "/collections/{collection}", operation_id="stac_collection", responses=problems(*ACCOUNT, 404)
)
def one_collection(
    collection: CollectionId, _: Reader, request: Request, ctx: Ctx
) -> StacCollection:
    """One collection."""
    _check_collection(collection)
    with reading(ctx.engine) as connection:
        extent = catalogue_extent(connection, collection)
    return collection_of(_base(request), collection, extent)


@router.get(
    "/collections/{collection}/items",
    operation_id="stac_items",
    response_class=GeoJson,
    responses=problems(*ACCOUNT, 404),
)
def collection_items(
    collection: CollectionId,
    query: Annotated[StacItemsQuery, Query()],
    reader: Reader,
    request: Request,
    ctx: Ctx,
) -> StacItems:
    """Scenes of a collection, the latest first."""
    _check_collection(collection)
    here = f"{_base(request)}/collections/{collection}/items"
    asked = _asked(query.datetime, _box(query.bbox), (collection,), None)
    return _by_get(ctx, reader, request, here, asked, query)


@router.get(
    "/collections/{collection}/items/{item_id}",
    operation_id="stac_item",
    response_class=GeoJson,
    responses=problems(*ACCOUNT, 404),
)
def one_item(
    collection: CollectionId, item_id: ItemId, reader: Reader, request: Request, ctx: Ctx
) -> StacItem:
    """One scene."""
    _check_collection(collection)
    with reading(ctx.engine) as connection:
        found = catalogue_item(connection, item_id, _district(connection, reader, ctx))
    if found.kind != collection:
        raise NotFoundError(f"no scene {item_id} in collection {collection}")
    return item_of(_base(request), found)


@router.get(
    "/collections/{collection}/items/{item_id}/assets/{asset}",
    operation_id="stac_asset",
    response_class=FileResponse,
    responses={
        200: {
            "content": {COG_TYPE: {"schema": {"type": "string", "contentMediaType": COG_TYPE}}},
            "description": "The file; with a `Range` header, status 206 and part of it.",
        },
        **problems(*ACCOUNT, 404, 416),
    },
)
@router.head(
    "/collections/{collection}/items/{item_id}/assets/{asset}",
    response_class=FileResponse,
    include_in_schema=False,
)
def one_asset(
    collection: CollectionId,
    item_id: ItemId,
    asset: AssetKey,
    reader: Reader,
    request: Request,
    ctx: Ctx,
) -> FileResponse:
    """A file of a scene, whole or by ranges."""
    _check_collection(collection)
    with reading(ctx.engine) as connection:
        found = catalogue_item(connection, item_id, _district(connection, reader, ctx))
    if found.kind != collection:
        raise NotFoundError(f"no scene {item_id} in collection {collection}")
    path, media = file_of(found, asset)
    try:
        _check_range(request.headers.get("range"), path.stat().st_size)
    except FileNotFoundError:
        raise NotFoundError(f"the pixels of scene {item_id} were just removed") from None
    return SceneFile(path, media_type=media)


@router.get(
    "/search", operation_id="stac_search", response_class=GeoJson, responses=problems(*ACCOUNT, 404)
)
def search_by_get(
    query: Annotated[StacSearchQuery, Query()], reader: Reader, request: Request, ctx: Ctx
) -> StacItems:
    """Scenes by time, place and id, the latest first."""
    shown = None if query.intersects is None else geometry_of(json.loads(query.intersects))
    asked = _asked(
        query.datetime,
        _box(query.bbox) if shown is None else shown,
        None if query.collections is None else tuple(query.collections.split(",")),
        None if query.ids is None else tuple(query.ids.split(",")),
    )
    return _by_get(ctx, reader, request, f"{_base(request)}/search", asked, query)


@router.post(
    "/search",
    operation_id="stac_search_post",
    response_class=GeoJson,
    responses=problems(*ACCOUNT, 404, body=True),
)
def search_by_post(body: StacSearch, reader: Reader, request: Request, ctx: Ctx) -> StacItems:
    """The same search, with its conditions as JSON."""
    shown = None if body.bbox is None else box_of(body.bbox)
    asked = _asked(
        body.datetime,
        shown if body.intersects is None else geometry_of(body.intersects),
        None if body.collections is None else tuple(body.collections),
        None if body.ids is None else tuple(body.ids),
    )
    here = f"{_base(request)}/search"
    sent = body.model_dump(exclude_none=True, exclude={"token"})
    found, token = _page(ctx, reader, asked, body.limit, body.token)
    return items_of(_base(request), here, found, next_by_post(here, sent, token) if token else None)


def _check_range(asked: str | None, size: int) -> None:
    """Refuse what is no single range of the file. Raises HTTPException."""
    if asked is None:
        return
    found = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", asked.strip())
    first, last = found.groups() if found else ("", "")
    within = int(first) < size if first else int(last or 0) > 0
    if not within or (first and last and int(last) < int(first)):
        told = f"the file has {size} bytes: ask for one range of them, `bytes=FIRST-LAST`"
        raise HTTPException(416, told, {"Content-Range": f"bytes */{size}"})


def _by_get(
    ctx: Context,
    reader: Actor,
    request: Request,
    here: str,
    asked: Asked,
    query: StacItemsQuery,
) -> StacItems:
    sent = query.model_dump(exclude_none=True, exclude={"token"})
    found, token = _page(ctx, reader, asked, query.limit, query.token)
    return items_of(_base(request), here, found, next_by_get(here, sent, token) if token else None)


def _page(
    ctx: Context, reader: Actor, asked: Asked, limit: int, token: str | None
) -> tuple[list[CatalogueItem], str]:
    """A page of what the reader may know of."""
    with reading(ctx.engine) as connection:
        meant = replace(asked, within=_district(connection, reader, ctx))
        return catalogue_page(connection, meant, min(limit, MOST_ITEMS), token or "")


def _asked(
    when: str | None,
    place: BaseGeometry | None,
    kinds: tuple[str, ...] | None,
    ids: tuple[str, ...] | None,
) -> Asked:
    first, last = interval_of(when) if when else (None, None)
    return Asked(None, kinds, ids, place, first, last)


def _box(edges: str | None) -> BaseGeometry | None:
    return None if edges is None else box_of([float(edge) for edge in edges.split(",")])


def _district(connection: Connection, reader: Actor, ctx: Context) -> BaseGeometry | None:
    """The only ground whose scenes an officer sees; None for the city's desk and operators."""
    if reader.role is not Role.DISTRICT_OFFICER:
        return None
    today = ctx.clock().astimezone(CHINA).date()
    return district_named(connection, str(reader.unit), today).outline


def _check_collection(collection: str) -> None:
    if collection not in {kind.value for kind in Kind}:
        raise NotFoundError(f"no collection {collection!a:.40}; there are {', '.join(Kind)}")


def _base(request: Request) -> str:
    return f"{str(request.base_url).rstrip('/')}/stac"
