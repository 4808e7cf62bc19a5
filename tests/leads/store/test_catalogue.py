"""The catalogue of scenes against a plain list in memory; the same on both stores."""

from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon
from shapely.geometry import box
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Engine, insert

from geo.errors import InputError, NotFoundError
from leads.store.catalogue import (
    Asked,
    CatalogueItem,
    catalogue_extent,
    catalogue_item,
    catalogue_page,
)
from leads.store.engine import reading, writing
from leads.store.schema import scenes
from tests.leads.store.made_store import NOW

START = datetime(2026, 1, 1, 2, 30, tzinfo=UTC)
COUNT = 230  # more than are read at once


def made(number: int) -> CatalogueItem:
    """Every seventh is a composite of ten days, every fifth radar; three share each day."""
    moment = START + timedelta(days=number // 3, seconds=number)
    composite = number % 7 == 0
    west = 121.0 + number % 10 / 10
    ends = {"start_datetime": (moment - timedelta(days=10)).isoformat()}
    said = {**ends, "end_datetime": moment.isoformat()} if composite else {}
    return CatalogueItem(
        scene_id=f"{number * 7919 % 65521:064x}",
        kind="sar" if number % 5 == 0 else "optical",
        date=moment.date(),
        acquired=None if composite else moment,
        # a corner is missing, so that bounding boxes alone would find too much
        footprint=MultiPolygon(
            [box(west, 31, west + 0.1, 31.1) - box(west, 31, west + 0.05, 31.05)]
        ),
        folder=f"/made/{number}",
        pixels_removed_at=None,
        item={"id": str(number), "properties": said},
    )


ALL = [made(number) for number in range(COUNT)]


@pytest.fixture
def filled(store: Engine) -> Engine:
    fixed = {"source": "made", "bands": [], "crs": "EPSG:4490", "gsd_m": 10, "width": 1}
    rows = [
        {name: getattr(one, name) for name in one.__slots__}
        | fixed
        | {"height": 1, "added_at": NOW}
        | dict(zip(("west", "south", "east", "north"), one.footprint.bounds, strict=True))
        for one in ALL
    ]
    other = rows[0] | {"scene_id": "f" * 64, "kind": None, "folder": None, "item": None}
    with writing(store) as connection:
        connection.execute(insert(scenes), [*rows, other])
    return store


def is_asked_for(one: CatalogueItem, asked: Asked) -> bool:
    said = one.item["properties"]
    first, last = (
        one.acquired or datetime.fromisoformat(said[f"{end}_datetime"]) for end in ("start", "end")
    )
    places = [place for place in (asked.within, asked.place) if place is not None]
    return (
        (asked.kinds is None or one.kind in asked.kinds)
        and (asked.ids is None or one.scene_id in asked.ids)
        and (asked.first is None or last >= asked.first)
        and (asked.last is None or first <= asked.last)
        and all(place.intersects(one.footprint) for place in places)
    )


def everything(store: Engine, asked: Asked, limit: int) -> list[str]:
    found: list[str] = []
    token = ""
    while True:
        with reading(store) as connection:
            page, token = catalogue_page(connection, asked, limit, token)
        assert len(page) == limit or (len(page) < limit and not token)
        found += [one.scene_id for one in page]
        if not token:
            return found


def places() -> st.SearchStrategy[BaseGeometry]:
    edges = st.tuples(st.floats(120.9, 122.1), st.floats(30.9, 31.2), st.floats(0.001, 0.4))
    return edges.map(lambda e: box(e[0], e[1], e[0] + e[2], e[1] + e[2]))


MOMENTS = st.integers(-12 * 24, COUNT * 8 + 48).map(lambda hours: START + timedelta(hours=hours))
ASKED = st.builds(
    Asked,
    within=st.none() | places(),
    kinds=st.none() | st.sampled_from([("sar",), ("optical",), ("sar", "optical"), ()]),
    ids=st.none() | st.lists(st.sampled_from([one.scene_id for one in ALL]), max_size=9).map(tuple),
    place=st.none() | places(),
    first=st.none() | MOMENTS,
    last=st.none() | MOMENTS,
)  # fmt: skip


def test_pages_hold_what_is_asked_for_the_latest_first(filled: Engine) -> None:
    @given(ASKED, st.sampled_from([1, 7, 100, 1000]))
    @settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
    def law(asked: Asked, limit: int) -> None:
        meant = [one for one in ALL if is_asked_for(one, asked)]
        meant.sort(key=lambda one: (-one.date.toordinal(), one.scene_id))
        limit = max(limit, len(meant) // 8)
        assert everything(filled, asked, limit) == [one.scene_id for one in meant]

    law()


def test_one_scene_and_who_may_know_of_it(filled: Engine) -> None:
    one = ALL[3]
    with reading(filled) as connection:
        read = partial(catalogue_item, connection)
        assert read(one.scene_id) == one
        assert read(one.scene_id, one.footprint.buffer(0.01)) == one
        for scene_id, within in (
            (one.scene_id, box(0, 0, 1, 1)),
            ("f" * 64, None),  # opened by hand, no watch fetched it
            ("0" * 63 + "x", None),
        ):
            with pytest.raises(NotFoundError):
                read(scene_id, within)


def test_where_and_when_scenes_of_a_kind_lie(filled: Engine) -> None:
    with reading(filled) as connection:
        found = catalogue_extent(connection, "optical")
        assert catalogue_extent(connection, "drone") is None
    assert found is not None
    assert found.bounds == pytest.approx((121.1, 31.0, 122.0, 31.1))
    assert (found.first, found.last) == (date(2026, 1, 1), ALL[-1].date)


def test_a_token_of_elsewhere(filled: Engine) -> None:
    for token in ("x", "AAAA", "MjAyNg==", "\u00ff"):
        with reading(filled) as connection, pytest.raises(InputError, match="none of this search"):
            catalogue_page(connection, Asked(), 10, token)
