"""Bodies of copies that leave a case, and of what must be hidden in them."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from api.bodies.base import NO_CONTROL, Answer, Request, examples

FileName = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=NO_CONTROL)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NO_CONTROL)]
Edge = Annotated[int, Field(ge=0, le=100_000)]
LeadKey = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]


class Boxes(Request):
    """What must be hidden of one photo."""

    model_config = examples({"name": "DJI_0012.JPG", "boxes": [[120, 340, 260, 420]]})

    name: FileName
    """Path of the photo within the flight."""
    boxes: Annotated[list[tuple[Edge, Edge, Edge, Edge]], Field(max_length=500)]
    """Left, top, right and bottom of each, in pixels of the upright photo; empty: there is nothing
    to hide, which is a decision as well."""


class Boxed(Answer):
    """What is hidden of one photo now."""

    model_config = examples(
        {
            "name": "DJI_0012.JPG",
            "sha256": "9f" * 32,
            "boxes": [[120, 340, 260, 420]],
            "boxed_by": "analyst-1",
            "boxed_at": "2026-11-26T03:00:00Z",
        }
    )

    name: str
    """Path of the photo within the flight."""
    sha256: str
    """Over its bytes."""
    boxes: list[tuple[int, int, int, int]] | None
    """Left, top, right and bottom of each; null: nobody looked yet."""
    boxed_by: str | None
    """Who looked."""
    boxed_at: datetime | None
    """When."""


class ImageCopy(Request):
    """A copy of a flight's image, and for whom."""

    model_config = examples({"to": "样例街道办事处", "why": "现场核查", "lead_id": None})

    to: Words
    """Who gets it; kept in the flight's chain of custody."""
    why: Words
    """What for."""
    lead_id: LeadKey | None = None
    """The lead inside whose outline it stays as fine as it is; null: that of the flight's mission,
    and without one it is coarse everywhere."""


class CopyOfPhoto(Request):
    """A copy of one photo, and for whom."""

    model_config = examples({"name": "DJI_0012.JPG", "to": "样例街道办事处", "why": "现场核查"})

    name: FileName
    """Path of the photo within the flight."""
    to: Words
    """Who gets it; kept in the flight's chain of custody."""
    why: Words
    """What for."""
