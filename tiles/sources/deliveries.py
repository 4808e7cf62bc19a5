"""Deliveries: passes that producers leave in a folder or a bucket, as files.

Known by their names (`delivery_names`) and metadata; folders of band files, stacks and STAC items
of anybody are taken as they are. What is not taken is told by `refused`, never silently left out.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from math import cos, radians
from pathlib import Path, PurePath
from typing import Any

import shapely
from shapely.geometry import Polygon, box
from shapely.geometry.base import BaseGeometry

from geo.crs import CGCS2000, reproject_geometry
from geo.errors import InputError, SceneError, SourceError
from tiles.files.dates import date_in
from tiles.files.remote_url import is_remote
from tiles.limited import LimitedPool, Limits, blaming, limited_pool
from tiles.ortho.bundle_text import MAX_TEXT_BYTES, decoded
from tiles.ortho.placing import footprint
from tiles.ortho.raw import raw_facts
from tiles.ortho.rpc import rpc_of_text
from tiles.sources.acquisition import Acquisition, Kind
from tiles.sources.delivery_archive import unpack
from tiles.sources.delivery_bundles import Bundle, Image, gather
from tiles.sources.delivery_facts import Facts, facts_of, joined
from tiles.sources.delivery_make import Making
from tiles.sources.delivery_names import Named
from tiles.sources.delivery_plain import fetch_plain, plain_glance
from tiles.sources.delivery_spec import DeliveriesSpec
from tiles.sources.delivery_store import Entry, Refused, Store, store_at
from tiles.sources.delivery_words import told_below, worded
from tiles.sources.parts import PartsFolder
from tiles.sources.source import Ask, Cost, Fetched

_LIMITS = Limits(memory_mb=4096, seconds=1800, written_mb=64_000)
_HEADERS = Limits(memory_mb=4096, seconds=60)
"""Of a look at one file: nothing but headers is read."""
_SWATH_DEG = 0.5
"""Half the edge of the ground that an archive is taken to show until it is opened: Gaofen's scenes
are 12 to 90 km wide."""
_WIDE_DEG = {"GF1-WFV": 1.5, "GF6-WFV": 5.0}
"""The same of its wide cameras: 200 and 800 km."""
_WRONG_CLOCK = timedelta(hours=1)
"""What was written so far ahead of now was written by a wrong clock, or is looked at by one."""
Key = tuple[tuple[str, int, str], ...]


@dataclass(frozen=True, slots=True)
class Look:
    """What lies at a root."""

    acquisitions: tuple[Acquisition, ...]
    """Deliveries that can be fetched, by id."""
    refused: tuple[Refused, ...]
    """Files and deliveries that are not taken, with the reason."""
    waiting: tuple[Refused, ...]
    """Deliveries that are still being written."""


@dataclass(slots=True)
class Deliveries:
    """A folder, or a prefix of a bucket, as a source."""

    name: str
    """Its name in the configuration."""
    spec: DeliveriesSpec
    """How it is set up."""
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    """Tells the instant, UTC: what was written lately waits."""
    _known: dict[Key, Acquisition | Refused] = field(default_factory=dict, init=False)
    _last: Look | None = field(default=None, init=False)

    def search(self, ask: Ask) -> Iterator[Acquisition]:
        """Deliveries of the window that meet the area. Raises SourceError, InputError."""
        self._last = self._look(ask)
        for found in self._last.acquisitions:
            if ask.start <= found.acquired < ask.end and found.footprint.intersects(ask.area):
                yield found

    def refused(self) -> tuple[Refused, ...]:
        """What the last search did not take, with the reason; before any, of all that lies there.

        Raises SourceError, InputError.
        """
        return (self._last or self.look()).refused

    def waiting(self) -> tuple[Refused, ...]:
        """What the last search found still being written; before any, of all that lies there.

        Raises SourceError, InputError.
        """
        return (self._last or self.look()).waiting

    def look(self) -> Look:
        """All that lies there. Raises SourceError: the place is away; InputError: no place."""
        return self._look(None)

    def _look(self, ask: Ask | None) -> Look:
        """All that lies there, but plain images whose names state a day outside what is asked."""
        with told_below(self.spec):
            store = store_at(self.spec.root)
            bundles, refused = gather(store.entries())
        with limited_pool(1, _HEADERS) as pool:  # a child starts when one is needed
            return self._looked(ask, store, bundles, refused, pool)

    def _looked(
        self,
        ask: Ask | None,
        store: Store,
        bundles: Sequence[Bundle],
        refused: list[Refused],
        pool: LimitedPool,
    ) -> Look:
        now, found, waiting = self.clock(), list[Acquisition](), list[Refused]()
        for bundle in bundles:
            if ask is not None and bundle.is_plain and _is_outside(bundle.scene, ask):
                continue  # not opened: there may be thousands
            latest = max(entry.written for entry in bundle.entries)
            if latest > now + _WRONG_CLOCK:
                why = f"written at {latest:%Y-%m-%d %H:%M} UTC, ahead of now: set the clock right"
                refused.append(Refused(bundle.scene, f"{why}, and `touch` its files"))
            elif now - latest < timedelta(seconds=self.spec.settle_s):
                why = f"written at {latest:%H:%M:%S} UTC; waits until it is quiet"
                waiting.append(Refused(bundle.scene, why))
            elif isinstance(known := self._offer(store, bundle, latest, pool), Refused):
                refused.append(known)
            else:
                found.append(known)
        found, twins = _single(found)
        return Look(
            tuple(sorted(found, key=lambda one: one.identifier)),
            tuple(sorted([*refused, *twins], key=lambda one: one.where)),
            tuple(waiting),
        )

    def cost(self, acquisition: Acquisition, area: BaseGeometry) -> Cost:
        """Room on the disk, from the files' sizes: copies, strips and the result."""
        del area
        total = sum(entry.size for entry in _entries(acquisition))
        far = is_remote(self.spec.root)
        requests = len(_entries(acquisition)) + total // (8 << 20) if far else 0
        return Cost(requests=requests, bytes=total * (4 if far else 3))

    def fetch(
        self,
        acquisition: Acquisition,
        area: BaseGeometry,
        folder: Path,
        check: Callable[[], None],
    ) -> Fetched:
        """Make the scene of a delivery over an area; see `Source.fetch`."""
        with told_below(self.spec, None, folder):
            return self._fetched(acquisition, area, folder, check)

    def _fetched(
        self,
        acquisition: Acquisition,
        area: BaseGeometry,
        folder: Path,
        check: Callable[[], None],
    ) -> Fetched:
        store, entries = store_at(self.spec.root), _entries(acquisition)
        purpose = {
            "delivery": acquisition.detail,
            "area": shapely.to_wkb(area, hex=True),
            "how": repr(self.spec),
        }
        parts = PartsFolder(folder, purpose)
        paths = {
            entry.key: _here(store, entry, number, parts, check)
            for number, entry in enumerate(entries)
        }
        with told_below(self.spec, {path: key for key, path in paths.items()}):
            if acquisition.detail.get("plain"):
                fetched = fetch_plain(acquisition, store, paths, area, folder, parts, check)
            else:
                fetched = self._made(acquisition, entries, paths, area, folder, parts, check)
        parts.clear()
        return fetched

    def _made(
        self,
        acquisition: Acquisition,
        entries: Sequence[Entry],
        paths: Mapping[str, Path],
        area: BaseGeometry,
        folder: Path,
        parts: PartsFolder,
        check: Callable[[], None],
    ) -> Fetched:
        if acquisition.detail.get("archive"):
            entries, paths = unpack(paths[entries[0].key], parts, check)
        bundles, refused = gather(entries)
        if len(bundles) != 1 or bundles[0].is_plain:
            why = refused[0].why if refused else f"{len(bundles)} scenes where one was expected"
            raise SceneError(f"{acquisition.identifier}: {why}")
        bundle = bundles[0]
        facts = _facts(
            bundle, {entry.key: paths[entry.key].read_bytes() for entry in bundle.metadata}
        )
        names = {path: key for key, path in paths.items()}
        with (
            told_below(self.spec, names),
            blaming(acquisition.identifier),
            limited_pool(1, _LIMITS) as pool,
        ):
            return Making(
                bundle, paths, facts, acquisition, self.spec, area, folder, parts, pool, check
            ).run()

    def _offer(
        self, store: Store, bundle: Bundle, latest: datetime, pool: LimitedPool
    ) -> Acquisition | Refused:
        """The acquisition of a bundle, or why it is none; files are read once for each state."""
        key = tuple((e.key, e.size, e.written.isoformat()) for e in bundle.entries)
        if key not in self._known:
            try:
                self._known[key] = self._acquisition(store, bundle, latest, pool)
            except InputError as error:
                told = worded(str(error), self.spec, {})
                self._known[key] = Refused(bundle.entries[0].key, told)
        return self._known[key]

    def _acquisition(
        self, store: Store, bundle: Bundle, latest: datetime, pool: LimitedPool
    ) -> Acquisition:
        named = bundle.named
        if named is None:
            return self._plain(store, bundle, latest, pool)
        texts = {entry.key: store.read(entry, MAX_TEXT_BYTES) for entry in bundle.metadata}
        facts = _facts(bundle, texts)
        return Acquisition(
            source=self.name,
            collection=self.spec.collection,
            identifier=bundle.scene,
            kind=Kind.OPTICAL,
            acquired=_when(named, facts, bundle.scene),
            footprint=_ground(store, bundle, named, facts, pool),
            published=latest,
            cloud_share=facts.cloud_share,
            platform=named.platform,
            same_as=named.same_as,
            version=named.version,
            detail=_detail(bundle),
        )

    def _plain(
        self, store: Store, bundle: Bundle, latest: datetime, pool: LimitedPool
    ) -> Acquisition:
        only = bundle.entries[0].key if len(bundle.entries) == 1 else bundle.scene
        where = store.address(only)
        with blaming(where):
            seen = pool.run(plain_glance, where)
        ground = reproject_geometry(box(*seen.geobox.bounds), seen.geobox.crs, CGCS2000)
        noon = datetime(seen.day.year, seen.day.month, seen.day.day, 3, tzinfo=UTC)
        return Acquisition(
            source=self.name,
            collection=self.spec.collection,
            identifier=bundle.scene,
            kind=Kind.OPTICAL,
            acquired=seen.acquired or noon,
            footprint=ground,
            published=latest,
            detail=_detail(bundle),
        )


