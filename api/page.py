"""The built page: its files, and `index.html` for every address the page makes up itself."""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

OURS = ("api", "ogc", "stac", "tiles", "healthz", "metrics")
"""First parts of paths that are no pages."""
FOR_EVER = "public, max-age=31536000, immutable"
"""For files whose names hold a hash of their content."""


class Page(StaticFiles):
    """Serves a single-page application."""

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder, html=True, check_dir=False)
        self.config_checked = True  # a page that is not built yet is a 404, no failure

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, or the page itself where its own addresses are asked for."""
        try:
            found = await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != 404 or not _is_address(path):
                raise
            found = await super().get_response("index.html", scope)
        if path.startswith("assets/"):
            found.headers["Cache-Control"] = FOR_EVER
        return found


def _is_address(path: str) -> bool:
    """Whether a path may be an address of the page: no file, and none of the server's own."""
    first, *rest = path.split("/")
    last = rest[-1] if rest else first
    return first not in OURS and "." not in last
