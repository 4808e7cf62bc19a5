"""From the store's catalogue to STAC: items with links and assets at addresses of this server."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlencode

from fastapi.responses import FileResponse
from starlette.types import Message, Receive, Scope, Send

from api.bodies.stac import (
    StacCatalog,
    StacCollection,
    StacCollections,
    StacItem,
    StacItems,
)
from api.problems import KINDS, problem
from geo.errors import NotFoundError
from leads.store.catalogue import CatalogueItem, Extent
from tiles.files.write_item import STAC_VERSION
from tiles.sources.acquisition import Kind

GEO_JSON = "application/geo+json"
"""Media type of items."""
CONFORMS_TO = (
    "https://api.stacspec.org/v1.0.0/core",
    "https://api.stacspec.org/v1.0.0/collections",
    "https://api.stacspec.org/v1.0.0/item-search",
    "https://api.stacspec.org/v1.0.0/ogcapi-features",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
)
"""What the interface can do."""

_TITLES = {
    Kind.OPTICAL.value: "光学影像 / optical scenes",
    Kind.SAR.value: "雷达影像 / radar scenes",
}
_ABOUT = "Scenes that watches have fetched, of the areas they watch; licences are the producers'."
_WHOLE_WORLD = (-180.0, -90.0, 180.0, 90.0)


def landing(base: str) -> StacCatalog:
    """The landing page; `base` is the address it lies at."""
    search = {"rel": "search", "href": f"{base}/search", "type": GEO_JSON}
    root = base.removesuffix("/stac")
    return StacCatalog(
        stac_version=STAC_VERSION,
        id="hongxian",
        title="红线 Hongxian",
        description=_ABOUT,
        conformsTo=list(CONFORMS_TO),
        links=[
            *_up(base, base),
            _link("data", f"{base}/collections"),
            _link("conformance", f"{base}/conformance"),
            {**search, "method": "GET"},
            {**search, "method": "POST"},
            _link("service-desc", f"{root}/api/openapi.json"),
            *(_link("child", f"{base}/collections/{kind}") for kind in Kind),
        ],
    )


def collections_of(base: str, extents: Sequence[tuple[str, Extent | None]]) -> StacCollections:
    """All collections."""
    return StacCollections(
        collections=[collection_of(base, kind, extent) for kind, extent in extents],
        links=_up(base, f"{base}/collections"),
    )


def collection_of(base: str, kind: str, extent: Extent | None) -> StacCollection:
    """One collection; `extent` is None where it is empty."""
    here = f"{base}/collections/{kind}"
    interval = [None, None] if extent is None else [_day(extent.first), _day(extent.last, end=True)]
    return StacCollection(
        stac_version=STAC_VERSION,
        id=kind,
        title=_TITLES[kind],
        description=_ABOUT,
        license="other",
        extent={
            "spatial": {"bbox": [list(_WHOLE_WORLD if extent is None else extent.bounds)]},
            "temporal": {"interval": [interval]},
        },
        links=[
            *_up(base, here),
            _link("parent", base),
            {"rel": "items", "href": f"{here}/items", "type": GEO_JSON},
        ],
    )


def items_of(
    base: str, here: str, found: Sequence[CatalogueItem], following: dict[str, Any] | None
) -> StacItems:
    """A page of scenes at `here`; `following` is the link to the next, None after the last."""
    links = [_link("root", base), {"rel": "self", "href": here, "type": GEO_JSON}]
    return StacItems(
        features=[item_of(base, one) for one in found],
        links=links if following is None else [*links, following],
        numberReturned=len(found),
    )


def next_by_get(here: str, asked: dict[str, Any], token: str) -> dict[str, Any]:
    """The link to the page that starts at a token, with all that was asked for."""
    query = urlencode({**asked, "token": token})
    return {"rel": "next", "href": f"{here}?{query}", "type": GEO_JSON, "method": "GET"}


def next_by_post(here: str, asked: dict[str, Any], token: str) -> dict[str, Any]:
    """The same for a search by POST."""
    body = {**asked, "token": token}
    return {"rel": "next", "href": here, "type": GEO_JSON, "method": "POST", "body": body}


def item_of(base: str, one: CatalogueItem) -> StacItem:
    """One scene, with addresses in place of places on the disk."""
    collection = f"{base}/collections/{one.kind}"
    here = f"{collection}/items/{one.scene_id}"
    item = dict(one.item)
    said = {**item.get("properties", {}), "hongxian:identifier": item.get("id")}
    if one.pixels_removed_at is not None:
        said["hongxian:pixels_removed"] = one.pixels_removed_at.isoformat()
    assets = {} if one.pixels_removed_at is not None else dict(item.get("assets", {}))
    return StacItem(
        stac_version=str(item.get("stac_version", STAC_VERSION)),
        stac_extensions=list(item.get("stac_extensions", [])),
        id=one.scene_id,
        collection=one.kind,
        geometry=dict(item["geometry"]),
        bbox=list(item["bbox"]),
        properties=said,
        links=[
            *_up(base, here, GEO_JSON),
            _link("parent", collection),
            _link("collection", collection),
        ],
        assets={
            key: {**asset, "href": f"{here}/assets/{key}"}
            for key, asset in assets.items()
            if _name_in_folder(asset) is not None
        },
    )


def file_of(one: CatalogueItem, key: str) -> tuple[Path, str]:
    """Place on the disk and media type of an asset.

    Raises NotFoundError: there is no such asset, or retention has taken its pixels.
    """
    if one.pixels_removed_at is not None:
        day = one.pixels_removed_at.date()
        raise NotFoundError(f"the pixels of scene {one.scene_id} were removed on {day}")
    asset = one.item.get("assets", {}).get(key)
    name = None if asset is None else _name_in_folder(asset)
    path = None if name is None else Path(one.folder) / name
    if path is None or not path.is_file():
        raise NotFoundError(f"scene {one.scene_id} has no file {key!a:.60}")
    return path, str(asset.get("type", "application/octet-stream"))


class SceneFile(FileResponse):
    """A file of a scene; `not_found` where retention takes it before its first byte is sent."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, the head not before the file is open."""
        head: list[Message] = []
        begun = False

        async def with_head(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                head.append(message)
                return
            if not begun:
                begun = True
                await send(head[0])
            await send(message)

        try:
            await super().__call__(scope, receive, with_head)
        except (FileNotFoundError, RuntimeError) as error:
            told = isinstance(error, FileNotFoundError) or "does not exist" in str(error)
            if begun or not told:
                raise
            gone = problem(KINDS[NotFoundError], "the pixels of the scene were just removed")
            await gone(scope, receive, send)


def _name_in_folder(asset: dict[str, Any]) -> str | None:
    """The file's name; None where an item names anything but a file of its own folder."""
    parts = PurePosixPath(str(asset.get("href", ""))).parts
    plain = len(parts) == 1 and parts[0] not in {"/", ".."} and "\\" not in parts[0]
    return parts[0] if plain else None


def _up(base: str, here: str, media: str = "application/json") -> list[dict[str, Any]]:
    return [_link("root", base), {"rel": "self", "href": here, "type": media}]


def _link(rel: str, href: str) -> dict[str, Any]:
    return {"rel": rel, "href": href, "type": "application/json"}


def _day(day: date, *, end: bool = False) -> str:
    return f"{day.isoformat()}T{'23:59:59' if end else '00:00:00'}Z"