def _single(found: list[Acquisition]) -> tuple[list[Acquisition], list[Refused]]:
    """One of each id: the same delivery may lie there unpacked and packed."""
    kept: dict[str, Acquisition] = {}
    twins = []
    for one in sorted(found, key=lambda each: bool(each.detail.get("archive"))):
        if one.identifier in kept:
            why = "the same delivery lies there unpacked, or twice; remove one of them"
            twins.append(Refused(_entries(one)[0].key, why))
        else:
            kept[one.identifier] = one
    return list(kept.values()), twins


def _is_outside(name: str, ask: Ask) -> bool:
    """Whether the day in a name, if any, lies more than a day outside the window."""
    day = date_in(PurePath(name).name)
    margin = timedelta(days=1)
    return day is not None and not ask.start.date() - margin <= day <= ask.end.date() + margin


def _facts(bundle: Bundle, texts: Mapping[str, bytes]) -> Facts:
    if bundle.named is None:
        return Facts()
    found = [facts_of(bundle.named.family, texts[one.key], one.key) for one in bundle.metadata]
    others = [
        replace(one, rows=None, cols=None, bands=None, coefficients=())
        for one in found[bundle.own :]
    ]
    return joined([*found[: bundle.own], *others])


def _when(named: Named, facts: Facts, scene: str) -> datetime:
    """Instant of the sensing: of the name where it says the second, else of the metadata."""
    if named.is_exact or facts.acquired is None:
        return named.acquired
    if abs(facts.acquired - named.acquired) > timedelta(hours=14):
        raise SceneError(
            f"{scene}: its metadata is of {facts.acquired:%Y-%m-%d}, its name of "
            f"{named.acquired:%Y-%m-%d}; metadata of another scene: copy the delivery again"
        )
    return facts.acquired


