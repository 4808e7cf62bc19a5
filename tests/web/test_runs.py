"""The page of runs: what is under way, a run with everything, taking one back."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from api.accounts.passwords import hash_password
from leads.domain.job import RUN, Job
from leads.domain.roles import Actor, Role
from leads.domain.transition_table import Action
from leads.domain.transitions import Command
from leads.store import jobs
from leads.store.accounts import add_account
from leads.store.engine import connect, writing
from leads.store.job_tiles import TileRow, TileState, keep_tiles
from leads.store.migrate import upgrade
from leads.store.steps import take_step
from leads.store.withdraw import withdraw_run
from tests.leads.store.made_store import (
    MadeRun,
    districts,
    file,
    made_run,
    red_line,
    sighted,
    square,
)
from tests.web.conftest import serving, visiting
from tests.web.visitor import PASSWORD, Visitor

pytestmark = [pytest.mark.web, pytest.mark.timeout(600)]

Visit = Callable[..., Visitor]
PEOPLE = (
    Actor("analyst-1", Role.ANALYST),
    Actor("dispatcher-1", Role.DISPATCHER),
    Actor("piliang-1", Role.BATCH_OPERATOR),
    Actor("pudong-1", Role.DISTRICT_OFFICER, "310115"),
)
NAMES = {"before": "/data/2026-03-02_浦东.tif", "after": "/data/2026-09-18_浦东.tif",
         "layers": [], "detector": "siamese", "district": "310115"}  # fmt: skip
PROGRESS = {
    "stage": "tiles", "tiles": 240, "tiles_done": 96, "tiles_empty": 4, "tiles_set_aside": 1,
    "pixels": 900_000_000, "pixels_done": 363_000_000, "megapixels_per_second": 1.87,
    "seconds_left": 287.0, "errors": {"SceneError": 3, "MemoryLimitError": 1},
    "notes": ["layer districts: 2 polygons repaired"],
}  # fmt: skip


def begun(store: Engine, worker: str, **changed: object) -> Job:
    now = datetime.now(UTC)
    with writing(store) as connection:
        asked = jobs.enqueue(connection, RUN, {**NAMES, **changed}, "piliang-1", now)
        job = jobs.claim(connection, worker, now, lease_s=3600, job_id=asked.job_id)
        assert job is not None
        return jobs.save_progress(connection, job.lease, PROGRESS)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Two filed runs, a lead of the second claimed; jobs under way, waiting and failed."""
    folder = tmp_path_factory.mktemp("runs")
    store = connect(f"sqlite:///{folder / 'hongxian.db'}")
    upgrade(store)
    now, secret = datetime.now(UTC), hash_password(PASSWORD)
    with writing(store) as connection:
        for person in PEOPLE:
            add_account(connection, person, person.account_id, secret, now)
    layers = (districts(), red_line())
    file(store, made_run(1, [sighted(square(121.60, 31.10))], layers), now - timedelta(days=30))
    bad = made_run(2, [sighted(square(121.6 + 0.01 * i, 31.10)) for i in range(4)], layers)
    file(store, bad, now - timedelta(hours=2))
    with writing(store) as connection:
        take_step(connection, bad.leads[1].lead_id, Command(Action.CLAIM), PEOPLE[0], now)
    failed = begun(store, "host:1:1", detector="irmad")
    with writing(store) as connection:
        error = f"{NAMES['after']} cannot be opened: bring it back, then --resume"
        jobs.fail(connection, failed.lease, error, now, again=False)
        jobs.enqueue(connection, RUN, {**NAMES, "shadow": True}, "system", now)
    job = begun(store, "host:2:2")
    with writing(store) as connection:
        reason = f"{NAMES['after']}: block 3, 5 cannot be decoded"
        row = TileRow(17, TileState.SET_ASIDE, 3, reason, 0.0, 0, None)
        keep_tiles(connection, job.lease, [row])
    yield store
    store.dispose()


@pytest.fixture(scope="module")
def visit(store: Engine, browser: Any, page_folder: Path) -> Iterator[Visit]:  # noqa: ANN401
    folder = Path(str(store.url.database)).parent
    with serving(folder, page_folder) as address:
        yield visiting(browser, address)


def open_runs(visitor: Visitor) -> tuple[Any, Any]:
    """The page of runs; its two lists."""
    visitor.page.get_by_role("link", name="运行", exact=True).click()
    page = visitor.page
    lists = [page.get_by_role("list", name=n) for n in ("进行中与未完成", "已入库的运行")]
    for one in lists:
        one.get_by_role("link").first.wait_for()
    return lists[0], lists[1]


