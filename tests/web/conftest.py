"""A running server with sample leads, its page built anew, and Debian's Chromium to look at it."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import rasterio
import uvicorn
from rasterio.windows import Window

from api.accounts.passwords import hash_password
from api.app import create_app
from api.settings import Settings
from leads.domain.roles import Actor, Role
from leads.run.detect import detect
from leads.run.request import Request
from leads.run.runner import Inline
from leads.store.accounts import add_account
from leads.store.engine import connect, writing
from leads.store.file_run import file_run
from leads.store.migrate import upgrade
from tests.web.visitor import FLAGS, PASSWORD, Visitor

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "api" / "web"
SAMPLES = ROOT / "data_samples"
CORNER = Window(80, 230, 400, 400)  # in Chongming, around a water source zone
PEOPLE = (
    Actor("analyst-1", Role.ANALYST),
    Actor("analyst-2", Role.ANALYST),
    Actor("dispatcher-1", Role.DISPATCHER),
    Actor("chongming-1", Role.DISTRICT_OFFICER, "310151"),
    Actor("baoshan-1", Role.DISTRICT_OFFICER, "310113"),
    Actor("audit-1", Role.AUDIT_ADMIN),
)

Npm = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def npm() -> Npm:
    """Runs an npm command in api/web; its packages are installed where they are missing."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    found = shutil.which("npm", path=path)
    if found is None:
        pytest.skip("needs node: `make web` installs it where the machine has none")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603  (npm of this machine, no input from outside)
            [found, *arguments], cwd=WEB, env={**os.environ, "PATH": path, "NO_COLOR": "1"},
            capture_output=True, text=True, check=False, timeout=240,
        )  # fmt: skip

    if not (WEB / "node_modules").is_dir():
        installed = run("ci", "--no-audit", "--no-fund")
        if installed.returncode:
            pytest.skip(f"needs the page's packages: npm ci failed\n{installed.stderr[-500:]}")
    return run


@pytest.fixture(scope="session")
def page_folder(npm: Npm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    built = npm("exec", "--", "vite", "build", "--outDir", str(folder), "--emptyOutDir")
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store: leads of a corner of the sample ground, and people."""
    folder = tmp_path_factory.mktemp("city")
    before, after = (_corner(folder, when) for when in ("before", "after"))
    found = detect(Request(before, after, layers=(SAMPLES / "layers.gpkg",)), Inline())
    store = connect(f"sqlite:///{folder / 'hongxian.db'}")
    upgrade(store)
    moment, secret = datetime.now(UTC), hash_password(PASSWORD)
    with writing(store) as connection:
        file_run(connection, found, "system", moment)
        for person in PEOPLE:
            add_account(connection, person, person.account_id, secret, moment)
    store.dispose()
    return folder


def _corner(folder: Path, when: str) -> str:
    with rasterio.open(SAMPLES / "vhr" / f"{when}.tif") as whole:
        profile = {
            **whole.profile, "width": CORNER.width, "height": CORNER.height,
            "transform": whole.window_transform(CORNER),
        }  # fmt: skip
        path = folder / f"{when}.tif"
        with rasterio.open(path, "w", **profile) as corner:
            corner.write(whole.read(window=CORNER))
            corner.descriptions = whole.descriptions
            corner.update_tags(**whole.tags())
    return str(path)


@contextmanager
def serving(folder: Path, page_folder: Path) -> Iterator[str]:
    """The address of a server over the store of a folder."""
    settings = Settings(data=folder, store=f"sqlite:///{folder / 'hongxian.db'}", web=page_folder)
    config = uvicorn.Config(create_app(settings), port=0, log_level="warning", lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 30
    while not server.started and time.monotonic() < until:
        time.sleep(0.05)
    assert server.started
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="session")
def address(city: Path, page_folder: Path) -> Iterator[str]:
    with serving(city, page_folder) as here:
        yield here


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    browsers = pytest.importorskip("playwright.sync_api", reason="needs the package playwright")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs Debian's chromium")
    with browsers.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield started
        started.close()


def visiting(browser: Any, address: str) -> Callable[..., Visitor]:  # noqa: ANN401
    """Opens the page for somebody: `visit("analyst-1", width=390, height=844)`."""

    def open_page(who: str, *, width: int = 1280, height: int = 800) -> Visitor:
        size = {"width": width, "height": height}
        context = browser.new_context(viewport=size, locale="zh-CN", has_touch=width < 500)
        return Visitor(context.new_page(), address, who)

    return open_page


@pytest.fixture(scope="session")
def visit(browser: Any, address: str) -> Callable[..., Visitor]:  # noqa: ANN401
    return visiting(browser, address)
