"""What people do on the page, by role and label, against a running server."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from geo.gcj02 import wgs_to_gcj
from tests.web.visitor import Visitor

pytestmark = [pytest.mark.web, pytest.mark.timeout(600)]

Visit = Callable[..., Visitor]
LEAD = re.compile(r"/api/leads/[0-9a-f]{16}$")


def open_first(visitor: Visitor) -> tuple[Any, str]:
    """Open the list's first lead; its panel and code."""
    row = visitor.leads().first
    row.wait_for()
    code = row.locator(".mono").inner_text()
    row.click()
    panel = visitor.opened()
    panel.get_by_text(code).first.wait_for()
    return panel, code


def press(visitor: Visitor, *keys: str) -> None:
    for key in keys:
        visitor.page.keyboard.press(key)


def test_leads_and_the_red_line_are_on_the_map(visit: Visit) -> None:
    visitor = visit("analyst-1")
    drawn = visitor.rendered("leads", "lead-points")
    assert {lead["status"] for lead in drawn} == {"candidate"}
    assert visitor.rendered("eco_redline-line")
    assert visitor.rendered("water_source_zone-fill")
    canvas = visitor.page.locator("canvas.maplibregl-canvas").bounding_box()
    assert canvas["width"] > 500 and canvas["height"] > 500
    visitor.leave()


def test_one_lead_with_everything(visit: Visit) -> None:
    visitor = visit("analyst-1")
    panel, _ = open_first(visitor)
    panel.get_by_text("优先核查建议").first.wait_for()
    assert panel.get_by_text("未知").count() > 0
    for title in ("基本情况", "评分说明", "所在图层", "办理记录"):
        panel.get_by_role("heading", name=title).wait_for()
    for when in ("前", "后"):
        picture = panel.get_by_role("img", name=f"（变化{when}）")
        visitor.page.wait_for_function(
            "image => image.naturalWidth > 0", arg=picture.element_handle()
        )
    slider = panel.get_by_role("slider", name="前后影像分界线")
    slider.focus()
    press(visitor, "ArrowRight")
    assert slider.input_value() == "51"
    press(visitor, "b")
    assert slider.input_value() == "100"
    visitor.leave()


def test_only_the_navigation_link_is_in_gcj02(visit: Visit) -> None:
    visitor = visit("analyst-1")
    with visitor.page.expect_response(lambda r: LEAD.search(r.url) is not None) as read:
        panel, _ = open_first(visitor)
    lead = read.value.json()
    link = panel.get_by_role("link", name="用高德地图导航").get_attribute("href")
    told = [float(part) for part in parse_qs(urlsplit(link).query)["position"][0].split(",")]
    wanted = [float(degrees) for degrees in wgs_to_gcj(lead["lon"], lead["lat"])]
    assert np.allclose(told, wanted, atol=1e-6)
    assert f"{wanted[0]:.4f}" not in panel.inner_text()
    visitor.leave()


def test_review_dispatch_and_acceptance(visit: Visit) -> None:
    analyst = visit("analyst-1")
    analyst.leads().first.wait_for()
    press(analyst, "n")  # claim the next
    analyst.told("已领取")
    panel = analyst.opened()
    panel.get_by_role("button", name="剔除").wait_for()
    press(analyst, "x", "8", "Enter")  # ploughing
    analyst.told("已剔除")
    panel.get_by_text("耕作翻地").first.wait_for()
    press(analyst, "u")  # the declared way back
    analyst.told("已恢复核查")
    panel.get_by_role("button", name="提交").wait_for()
    press(analyst, "s", "2", "y", "Enter")  # a waste heap, layers consulted
    analyst.told("已提交")
    panel.get_by_role("heading", name="疑似固废堆体").wait_for()
    code = panel.locator(".lead-sub .mono").inner_text()
    analyst.leave()

    dispatcher = visit("dispatcher-1")
    dispatcher.page.get_by_role("button", name="待下发").click()
    dispatcher.leads().filter(has_text=code).click()
    dispatcher.opened().get_by_role("button", name="下发").wait_for()
    press(dispatcher, "d")
    dialog = dispatcher.page.get_by_role("dialog")
    assert dialog.get_by_label("下发单位").input_value() == "310151"
    dialog.get_by_role("button", name="下发").click()
    dispatcher.told("已下发")
    dispatcher.leave()

    officer = visit("chongming-1")
    officer.leads().filter(has_text=code).click()
    officer.opened().get_by_role("button", name="签收").wait_for()
    press(officer, "a")
    officer.told("已签收")
    officer.leave()

    elsewhere = visit("baoshan-1")
    elsewhere.page.get_by_text("没有符合条件的线索").wait_for()
    assert elsewhere.leads().count() == 0
    elsewhere.leave()


