"""Sentinel Hub as a source: a collection of a service is searched, and fetched in parts."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapely.geometry.base import BaseGeometry

from geo.errors import NoWorkersError, SceneError, SourceError, WorkerError
from geo.geobox import GeoBox, Window
from tiles.files.gdal_env import gdal_env
from tiles.files.raster_file import DECODING_ERRORS, one_line, open_raster
from tiles.limited import LimitedPool, limited_pool
from tiles.sources.acquisition import Acquisition, Kind
from tiles.sources.answer_words import without_folders
from tiles.sources.assemble import Piece, assemble, room_for
from tiles.sources.parts import PartsFolder
from tiles.sources.process_units import process_units
from tiles.sources.sentinel_hub_grid import GSD_M, RequestGrid, request_grid
from tiles.sources.sentinel_hub_items import acquisition_of_item
from tiles.sources.sentinel_hub_products import NO_CLOUD, Product
from tiles.sources.sentinel_hub_spec import SentinelHubSpec
from tiles.sources.source import BANDS_FILE, CLOUD_FILE, SCL_FILE, Ask, Cost, Fetched
from tiles.sources.sun_position import sun_position

if TYPE_CHECKING:
    from tiles.sources.sentinel_hub_requests import Hub

MOST_ITEMS = 50_000
"""Items of one search: more is a catalogue that does not end."""
IMAGE_TRIES = 2
"""Times that an image is asked for of which what came is none."""


@dataclass(slots=True)
class SentinelHub:
    """A collection of a Sentinel Hub service as a `Source`."""

    name: str
    """Its name in the configuration."""
    spec: SentinelHubSpec
    """Which service, and what of it."""
    secrets: tuple[str, str] = field(repr=False)
    """Client id and client secret of an OAuth client of the account."""
    _hub: "Hub | None" = field(default=None, init=False, repr=False)

    def search(self, ask: Ask) -> Iterator[Acquisition]:
        """Every acquisition of the window that meets the area; see `Source`."""
        for item in self._asked().items(ask, MOST_ITEMS):
            found = acquisition_of_item(self.name, self.spec.collection, item)
            if ask.start <= found.acquired < ask.end and found.footprint.intersects(ask.area):
                yield found

    def cost(self, acquisition: Acquisition, area: BaseGeometry) -> Cost:
        """Processing units, requests and bytes on disk of a fetch; see `Source`."""
        plan, product = self._plan(acquisition, area), self.spec.product
        pixel = len(product.bands) * product.bits // 8 + product.scl + product.cloud
        return Cost(
            units=sum(_units(window, product) for window in plan.windows),
            requests=len(plan.windows),
            bytes=plan.grid.height * plan.grid.width * pixel,
        )

    def fetch(
        self,
        acquisition: Acquisition,
        area: BaseGeometry,
        folder: Path,
        check: Callable[[], None],
    ) -> Fetched:
        """Fetch what an acquisition shows of an area into a folder; see `Source`."""
        plan, product = self._plan(acquisition, area), self.spec.product
        parts = PartsFolder(folder, self._purpose(acquisition, plan, product))
        with limited_pool(1, room_for(plan.grid, len(product.bands), product.dtype)) as pool:
            for window in plan.windows:
                check()
                if not parts.has(_part(window)):
                    self._fetch_part(acquisition, plan, window, parts, (pool, check))
            check()
            _assemble(pool, plan, product, parts, folder)
        fetched = _fetched(acquisition, product, parts.spent)
        parts.clear()
        return fetched

    def _fetch_part(
        self,
        acquisition: Acquisition,
        plan: RequestGrid,
        window: Window,
        parts: PartsFolder,
        under: tuple[LimitedPool, Callable[[], None]],
    ) -> None:
        """Fetch one window, look at it and keep it."""
        product, (pool, check), grid = self.spec.product, under, plan.grid.crop(window)
        for number in range(IMAGE_TRIES):
            check()  # also whether the next image may still be spent
            draft = parts.draft(_part(window))
            draft.write_bytes(self._image(acquisition, grid, parts, check))
            try:
                pool.run(check_image, draft, grid, product.channels, product.dtype)
            except NoWorkersError:
                raise
            except (SceneError, WorkerError) as error:
                draft.unlink()
                if number + 1 == IMAGE_TRIES:
                    why = without_folders(str(error), parts.place)
                    raise SourceError(
                        f"{self.name}: what came of {acquisition.identifier} is no image as it was "
                        f"asked for ({why}); try again later"
                    ) from None
                continue
            parts.keep(_part(window), draft)
            break

    def _image(
        self,
        acquisition: Acquisition,
        grid: GeoBox,
        parts: PartsFolder,
        check: Callable[[], None],
    ) -> bytes:
        """An image, its units counted before it is asked for and set right by what is charged."""
        product = self.spec.product
        expected, charged = _units(grid, product), [0.0]

        def paid(units: float | None) -> None:
            charged.append(expected if units is None else units)

        parts.spend(expected)  # a kill while it is made leaves it counted
        try:
            return self._asked().image(product, grid, _instants(acquisition), check, paid)
        finally:
            parts.spend(sum(charged) - expected)

    def _plan(self, acquisition: Acquisition, area: BaseGeometry) -> RequestGrid:
        return request_grid(area, acquisition.footprint, self.spec.request_px)

    def _purpose(
        self, acquisition: Acquisition, plan: RequestGrid, product: Product
    ) -> Mapping[str, Any]:
        return {
            "acquisition": acquisition.identifier,
            "version": acquisition.version,
            "crs": plan.grid.crs.to_epsg(),
            "transform": tuple(plan.grid.transform)[:6],
            "shape": plan.grid.shape,
            "script": product.script,
            "processing": dict(product.processing),
        }

    def _asked(self) -> "Hub":
        """The service, met at the first request: its library is heavy."""
        if self._hub is None:
            from tiles.sources.sentinel_hub_requests import Hub  # noqa: PLC0415

            self._hub = Hub(self.name, self.spec, self.secrets)
        return self._hub


def check_image(path: Path, grid: GeoBox, channels: int, dtype: str) -> None:
    """Decode a stranger's image, in a child under limits.

    Raises SceneError where it is damaged, or not of so many channels of `dtype` on the grid.
    """
    with gdal_env(), open_raster(str(path)) as image:
        found, shape = (image.count, *image.shape), (channels, *grid.shape)
        if found != shape or set(image.dtypes) != {dtype}:
            raise SceneError(f"{found} pixels of {image.dtypes[0]}, not {shape} of {dtype}")
        code = image.crs.to_epsg() if image.crs else None
        if code != grid.crs.to_epsg() or not image.transform.almost_equals(grid.transform, 1e-3):
            place = [round(edge, 1) for edge in image.bounds]
            raise SceneError(f"it lies at {place} of EPSG:{code}, not at {[*grid.bounds]}")
        try:
            for _, block in image.block_windows(1):
                image.read(window=block)
        except DECODING_ERRORS as error:
            raise SceneError(f"damaged: {one_line(error)}") from None


def _assemble(
    pool: LimitedPool, plan: RequestGrid, product: Product, parts: PartsFolder, folder: Path
) -> None:
    """Bands, classification and probability of cloud from all parts."""
    count = len(product.bands)
    files = [(BANDS_FILE, product.bands, product.dtype, 0, tuple(range(1, count + 1)))]
    if product.scl:
        files.append((SCL_FILE, ("scl",), "uint8", 0, (count + 1,)))
    if product.cloud:
        files.append((CLOUD_FILE, ("cloud_probability",), "uint8", NO_CLOUD, (count + 2,)))
    for name, bands, dtype, nodata, indexes in files:
        pieces = [Piece(window, parts.path(_part(window)), indexes) for window in plan.windows]
        try:
            pool.run(assemble, plan.grid, bands, dtype, pieces, folder / name, nodata)
        except SceneError as error:
            parts.drop_all()  # they were looked at when they came: this disk damaged them
            why = without_folders(str(error), parts.place, folder)
            raise SourceError(f"kept parts are damaged and will be fetched anew: {why}") from None


def _part(window: Window) -> str:
    return f"r{window.row}-c{window.col}.tif"


def _units(size: Window | GeoBox, product: Product) -> float:
    return process_units(
        size.height,
        size.width,
        product.inputs,
        product.bits,
        orthorectified=product.kind is Kind.SAR,
    )


def _instants(acquisition: Acquisition) -> tuple[datetime, datetime]:
    """Between which instants only this acquisition was sensed: items state whole seconds."""
    try:
        begun, ended = (datetime.fromisoformat(acquisition.detail[k]) for k in ("from", "to"))
    except (KeyError, TypeError, ValueError):
        begun = ended = acquisition.acquired
    return begun - timedelta(seconds=1), ended + timedelta(seconds=1)


def _fetched(acquisition: Acquisition, product: Product, units: float) -> Fetched:
    optical = product.kind is Kind.OPTICAL
    listed = acquisition.detail.get("baseline")
    middle = acquisition.footprint.centroid
    azimuth, elevation = sun_position(acquisition.acquired, middle.x, middle.y)
    said: dict[str, Any] = {
        "platform": acquisition.platform,
        "constellation": acquisition.platform[:10],
        "instruments": ["msi"] if optical else ["c-sar"],
        "processing:level": "L2A" if optical else "L1",
    }
    if optical:
        said |= {"view:sun_azimuth": round(azimuth, 2), "view:sun_elevation": round(elevation, 2)}
    if acquisition.orbit:
        number, _, state = acquisition.orbit.partition(" ")
        said["sat:relative_orbit"] = int(number)
        said |= {"sat:orbit_state": state} if state else {}
    return Fetched(
        bands=product.bands,
        gsd_m=GSD_M,
        has_scl=product.scl,
        has_cloud_probability=product.cloud,
        reflectance=optical,
        units=round(units, 4),
        properties=said,
        # no request can name a baseline, and no answer does: `processing:version` stays unsaid
        steps=product.steps if listed is None else (f"listed as baseline {listed}", *product.steps),
    )
