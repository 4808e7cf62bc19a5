"""What is asked of Sentinel Hub, in the words of `sentinelhub`: catalogue searches and images.

Imported when the first request is made, as the library is heavy.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sentinelhub.api.catalog import SentinelHubCatalog
from sentinelhub.api.process import SentinelHubRequest
from sentinelhub.config import SHConfig
from sentinelhub.constants import CRS, MimeType, ResamplingType
from sentinelhub.data_collections import DataCollection
from sentinelhub.exceptions import BaseSentinelHubException
from sentinelhub.geometry import BBox

from geo.errors import SourceError
from geo.geobox import GeoBox
from tiles.sources.acquisition import Kind
from tiles.sources.sentinel_hub_client import Patience, PatientClient, go_on
from tiles.sources.sentinel_hub_products import Product
from tiles.sources.sentinel_hub_spec import SentinelHubSpec
from tiles.sources.source import Ask

PAGE = 100
"""Items of one page of the catalogue."""
PAGE_BYTES = 64 << 20
"""Largest page."""
AROUND = timedelta(minutes=1)
"""An item's instant is at most so far from the middle of its sensing."""
SPENT_HEADER = "x-processingunits-spent"
"""Header in which the service states what a request cost."""


class Hub:
    """One collection of one service."""

    def __init__(self, name: str, spec: SentinelHubSpec, secrets: tuple[str, str]) -> None:
        self._name = name
        # never the user's profile on the disk
        self._config = SHConfig(
            use_defaults=True, sh_base_url=spec.hub.url, sh_token_url=spec.hub.token_url
        )
        patience = Patience(spec.tries, spec.first_wait_s, spec.longest_wait_s, spec.answer_s)
        self._client = PatientClient(name, self._config, secrets, patience)
        self._collection = _collection(spec)

    def items(self, ask: Ask, most: int) -> Iterator[dict[str, Any]]:
        """Items of the catalogue around the area's box and the window, page by page.

        The service's windows are closed, and an item's instant need not be the middle of its
        sensing: some items lie outside. Raises SourceError also for a catalogue that makes no sense
        or does not end.
        """
        catalog = SentinelHubCatalog(self._config)
        catalog.client = self._client
        self._client.most_bytes = PAGE_BYTES
        found = catalog.search(
            self._collection,
            bbox=BBox(ask.area.bounds, CRS.WGS84),
            time=(_whole(ask.start - AROUND), _whole(ask.end + AROUND)),
            limit=PAGE,
        )
        try:
            for number, item in enumerate(found):
                if number >= most:
                    raise SourceError(f"{self._name}: the catalogue gives more than {most} items")
                yield item
        except (KeyError, TypeError, ValueError, AttributeError, BaseSentinelHubException) as error:
            raise SourceError(
                f"{self._name}: the catalogue's answer makes no sense ({type(error).__name__})"
            ) from None

    def image(
        self,
        product: Product,
        grid: GeoBox,
        between: tuple[datetime, datetime],
        check: Callable[[], None],
        paid: Callable[[float | None], None],
    ) -> bytes:
        """A TIFF on `grid` of what was sensed between two instants.

        `check` is called while it comes, `paid` with the units of every answer that is charged, as
        it begins to come; None where it does not say.
        """
        request = SentinelHubRequest(
            product.script,
            [
                SentinelHubRequest.input_data(
                    self._collection,
                    time_interval=between,
                    upsampling=ResamplingType.NEAREST,
                    downsampling=ResamplingType.NEAREST,
                    other_args={"processing": dict(product.processing)},
                )
            ],
            [SentinelHubRequest.output_response("default", MimeType.TIFF)],
            bbox=BBox(grid.bounds, CRS(grid.crs.to_epsg())),
            size=(grid.width, grid.height),
            config=self._config,
        ).download_list[0]
        raw = grid.height * grid.width * product.channels * product.bits // 8
        client = self._client
        client.most_bytes = raw * 3 // 2 + (1 << 20)
        client.check, client.paid = check, lambda headers: paid(_number(headers.get(SPENT_HEADER)))
        try:
            answer = client.send(request)
        finally:
            client.check = client.paid = go_on  # searches are not part of this fetch
        kind = _header(answer.headers, "content-type") or "no type"
        if "tif" not in kind:
            raise SourceError(f"{self._name}: {kind:.60} came instead of an image")
        return answer.content


def _collection(spec: SentinelHubSpec) -> DataCollection:
    """The library's collection, at this deployment: its own address would go before the settings.

    The library keeps one definition under one name for the whole process.
    """
    optical = spec.product.kind is Kind.OPTICAL
    known = DataCollection.SENTINEL2_L2A if optical else DataCollection.SENTINEL1_IW
    if known.service_url == spec.hub.url:
        return known
    digest = hashlib.sha256(spec.hub.url.encode()).hexdigest()[:16].upper()
    return known.define_from(f"{known.name}_{digest}", service_url=spec.hub.url)


def _whole(when: datetime) -> datetime:
    return when.replace(microsecond=0)


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((value for key, value in headers.items() if key.lower() == name), "")


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
