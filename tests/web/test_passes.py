"""The page of passes: coverage of the districts as list and map, watches and the ledger."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shapely import MultiPolygon, box
from sqlalchemy import Engine

from api.accounts.passwords import hash_password
from geo.hectares import Sight, hectares_of, lattice_place
from leads.domain.passes import PassRole, PassState
from leads.domain.roles import Actor, Role
from leads.store.accounts import add_account
from leads.store.engine import connect, writing
from leads.store.layers import add_layer
from leads.store.migrate import upgrade
from leads.store.passes import note_found, set_state
from leads.store.scenes import keep_scene
from leads.store.sights import keep_sight
from leads.store.watches import keep_watch, note_failure, note_success
from tests.leads.store.made_store import districts, made_run, square
from tests.web.conftest import serving, visiting
from tests.web.visitor import PASSWORD, Visitor
from tiles.sources.acquisition import Acquisition, Kind

pytestmark = [pytest.mark.web, pytest.mark.timeout(600)]

Visit = Callable[..., Visitor]
PEOPLE = (
    Actor("analyst-1", Role.ANALYST),
    Actor("pudong-1", Role.DISTRICT_OFFICER, "310115"),
)
PASSES = 130
"""A page of the ledger has 100."""
PUDONG = square(121.5, 31.0, 0.3)
AREA = MultiPolygon([box(121.55, 31.05, 121.7, 31.2)])
SPEC = {"source": {"name": "copernicus"}, "every_hours": 6.0}
DRAWN = """place => new Promise(done => {
    const look = () => {
        const map = place.libreMap;
        return map && map.loaded() && map.getLayer('coverage')
        ? done([map.getSource('coverage').coordinates[0],
                map.queryRenderedFeatures({layers: ['district-fill']}).length,
                map.getCanvas().clientHeight])
        : setTimeout(look, 100);
    };
    look();
})"""


def acquisition(number: int, now: datetime) -> Acquisition:
    name = f"S2B_T51RUQ_{number:03d}"
    return Acquisition("copernicus", "sentinel-2-l2a", name, Kind.OPTICAL,
                       now - timedelta(days=5 * number, hours=3), AREA)  # fmt: skip


def see(store: Engine, now: datetime) -> None:
    """One scene of the west ten days ago, one of the north three days ago."""
    run = made_run(0, [])
    grid = hectares_of(PUDONG)
    with writing(store) as connection:
        add_layer(connection, districts(), "made", "system", now)
        for scene, age, rows, cols in (
            (run.record.before, 10, 1, 0.5),
            (run.record.after, 3, 0.25, 1),
        ):
            mask = np.zeros(grid.shape, np.bool_)
            mask[: int(grid.height * rows), : int(grid.width * cols)] = True
            keep_scene(connection, scene, now)
            sight = Sight(grid.crs, *lattice_place(grid), mask)
            keep_sight(connection, scene.sha256, (now - timedelta(days=age)).date(), sight)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    store = connect(f"sqlite:///{tmp_path_factory.mktemp('passes') / 'hongxian.db'}")
    upgrade(store)
    now, secret = datetime.now(UTC), hash_password(PASSWORD)
    see(store, now)
    with writing(store) as connection:
        for person in PEOPLE:
            add_account(connection, person, person.account_id, secret, now)
        for name in ("chongming", "pudong"):
            keep_watch(connection, name, SPEC, AREA, now)
        note_success(connection, "pudong", now, now)
        note_failure(connection, "chongming", "copernicus: no answer within 30 s", now)
        states = (PassState.QUEUED, PassState.CLOUDY, PassState.BROKEN, PassState.FOUND)
        for number, state in enumerate(states):
            row = note_found(connection, "pudong", acquisition(number, now), PassRole.NEW, now)
            reason = {1: "看清 31%，要求 60%", 2: "截断的 TIFF，重试 5 次"}.get(number)
            set_state(connection, row.pass_id, state, now, reason=reason)
        for number in range(len(states), PASSES):
            note_found(connection, "pudong", acquisition(number, now), PassRole.NEW, now)
    yield store
    store.dispose()


@pytest.fixture(scope="module")
def visit(store: Engine, browser: Any, page_folder: Path) -> Iterator[Visit]:  # noqa: ANN401
    with serving(Path(str(store.url.database)).parent, page_folder) as address:
        yield visiting(browser, address)


def test_coverage_watches_and_ledger(visit: Visit) -> None:
    visitor = visit("analyst-1")
    page = visitor.page
    page.get_by_role("link", name="影像", exact=True).click()
    rows = page.get_by_role("list", name="各区覆盖").get_by_role("link")
    rows.first.wait_for()
    assert rows.count() == 1 and "浦东新区" in rows.first.inner_text()
    assert "公顷" in rows.first.inner_text()
    bar = rows.first.get_by_role("img").get_attribute("aria-label") or ""
    assert "从未看清" in bar and "7 天内" in bar
    watches = page.get_by_role("list", name="值守").get_by_role("listitem")
    assert watches.count() == 2
    assert "连续 1 次失败" in watches.first.inner_text()
    ledger = page.get_by_role("list", name="过境台账").get_by_role("listitem")
    texts = ledger.all_inner_texts()[:4]
    assert [words in text for words, text in zip(
        ("已交运行", "云多，未比对", "损坏或取不到", "已发现，待取"), texts, strict=True
    )] == [True] * 4  # fmt: skip
    assert "看清 31%" in texts[1]
    page.wait_for_load_state("networkidle")
    visitor.leave()


def test_further_passes_are_shown_once_however_often_they_are_asked_for(visit: Visit) -> None:
    visitor = visit("analyst-1")
    page = visitor.page
    page.goto(f"{visitor.address}/passes")
    more = page.get_by_role("button", name="再显示一页", exact=True)
    more.wait_for()
    more.evaluate("button => { button.click(); button.click(); }")
    more.wait_for(state="detached")
    page.wait_for_load_state("networkidle")
    ledger = page.get_by_role("list", name="过境台账").get_by_role("listitem")
    assert ledger.count() == PASSES
    visitor.leave()


def test_the_map_shows_the_hectares_where_they_are(visit: Visit) -> None:
    visitor = visit("analyst-1")
    visitor.page.goto(f"{visitor.address}/passes/310115")
    place = visitor.page.locator(".coverage-map")
    place.wait_for()
    (west, north), drawn, height = place.evaluate(DRAWN)
    assert (west, north) == pytest.approx((121.5, 31.3), abs=0.02) and drawn >= 1
    assert height > 500
    legend = visitor.page.get_by_role("list", name="最近一次看清距今")
    assert legend.get_by_role("listitem").count() == 6
    if folder := os.environ.get("HONGXIAN_SCREENSHOTS"):
        visitor.page.screenshot(path=f"{folder}/passes.png")
    visitor.leave()


def test_an_officer_sees_coverage_and_no_ledger(visit: Visit) -> None:
    visitor = visit("pudong-1")
    page = visitor.page
    page.get_by_role("link", name="影像", exact=True).click()
    page.get_by_role("list", name="各区覆盖").get_by_role("link").first.wait_for()
    page.wait_for_load_state("networkidle")
    assert page.get_by_role("list", name="过境台账").count() == 0
    page.locator("button.language").click()
    page.get_by_text("When each district was last seen clear").wait_for()
    page.wait_for_load_state("networkidle")
    visitor.leave()
