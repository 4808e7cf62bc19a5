"""Somebody at the page: logs in, and notes everything that goes wrong under way."""

from typing import Any
from urllib.parse import urlsplit

PASSWORD = "correct horse"  # noqa: S105  (of made-up accounts)
FLAGS = (
    "--no-sandbox",  # for root
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)

SETTLED = """async (layers) => {
  const place = document.querySelector('[data-testid=map]');
  for (let turn = 0; turn < 300; turn++) {
    const map = place.libreMap;
    if (map && map.isStyleLoaded() && map.loaded() && !map.isMoving()) {
      const found = map.queryRenderedFeatures({layers});
      if (found.length) return found.map((feature) => feature.properties);
    }
    await new Promise((done) => setTimeout(done, 100));
  }
  return [];
}"""


class Visitor:
    """A page in a browser of its own."""

    def __init__(self, page: Any, address: str, who: str) -> None:  # noqa: ANN401  (playwright)
        self.page = page
        self.address = address
        self.wrong: list[str] = []
        self.hosts: set[str] = set()
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("requestfailed", self._failed)
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        page.on("response", self._answered)
        page.on("console", self._said)
        page.goto(address)
        self.log_in(who)

    def log_in(self, who: str) -> None:
        """Fill the log-in page."""
        self.page.get_by_label("账号").fill(who)
        self.page.get_by_label("密码").fill(PASSWORD)
        self.page.get_by_role("button", name="登录").click()
        self.page.get_by_role("button", name="退出").wait_for()

    def rendered(self, *layers: str) -> list[dict[str, Any]]:
        """What the map draws of these layers once it is idle."""
        found: list[dict[str, Any]] = self.page.evaluate(SETTLED, list(layers))
        return found

    def leads(self) -> Any:  # noqa: ANN401
        """The rows of the list."""
        return self.page.get_by_role("list", name="线索列表").get_by_role("link")

    def opened(self) -> Any:  # noqa: ANN401
        """The panel of the open lead, read."""
        panel = self.page.get_by_role("article", name="线索详情")
        panel.get_by_role("heading", name="办理记录").wait_for()
        return panel

    def told(self, text: str) -> None:
        """Wait until the page tells something."""
        self.page.locator(".notice", has_text=text).wait_for()

    def leave(self) -> None:
        """Close; nothing went wrong, and no other host was asked."""
        self.page.context.close()
        assert self.wrong == [], self.wrong
        assert self.hosts <= {urlsplit(self.address).netloc, ""}

    def _failed(self, request: Any) -> None:  # noqa: ANN401
        # what the page gave up by itself, for example the leads of a view that was left
        if request.failure != "net::ERR_ABORTED":
            self.wrong.append(f"failed: {request.url} {request.failure}")

    def _answered(self, response: Any) -> None:  # noqa: ANN401
        expected = {401: "GET /api/session", 412: "POST", 409: "POST", 404: "POST"}
        asked = f"{response.request.method} {urlsplit(response.url).path}"
        if response.status >= 400 and not asked.startswith(expected.get(response.status, "-")):
            self.wrong.append(f"{response.status}: {asked}")

    def _said(self, message: Any) -> None:  # noqa: ANN401
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.wrong.append(f"console: {message.text}")