def test_what_is_under_way(visit: Visit, store: Engine) -> None:
    visitor = visit("analyst-1")
    under_way, filed = open_runs(visitor)
    assert under_way.get_by_role("link").count() == 3 and filed.get_by_role("link").count() == 2
    row = under_way.get_by_role("link").filter(has_text="运行中")
    for text in (
        "40.3%",
        "96/240 块",
        "1.87 百万像素/秒",
        "约剩 4 分 47 秒",
        "SceneError × 3",
        "搁置 1 块",
    ):
        assert text in row.inner_text()
    assert "/data" not in under_way.inner_text()
    row.click()
    panel = visitor.page.get_by_role("article", name="运行详情")
    panel.get_by_text("block 3, 5 cannot be decoded").wait_for()
    panel.get_by_text("浦东新区").wait_for()
    with writing(store) as connection:
        [job] = jobs.list_jobs(connection, states=[jobs.JobState.LEASED])
        later = {**PROGRESS, "tiles_done": 200, "pixels_done": 756_000_000}
        jobs.save_progress(connection, job.lease, later)
    row.get_by_text("84%").wait_for(timeout=10_000)  # by itself
    panel.get_by_text("84%").wait_for(timeout=10_000)
    assert visitor.page.url.endswith(f"/jobs/{job.job_id}")
    visitor.leave()


def test_a_run_is_taken_back(visit: Visit) -> None:
    analyst = visit("analyst-1")
    _, filed = open_runs(analyst)
    filed.get_by_role("link").first.click()
    panel = analyst.page.get_by_role("article", name="运行详情")
    panel.get_by_text("新地点 3").wait_for()
    assert panel.get_by_role("button", name="撤回此运行").count() == 0
    analyst.leave()

    dispatcher = visit("dispatcher-1")
    _, filed = open_runs(dispatcher)
    filed.get_by_role("link").first.click()
    panel = dispatcher.page.get_by_role("article", name="运行详情")
    panel.get_by_role("button", name="撤回此运行").click()
    dialog = dispatcher.page.get_by_role("dialog")
    dialog.get_by_label("撤回理由").fill("配准失败，整景误报")
    dialog.get_by_role("button", name="撤回此运行").click()
    assert dialog.is_visible()  # not before the box is ticked
    dialog.get_by_label("我确认撤回此运行").check()
    dialog.get_by_role("button", name="撤回此运行").click()
    dispatcher.told("随运行撤回 2")
    panel.get_by_text("配准失败，整景误报").wait_for()
    assert panel.get_by_role("button", name="撤回此运行").count() == 0
    filed.get_by_text("已撤回").wait_for()
    dispatcher.leave()


def test_a_touched_lead_warns(visit: Visit) -> None:
    visitor = visit("analyst-1")
    visitor.page.get_by_role("button", name="我领取的").click()
    visitor.page.wait_for_url("**holder=analyst-1**")
    visitor.leads().first.click()
    panel = visitor.opened()
    warning = panel.get_by_role("alert").filter(has_text="运行已撤回，请复核")
    warning.get_by_text("配准失败，整景误报").wait_for()
    panel.get_by_text("运行已撤回", exact=True).wait_for()
    # the scenes of a made-up run are nowhere, so its pictures cannot be read
    visitor.wrong = [line for line in visitor.wrong if "/pictures/" not in line]
    visitor.leave()


def test_on_a_phone(visit: Visit) -> None:
    visitor = visit("dispatcher-1", width=390, height=844)
    under_way, _ = open_runs(visitor)
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == 390
    under_way.get_by_role("link").filter(has_text="失败").click()
    panel = visitor.page.get_by_role("article", name="运行详情")
    panel.get_by_text("cannot be opened").wait_for()
    assert panel.bounding_box()["width"] == 390
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == 390
    panel.get_by_role("button", name="返回").click()
    under_way.get_by_role("link").first.wait_for()
    visitor.page.get_by_role("link", name="线索", exact=True).click()
    visitor.leads().first.wait_for()
    visitor.leave()


def test_who_runs_detections_sees_runs_and_no_leads(visit: Visit) -> None:
    visitor = visit("piliang-1")
    visitor.page.get_by_role("list", name="已入库的运行").get_by_role("link").first.wait_for()
    assert visitor.page.get_by_role("link", name="线索", exact=True).count() == 0
    visitor.leave()
    officer = visit("pudong-1")
    officer.page.get_by_text("没有符合条件的线索").wait_for()
    assert officer.page.get_by_role("link", name="运行", exact=True).count() == 0
    officer.leave()


