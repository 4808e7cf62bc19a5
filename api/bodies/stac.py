"""Bodies of the STAC API: catalogue, collections, items and searches, as STAC 1.1 has them."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

import shapely
from pydantic import AfterValidator, Field, WithJsonSchema, model_validator
from shapely.geometry import box, shape
from shapely.geometry.base import BaseGeometry

from api.bodies.base import Answer, Cursor, Request, examples

_Search = TypeVar("_Search", "StacSearchQuery", "StacSearch")

MOST_ITEMS = 200
"""Items of a page at most."""
MOST_CORNERS = 20_000
"""Corners of a search's geometry at most."""

_LINKS: list[dict[str, Any]] = [{"rel": "self", "href": "https://example.cn/stac"}]
_ITEM: dict[str, Any] = {
    "type": "Feature",
    "stac_version": "1.1.0",
    "stac_extensions": [],
    "id": "9f" * 32,
    "collection": "optical",
    "geometry": {
        "type": "Polygon",
        "coordinates": [[[121.5, 31.4], [121.6, 31.4], [121.6, 31.5], [121.5, 31.4]]],
    },
    "bbox": [121.5, 31.4, 121.6, 31.5],
    "properties": {"datetime": "2026-11-22T02:31:05Z", "gsd": 10.0},
    "links": _LINKS,
    "assets": {"bands": {"href": "https://example.cn/stac/...", "roles": ["data"]}},
}
_COLLECTION = {
    "type": "Collection",
    "stac_version": "1.1.0",
    "id": "optical",
    "title": "光学影像 / optical",
    "description": "Scenes that watches have fetched.",
    "license": "other",
    "extent": {
        "spatial": {"bbox": [[121.5, 31.4, 121.6, 31.5]]},
        "temporal": {"interval": [["2026-01-01T00:00:00Z", None]]},
    },
    "links": _LINKS,
}


class StacCatalog(Answer):
    """The landing page."""

    model_config = examples(
        {
            "type": "Catalog",
            "stac_version": "1.1.0",
            "id": "hongxian",
            "title": "红线 Hongxian",
            "description": "Scenes that watches have fetched.",
            "conformsTo": ["https://api.stacspec.org/v1.0.0/core"],
            "links": _LINKS,
        }
    )

    type: Literal["Catalog"] = "Catalog"
    """Always `Catalog`."""
    stac_version: str
    """Of the specification."""
    id: str
    """Always `hongxian`."""
    title: str
    """For people."""
    description: str
    """For people."""
    conformsTo: list[str]  # noqa: N815  (the specification's name)
    """What the interface can do."""
    links: list[dict[str, Any]]
    """Where the rest is."""


class StacConformance(Answer):
    """What the interface can do."""

    model_config = examples({"conformsTo": ["https://api.stacspec.org/v1.0.0/core"]})

    conformsTo: list[str]  # noqa: N815  (the specification's name)
    """Conformance classes."""


class StacCollection(Answer):
    """Scenes of one kind."""

    model_config = examples(_COLLECTION)

    type: Literal["Collection"] = "Collection"
    """Always `Collection`."""
    stac_version: str
    """Of the specification."""
    id: str
    """`optical` or `sar`."""
    title: str
    """For people."""
    description: str
    """For people."""
    license: str
    """Of the producers; see the items."""
    extent: dict[str, Any]
    """Where and when its scenes lie."""
    links: list[dict[str, Any]]
    """Where the rest is."""


class StacCollections(Answer):
    """All collections."""

    model_config = examples({"collections": [_COLLECTION], "links": _LINKS})

    collections: list[StacCollection]
    """By name."""
    links: list[dict[str, Any]]
    """Where the rest is."""


class StacItem(Answer):
    """One scene."""

    model_config = examples(_ITEM)

    type: Literal["Feature"] = "Feature"
    """Always `Feature`."""
    stac_version: str
    """Of the specification."""
    stac_extensions: list[str]
    """Schemas of the extensions it keeps to."""
    id: str
    """SHA-256 over the scene's files."""
    collection: str
    """`optical` or `sar`."""
    geometry: dict[str, Any]
    """What it shows, GeoJSON."""
    bbox: list[float]
    """West, south, east, north."""
    properties: dict[str, Any]
    """Time, sensor, cloud, processing, and what was measured here (`hongxian:...`)."""
    links: list[dict[str, Any]]
    """Where the rest is."""
    assets: dict[str, dict[str, Any]]
    """Its files, to be fetched with the same account; empty once retention has taken them."""


class StacItems(Answer):
    """A page of scenes."""

    model_config = examples(
        {"type": "FeatureCollection", "features": [_ITEM], "links": _LINKS, "numberReturned": 1}
    )

    type: Literal["FeatureCollection"] = "FeatureCollection"
    """Always `FeatureCollection`."""
    features: list[StacItem]
    """The latest first."""
    links: list[dict[str, Any]]
    """`next` leads to the next page."""
    numberReturned: int  # noqa: N815  (the specification's name)
    """Scenes of this page."""