def test_a_lead_that_somebody_changed_is_told_and_read_again(visit: Visit) -> None:
    first, second = visit("analyst-1"), visit("analyst-2")
    _, code = open_first(first)
    second.leads().filter(has_text=code).click()
    second.opened().get_by_role("button", name="领取").wait_for()
    press(second, "c")
    second.told("已领取")
    press(first, "c")
    first.told("已被他人更新")
    first.opened().get_by_text("analyst-2").first.wait_for()
    assert first.opened().get_by_role("button", name="领取").count() == 0
    press(second, "u")
    second.told("已放回")
    first.leave()
    second.leave()


def test_filters_stand_in_the_address(visit: Visit) -> None:
    visitor = visit("dispatcher-1")
    visitor.leads().first.wait_for()
    everything = visitor.leads().count()
    visitor.page.get_by_label("所在图层", exact=True).select_option("water_source_zone")
    visitor.page.wait_for_url("**zone_kind=water_source_zone**")
    visitor.page.wait_for_function(
        "before => document.querySelectorAll('.lead-row').length < before", arg=everything
    )
    for row in visitor.leads().all():
        assert "饮用水水源保护区" in row.inner_text()
    visitor.page.reload()
    visitor.leads().first.wait_for()
    assert visitor.leads().count() < everything
    visitor.leave()


def test_english_and_the_keys(visit: Visit) -> None:
    visitor = visit("analyst-1")
    visitor.page.get_by_role("button", name="切换到英文").click()
    visitor.page.get_by_role("button", name="To review").wait_for()
    press(visitor, "?")
    visitor.page.get_by_role("dialog", name="Keys").wait_for()
    press(visitor, "Escape")
    visitor.page.get_by_role("dialog", name="Keys").wait_for(state="detached")
    visitor.page.reload()
    visitor.page.get_by_role("list", name="List of leads").wait_for()
    assert "Suspected" in visitor.page.get_by_role("list", name="List of leads").inner_text()
    visitor.leave()


def test_on_a_phone(visit: Visit) -> None:
    visitor = visit("analyst-1", width=390, height=844)
    visitor.leads().first.wait_for()
    visitor.page.get_by_role("button", name="地图").click()
    assert visitor.rendered("leads", "lead-points")
    visitor.page.get_by_role("button", name="列表").click()
    panel, _ = open_first(visitor)
    assert panel.bounding_box()["width"] == 390
    wide = visitor.page.evaluate("document.documentElement.scrollWidth")
    assert wide == 390
    panel.get_by_role("button", name="返回").click()
    visitor.leads().first.wait_for()
    visitor.leave()


def test_who_sees_no_leads_is_told_so(visit: Visit) -> None:
    visitor = visit("audit-1")
    visitor.page.get_by_role("heading", name="此角色不查看线索").wait_for()
    visitor.page.wait_for_load_state("networkidle")  # what is asked while one leaves is refused
    visitor.page.get_by_role("button", name="退出").click()
    visitor.page.get_by_label("账号").wait_for()
    visitor.leave()
