"""What the page does when something fails under way: it says so, and nothing typed is lost."""

from collections.abc import Callable

import pytest

from tests.web.visitor import Visitor

pytestmark = [pytest.mark.web, pytest.mark.timeout(600)]

Visit = Callable[..., Visitor]


def test_a_log_in_that_ran_out_comes_back_to_the_same_place(visit: Visit) -> None:
    visitor = visit("analyst-1")
    visitor.leads().first.click()
    visitor.opened()
    there = visitor.page.url
    visitor.page.context.clear_cookies()
    visitor.page.keyboard.press("j")
    visitor.page.get_by_text("登录已失效，请重新登录").wait_for()
    visitor.log_in("analyst-1")
    visitor.opened()
    assert visitor.page.url.split("?")[1] == there.split("?")[1]
    assert all(line.startswith("401: GET") for line in visitor.wrong)
    visitor.wrong.clear()
    visitor.leave()


def test_without_a_network_nothing_is_lost(visit: Visit) -> None:
    visitor = visit("analyst-2")
    visitor.leads().first.wait_for()
    visitor.page.keyboard.press("n")
    visitor.told("已领取")
    visitor.opened().get_by_role("button", name="剔除").wait_for()
    visitor.page.keyboard.press("x")
    dialog = visitor.page.get_by_role("dialog")
    dialog.get_by_label("云、云影或雾霾").check()
    dialog.get_by_label("备注").fill("薄云遮挡")
    visitor.page.context.set_offline(True)
    dialog.get_by_role("button", name="剔除").click()
    dialog.get_by_text("连不上服务器").wait_for()
    assert dialog.get_by_label("备注").input_value() == "薄云遮挡"
    visitor.page.context.set_offline(False)
    visitor.wrong.clear()
    dialog.get_by_role("button", name="剔除").click()
    visitor.told("已剔除")
    visitor.opened().get_by_text("薄云遮挡").wait_for()
    visitor.leave()


def test_a_wrong_password_is_told(visit: Visit) -> None:
    visitor = visit("baoshan-1")
    visitor.page.wait_for_load_state("networkidle")  # what is asked while one leaves is refused
    visitor.page.get_by_role("button", name="退出").click()
    visitor.page.get_by_label("账号").fill("baoshan-1")
    visitor.page.get_by_label("密码").fill("wrong")
    visitor.page.get_by_role("button", name="登录").click()
    visitor.page.get_by_role("alert").get_by_text("账号或密码不对").wait_for()
    assert visitor.wrong == ["401: POST /api/session"]
    visitor.wrong.clear()
    visitor.leave()


def test_the_list_goes_on_page_by_page(visit: Visit) -> None:
    visitor = visit("dispatcher-1")
    visitor.page.route(
        "**/api/leads?*", lambda route: route.continue_(url=f"{route.request.url}&limit=4")
    )
    visitor.page.reload()
    more = visitor.page.get_by_role("button", name="再显示一页")
    more.wait_for()
    assert visitor.leads().count() == 4
    more.click()
    visitor.leads().nth(7).wait_for()
    codes = [row.locator(".mono").inner_text() for row in visitor.leads().all()]
    assert len(codes) == len(set(codes)) == 8
    visitor.leave()
