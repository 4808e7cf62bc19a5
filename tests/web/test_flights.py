"""The page of flights: a lead asks, a pilot uploads, the checks and the image are there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from shapely import MultiPolygon, box
from sqlalchemy import Engine

from api.accounts.passwords import hash_password
from geo.crs import CGCS2000, SHANGHAI_PLANE, reproject_geometry
from leads.domain.job import FLIGHT
from leads.domain.roles import Actor, Role
from leads.flights.flight_job import Flyer
from leads.run.jobs.disk_guard import DiskGuard
from leads.run.jobs.worker import Worker
from leads.store.accounts import add_account
from leads.store.engine import connect, writing
from leads.store.file_run import file_run
from leads.store.migrate import upgrade
from leads.uploads.open_depot import open_depot
from tests.leads.store.made_store import made_run, sighted
from tests.web.conftest import serving, visiting
from tests.web.visitor import PASSWORD, Visitor
from tiles.synthetic.flight import made_flight, waste_with_signs
from tiles.synthetic.ground import make_ground

pytestmark = [pytest.mark.web, pytest.mark.timeout(600)]

Visit = Callable[..., Visitor]
PEOPLE = (
    Actor("analyst-1", Role.ANALYST),
    Actor("drone-1", Role.DRONE_OPERATOR),
    Actor("drone-2", Role.DRONE_OPERATOR),
)
DRAWN = """place => new Promise(done => {
    const look = () => {
        const map = place.libreMap;
        const there = map && map.loaded();
        const found = there ? map.queryRenderedFeatures({layers: ['frames-fill']}) : [];
        return found.length
        ? done(new Set(found.map(one => one.properties.name)).size) : setTimeout(look, 100);
    };
    look();
})"""


@dataclass(frozen=True)
class Site:
    """A server with a lead, and a flight over it on somebody's disk."""

    store: Engine
    folder: Path
    photos: Path
    visit: Visit

    def work(self) -> None:
        """Carry the flight's job out, as a worker would."""
        guard = DiskGuard((self.folder,), 0.0)
        flyer = Flyer(self.store, open_depot("", self.folder), self.folder / "flights", guard, None)
        Worker(self.store, {FLIGHT: flyer}, lambda _: None).work(once=True)


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory,
    browser: Any,  # noqa: ANN401
    page_folder: Path,
) -> Iterator[Site]:
    folder, photos = (tmp_path_factory.mktemp(name) for name in ("flights", "card"))
    ground = make_ground(31, 1920)
    made_flight(photos / "DCIM", ground)
    east, north = waste_with_signs(ground)
    x, y = ground.origin[0] + east, ground.origin[1] + north
    square = box(x - 9, y - 9, x + 9, y + 9)
    outline = MultiPolygon([reproject_geometry(square, SHANGHAI_PLANE, CGCS2000)])
    store = connect(f"sqlite:///{folder / 'hongxian.db'}")
    upgrade(store)
    now, secret = datetime.now(UTC), hash_password(PASSWORD)
    with writing(store) as connection:
        for person in PEOPLE:
            add_account(connection, person, person.account_id, secret, now)
        file_run(connection, made_run(1, [sighted(outline)]), "system", now)
    with serving(folder, page_folder) as address:
        yield Site(store, folder, photos / "DCIM", visiting(browser, address))
    store.dispose()


def test_a_lead_asks_and_a_flight_answers(site: Site) -> None:
    _ask(site)
    _fly(site)
    site.work()
    _look(site)


def _ask(site: Site) -> None:
    """An analyst asks for a flight and says who flies it."""
    analyst = site.visit("analyst-1")
    page = analyst.page
    analyst.leads().first.click()
    place = page.get_by_role("region", name="无人机")
    place.get_by_role("button", name="请求无人机飞行").click()
    place.get_by_text("待飞行").wait_for()
    place.get_by_role("button", name="安排").click()
    form = page.get_by_role("dialog")
    form.get_by_label("空域").select_option("green")
    form.get_by_label("飞行账号").fill("drone-1")
    form.get_by_role("button", name="保存").click()
    place.get_by_text("适飞空域").wait_for()
    # the made-up run has no imagery to cut pictures of
    analyst.wrong = [one for one in analyst.wrong if "/pictures/" not in one]
    analyst.leave()