def test_in_english(visit: Visit) -> None:
    visitor = visit("analyst-1")
    visitor.page.get_by_role("button", name="切换到英文").click()
    visitor.page.get_by_role("link", name="Runs", exact=True).click()
    row = visitor.page.get_by_role("list", name="Under way and unfinished").get_by_role("link")
    row.filter(has_text="Under way").get_by_text("1.87 Mpx/s").wait_for()
    visitor.page.get_by_role("list", name="Filed runs").get_by_text("Withdrawn").wait_for()
    visitor.leave()


def filed_anew(store: Engine, number: int, *places: float) -> MadeRun:
    """A run the page shows first, with leads at these longitudes."""
    run = made_run(number, [sighted(square(lon, 31.20)) for lon in places])
    file(store, run, datetime.now(UTC))
    return run


def ask_to_withdraw(visitor: Visitor, run: MadeRun) -> tuple[Any, Any]:
    """The run's panel and the dialog, filled in."""
    visitor.page.goto(f"{visitor.address}/runs/{run.record.run_id}")
    panel = visitor.page.get_by_role("article", name="运行详情")
    panel.get_by_role("button", name="撤回此运行").click()
    dialog = visitor.page.get_by_role("dialog")
    dialog.get_by_label("撤回理由").fill("云影误报")
    dialog.get_by_label("我确认撤回此运行").check()
    return panel, dialog


def test_the_question_goes_with_the_run_it_is_about(visit: Visit, store: Engine) -> None:
    one, other = filed_anew(store, 3, 121.70), filed_anew(store, 4, 121.72)
    visitor = visit("dispatcher-1")
    open_runs(visitor)
    for run in (other, one):
        address = f"/runs/{run.record.run_id}"
        visitor.page.get_by_role("list", name="已入库的运行").locator(
            f"a[href='{address}']"
        ).click()
        visitor.page.wait_for_url(f"**{address}")
    panel = visitor.page.get_by_role("article", name="运行详情")
    panel.get_by_role("button", name="撤回此运行").click()
    dialog = visitor.page.get_by_role("dialog")
    dialog.get_by_text("会保持撤回").wait_for()
    visitor.page.go_back()
    visitor.page.wait_for_url(f"**/runs/{other.record.run_id}")
    panel.get_by_text(other.record.run_id).wait_for()
    assert dialog.count() == 0
    panel.get_by_role("button", name="撤回此运行").wait_for()
    visitor.leave()


def test_somebody_else_was_first(visit: Visit, store: Engine) -> None:
    run = filed_anew(store, 5, 121.74)
    visitor = visit("dispatcher-1")
    panel, dialog = ask_to_withdraw(visitor, run)
    with writing(store) as connection:
        other = Actor("dispatcher-2", Role.DISPATCHER)
        withdraw_run(connection, run.record.run_id, "影像错位", other, datetime.now(UTC))
    dialog.get_by_role("button", name="撤回此运行").click()
    visitor.page.get_by_role("alert").filter(has_text="已由他人撤回").wait_for()
    panel.get_by_text("影像错位").wait_for()
    panel.get_by_text("dispatcher-2").wait_for()
    assert dialog.count() == 0
    visitor.wrong = [line for line in visitor.wrong if "409" not in line]
    visitor.leave()


def test_a_filed_run_that_is_open_is_read_again(visit: Visit, store: Engine) -> None:
    run = filed_anew(store, 6, 121.76)
    visitor = visit("analyst-1")
    visitor.page.goto(f"{visitor.address}/runs/{run.record.run_id}")
    panel = visitor.page.get_by_role("article", name="运行详情")
    panel.get_by_text("已入库", exact=True).wait_for()
    with writing(store) as connection:
        withdraw_run(connection, run.record.run_id, "云影", PEOPLE[1], datetime.now(UTC))
    panel.get_by_text("云影").wait_for(timeout=10_000)  # by itself
    visitor.leave()


def test_links_of_a_withdrawn_run_are_marked(visit: Visit, store: Engine) -> None:
    first = filed_anew(store, 7, 121.780, 121.7812)
    both = made_run(8, [sighted(square(121.780, 31.2, 0.0025))])
    file(store, both, datetime.now(UTC))
    with writing(store) as connection:
        withdraw_run(connection, both.record.run_id, "误报", PEOPLE[1], datetime.now(UTC))
    visitor = visit("analyst-1")
    one, other = (lead.lead_id for lead in first.leads)
    visitor.page.goto(f"{visitor.address}/leads/{one}")
    tie = visitor.opened().get_by_role("listitem").filter(has=visitor.page.get_by_text(other))
    tie.get_by_text("运行已撤回").wait_for()
    visitor.page.get_by_text(other).click()
    visitor.page.wait_for_url(f"**/leads/{other}**")
    visitor.page.wait_for_load_state("networkidle")
    visitor.wrong = [line for line in visitor.wrong if "/pictures/" not in line]
    visitor.leave()