def interval_of(text: str) -> tuple[datetime | None, datetime | None]:
    """Both ends (UTC) of `INSTANT`, `FROM/TO`, `../TO` or `FROM/..`; None: open.

    Raises ValueError: not of this form, without a time zone, or its ends swapped.
    """
    first, slash, last = text.partition("/")
    ends = [_instant(end) for end in (first, last if slash else first)]
    if ends == [None, None]:
        raise ValueError("at least one end must be an instant")
    if ends[0] and ends[1] and ends[0] > ends[1]:
        raise ValueError("its ends are swapped")
    return ends[0], ends[1]


def _instant(text: str) -> datetime | None:
    if text in {"", ".."}:
        return None
    try:
        when = datetime.fromisoformat(text.upper())
        utc = when.astimezone(UTC) if when.tzinfo else None
    except (ValueError, OverflowError):
        utc = None
    if utc is None:
        raise ValueError("write an instant as 2026-11-26T02:31:05Z")
    return utc


def _known_interval(text: str) -> str:
    interval_of(text)
    return text


def _known_box(edges: list[float]) -> list[float]:
    box_of(edges)
    return edges


def box_of(edges: list[float]) -> BaseGeometry:
    """The rectangle of four or six edges; heights are left out. Raises ValueError."""
    if len(edges) not in {4, 6}:
        raise ValueError("four edges: west, south, east, north; or six, with heights")
    half = len(edges) // 2
    west, south, east, north = edges[0], edges[1], edges[half], edges[half + 1]
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise ValueError("degrees, west before east and south before north")
    return box(west, south, east, north)


def geometry_of(values: dict[str, Any]) -> BaseGeometry:
    """The geometry of a GeoJSON object. Raises ValueError."""
    try:
        found = shapely.make_valid(shape(values))
        json.dumps(values, allow_nan=False)  # it is handed back in the link to the next page
    except Exception as error:  # shapely raises anything on bad GeoJSON
        raise ValueError("not a GeoJSON geometry") from error
    if found.is_empty or shapely.get_num_coordinates(found) > MOST_CORNERS:
        raise ValueError(f"a geometry of 1 to {MOST_CORNERS} corners")
    return found


def _known_geometry(values: dict[str, Any]) -> dict[str, Any]:
    geometry_of(values)
    return values


def _edges(text: str) -> str:
    box_of([float(edge) for edge in text.split(",")])
    return text


def _geometry_text(text: str) -> str:
    try:
        geometry_of(dict(json.loads(text)))
    except (TypeError, RecursionError):
        raise ValueError("not a GeoJSON geometry") from None
    return text


_SPAN = {"type": "string", "examples": ["2026-11-01T00:00:00Z/.."]}
Interval = Annotated[
    str, Field(max_length=100), AfterValidator(_known_interval), WithJsonSchema(_SPAN)
]
"""An instant, or two with `/` between, of which one may be `..`."""

Limit = Annotated[int, Field(ge=1, le=10_000)]
"""Scenes of a page; of more than MOST_ITEMS, that many come."""

Names = Annotated[str, Field(max_length=20_000)]
"""Several, with commas between."""

Edges = Annotated[
    str,
    Field(max_length=200),
    AfterValidator(_edges),
    WithJsonSchema({"type": "string", "examples": ["121.4,31.0,121.9,31.6"]}),
]
"""West, south, east, north in degrees."""


class StacItemsQuery(Request):
    """Which scenes of a collection."""

    bbox: Edges | None = None
    """West, south, east, north in degrees."""
    datetime: Interval | None = None
    """An instant, or `FROM/TO`, of which one may be `..`."""
    limit: Limit = 10
    """Scenes of a page, at most 200."""
    token: Cursor | None = None
    """Of the `next` link of the page before."""


class StacSearchQuery(StacItemsQuery):
    """Which scenes."""

    ids: Names | None = None
    """Ids of scenes, with commas between."""
    collections: Names | None = None
    """Ids of collections, with commas between."""
    intersects: Annotated[str, Field(max_length=1 << 20), AfterValidator(_geometry_text)] | None = (
        None
    )
    """A GeoJSON geometry that the scenes meet; not together with `bbox`."""

    @model_validator(mode="after")
    def _one_place(self) -> "StacSearchQuery":
        return _with_one_place(self)


class StacSearch(Request):
    """Which scenes."""

    model_config = Request.model_config | examples(
        {"bbox": [121.4, 31.0, 121.9, 31.6], "datetime": "2026-11-01T00:00:00Z/..", "limit": 20}
    )

    bbox: Annotated[list[float], AfterValidator(_known_box)] | None = None
    """West, south, east, north in degrees."""
    datetime: Interval | None = None
    """An instant, or `FROM/TO`, of which one may be `..`."""
    ids: list[Annotated[str, Field(max_length=100)]] | None = None
    """Ids of scenes."""
    collections: list[Annotated[str, Field(max_length=100)]] | None = None
    """Ids of collections."""
    intersects: Annotated[dict[str, Any], AfterValidator(_known_geometry)] | None = None
    """A GeoJSON geometry that the scenes meet; not together with `bbox`."""
    limit: Limit = 10
    """Scenes of a page, at most 200."""
    token: Cursor | None = None
    """Of the `next` link of the page before."""

    @model_validator(mode="after")
    def _one_place(self) -> "StacSearch":
        return _with_one_place(self)


def _with_one_place(search: _Search) -> _Search:
    if search.bbox is not None and search.intersects is not None:
        raise ValueError("bbox and intersects exclude each other")
    return search