def _fly(site: Site) -> None:
    """The pilot sees the mission, takes its area along, and uploads a card."""
    pilot = site.visit("drone-1")
    page = pilot.page
    page.get_by_role("heading", name="新的飞行").wait_for()
    missions = page.get_by_role("list", name="飞行任务")
    missions.get_by_text("适飞空域").wait_for()
    with page.expect_download() as download:
        missions.get_by_role("link", name="KML").click()
    assert "<kml" in Path(download.value.path()).read_text("utf-8")
    missions.get_by_role("button", name="上传此任务的飞行").click()
    frames = sorted(str(path) for path in site.photos.iterdir())
    page.get_by_label("选择文件", exact=True).set_input_files(frames)
    page.get_by_text(f"已选 {len(frames)} 个文件").wait_for()
    page.get_by_role("textbox", name="名称").fill("样例飞行")
    page.get_by_role("button", name="开始上传").click()
    page.get_by_role("article", name="飞行详情").get_by_text("已收齐").wait_for(timeout=60_000)
    pilot.leave()


def _look(site: Site) -> None:
    """The pilot sees checks, map and image; another pilot none of it."""
    pilot = site.visit("drone-1")
    page = pilot.page
    page.get_by_role("list", name="飞行", exact=True).get_by_role("link").first.click()
    panel = page.get_by_role("article", name="飞行详情")
    panel.get_by_text("快视图").first.wait_for()
    assert "位置 ±" in panel.locator(".product").inner_text()
    assert page.get_by_test_id("flight-map").evaluate(DRAWN) >= 6
    panel.get_by_role("img", name="地面影像").evaluate("image => image.decode()")
    panel.get_by_text("原件 12 个").click()
    assert panel.get_by_role("button", name="交付副本").count() == 0
    page.wait_for_load_state("networkidle")
    pilot.leave()
    other = site.visit("drone-2")
    other.page.get_by_text("还没有飞行。").wait_for()
    assert other.page.get_by_role("list", name="飞行任务").count() == 0
    other.leave()


def test_a_pilot_reads_it_on_a_phone(site: Site) -> None:
    pilot = site.visit("drone-1", width=390, height=844)
    page = pilot.page
    page.get_by_role("list", name="飞行", exact=True).get_by_role("link").first.click()
    panel = page.get_by_role("article", name="飞行详情")
    panel.get_by_text("快视图").first.wait_for()
    assert page.get_by_test_id("flight-map").evaluate(DRAWN) >= 6
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    panel.get_by_role("button", name="返回").click()
    page.get_by_role("heading", name="新的飞行").wait_for()
    page.wait_for_load_state("networkidle")
    pilot.leave()


def test_boxes_are_drawn_and_a_copy_leaves(site: Site) -> None:
    analyst = site.visit("analyst-1")
    page = analyst.page
    page.get_by_role("link", name="飞行", exact=True).click()
    page.get_by_role("list", name="飞行", exact=True).get_by_role("link").first.click()
    panel = page.get_by_role("article", name="飞行详情")
    panel.get_by_text("原件 12 个").click()
    panel.get_by_role("button", name="标注遮挡").first.click()
    canvas = page.get_by_test_id("boxing").locator("svg")
    page.get_by_test_id("boxing").locator("img").evaluate("image => image.decode()")
    shown = canvas.bounding_box()
    page.mouse.move(shown["x"] + 40, shown["y"] + 30)
    page.mouse.down()
    page.mouse.move(shown["x"] + 140, shown["y"] + 90)
    page.mouse.up()
    page.get_by_role("dialog").get_by_text("1 个方框").wait_for()
    page.get_by_role("button", name="保存方框").click()
    panel.get_by_text("已标注 1 处").wait_for()
    panel.get_by_role("button", name="交付副本").first.click()
    form = page.get_by_role("dialog")
    form.get_by_label("交给谁").fill("样例街道办事处")
    form.get_by_label("用途").fill("现场核查")
    with page.expect_download() as download:
        form.get_by_role("button", name="生成并下载").click()
    assert Path(download.value.path()).read_bytes()[:2] == b"\xff\xd8"
    panel.get_by_text("流转记录").first.click()
    panel.get_by_text("提供副本").first.wait_for()
    page.wait_for_load_state("networkidle")
    analyst.leave()
