"""The built page is served with its own addresses; what is not there is told."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.api.served import Served, assert_problem


@pytest.fixture
def page(served: Served, tmp_path: Path) -> TestClient:
    folder = tmp_path / "page"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>红线</title>", encoding="utf-8")
    (folder / "assets" / "app-1a2b.js").write_text("export {}", encoding="utf-8")
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    return served.guest()


@pytest.mark.parametrize("path", ["/", "/leads/0123456789abcdef", "/review", "/log-in"])
def test_its_own_addresses_give_the_page(page: TestClient, path: str) -> None:
    answer = page.get(path)
    assert answer.status_code == 200 and "红线" in answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-store"


def test_its_files_are_kept_for_ever(page: TestClient) -> None:
    answer = page.get("/assets/app-1a2b.js")
    assert "immutable" in answer.headers["cache-control"]
    assert "javascript" in answer.headers["content-type"]


@pytest.mark.parametrize(
    "path", ["/assets/gone.js", "/favicon.ico", "/api/nowhere", "/tiles/1", "/%2e%2e/secret.txt"]
)
def test_what_is_not_there(page: TestClient, path: str) -> None:
    assert_problem(page.get(path), 404, "not_found")


def test_without_a_built_page(served: Served) -> None:
    assert_problem(served.guest().get("/"), 404, "not_found")


def test_the_page_takes_no_changes(page: TestClient) -> None:
    assert_problem(page.post("/"), 405, "method")