def _ground(
    store: Store, bundle: Bundle, named: Named, facts: Facts, pool: LimitedPool
) -> BaseGeometry:
    """Footprint: by the metadata's corners, else by RPC, the image's place, or the name."""
    if facts.footprint is not None:
        return facts.footprint
    if bundle.archive is not None and named.middle is not None:
        lon, lat = named.middle
        half = _WIDE_DEG.get(named.sensor, _SWATH_DEG)
        wide = half / cos(radians(lat))
        return box(lon - wide, lat - half, lon + wide, lat + half)
    whole = shapely.union_all([_ground_of(store, image, pool) for image in bundle.colour])
    return whole if isinstance(whole, Polygon) else whole.convex_hull


def _ground_of(store: Store, image: Image, pool: LimitedPool) -> BaseGeometry:
    """Footprint of one image by its RPC, else by its place. Raises SceneError: neither is there."""
    if image.rpc is not None:
        data = store.read(image.rpc, MAX_TEXT_BYTES)
        rpc = rpc_of_text(decoded(data, image.rpc.key), image.rpc.key)
        return footprint(rpc, round(2 * rpc.offsets[0]) + 1, round(2 * rpc.offsets[1]) + 1)
    where = store.address(image.entry.key)
    with blaming(where):
        raw = pool.run(raw_facts, where)
    if raw.place is not None:
        return reproject_geometry(box(*raw.place.bounds), raw.place.crs, CGCS2000)
    if raw.rpc is not None:
        return footprint(raw.rpc, raw.rows, raw.cols)
    raise SceneError(
        f"{image.entry.key}: nothing says where it lies: no corners in metadata, no RPC, no "
        "georeference; hand over the producer's .xml and .rpb with it"
    )


def _detail(bundle: Bundle) -> dict[str, Any]:
    return {
        "files": [[e.key, e.size, e.written.isoformat()] for e in bundle.entries],
        "plain": bundle.is_plain,
        "archive": bundle.archive is not None,
    }


def _entries(acquisition: Acquisition) -> list[Entry]:
    """The files of a delivery as they were listed. Raises SceneError: kept by something else."""
    try:
        return [
            Entry(str(key), int(size), datetime.fromisoformat(written))
            for key, size, written in acquisition.detail["files"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise SceneError(
            f"{acquisition.identifier}: not listed by a source of deliveries ({error}): search "
            "again"
        ) from None


def _here(
    store: Store, entry: Entry, number: int, parts: PartsFolder, check: Callable[[], None]
) -> Path:
    """A file on this machine: where it lies, or fetched once as a part."""
    suffix = Path(entry.name).suffix.lower()
    name = f"file-{number:04d}{suffix if suffix[1:].isalnum() else ''}"
    if parts.has(name):
        return parts.path(name)
    draft = parts.draft(name)
    try:
        path = store.local(entry, draft, check)
        return parts.keep(name, draft) if path == draft else path
    except OSError as error:
        raise SourceError(f"{entry.key}: cannot be copied ({error})") from None
