"""Boxes: what a person says must be hidden in copies of a photo; none is a decision too."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, update

from geo.errors import ConflictError, InputError, NotFoundError
from leads.domain.event import Json
from leads.domain.flight import FileKind, FlightAction
from leads.domain.roles import Actor
from leads.store.flight_events import note
from leads.store.flight_files import FlightFile, files_of
from leads.store.flight_tables import flight_files
from leads.store.flights import flight_seen

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the upright photo; right and bottom are outside of it."""

MOST_BOXES = 500
"""Boxes of one photo."""
MOST_EDGE_PX = 100_000
"""Pixels that a box may reach to."""
PHOTOS = (FileKind.PHOTO, FileKind.GROUND_PHOTO)
"""Kinds of files that have boxes."""


def photo_seen(connection: Connection, actor: Actor, flight_id: str, name: str) -> FlightFile:
    """A photo of a flight that `actor` may see.

    Raises NotFoundError, and ConflictError for a file that is no photo.
    """
    flight_seen(connection, actor, flight_id)
    found = next((one for one in files_of(connection, flight_id) if one.name == name), None)
    if found is None:
        raise NotFoundError(f"flight {flight_id} has no file {name!a:.80}")
    if found.kind not in PHOTOS:
        raise ConflictError(f"{name!a:.80} is no photo but {found.kind}")
    return found


def set_boxes(
    connection: Connection,
    actor: Actor,
    flight_id: str,
    name: str,
    boxes: Sequence[Box],
    now: datetime,
) -> FlightFile:
    """Keep what must be hidden of a photo, in place of what was said before; the chain tells who.

    An empty list says that there is nothing to hide. Raises NotFoundError, ConflictError, and
    InputError for a box that is none or lies outside.
    """
    photo = photo_seen(connection, actor, flight_id, name)
    check_boxes(photo, boxes)
    kept = [list(box) for box in boxes]
    values = {"boxes": kept, "boxed_by": actor.account_id, "boxed_at": now}
    this = (flight_files.c.flight_id == flight_id, flight_files.c.name == name)
    connection.execute(update(flight_files).where(*this).values(values))
    hidden: list[Json] = [[*box] for box in boxes]
    told: dict[str, Json] = {"name": name, "sha256": photo.sha256, "boxes": hidden}
    note(connection, flight_id, FlightAction.BOXED, now, actor, told)
    return replace(photo, boxes=kept, boxed_by=actor.account_id, boxed_at=now)


def check_boxes(photo: FlightFile, boxes: Sequence[Box]) -> None:
    """Refuse boxes without area, or wholly outside of the photo. Raises InputError."""
    if len(boxes) > MOST_BOXES:
        raise InputError(f"{len(boxes)} boxes: at most {MOST_BOXES}")
    facts = photo.facts or {}
    edges = [facts.get("width"), facts.get("height")]
    longest = max((edge for edge in edges if isinstance(edge, int)), default=MOST_EDGE_PX)
    for left, top, right, bottom in boxes:
        inside = 0 <= left < right <= MOST_EDGE_PX and 0 <= top < bottom <= MOST_EDGE_PX
        if not inside or max(left, top) >= longest:
            raise InputError(
                f"box {left}, {top}, {right}, {bottom}: give left < right and top < bottom in "
                f"pixels of the upright photo, from 0 to {longest}"
            )


def boxes_of(photo: FlightFile) -> tuple[Box, ...] | None:
    """What must be hidden of a photo; None: nobody looked yet."""
    if photo.boxes is None:
        return None
    return tuple((int(a), int(b), int(c), int(d)) for a, b, c, d in photo.boxes)
