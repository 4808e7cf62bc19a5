"""Which earlier image a flight is compared with."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from affine import Affine
from shapely import MultiPolygon, box
from sqlalchemy import Engine, update

from geo.crs import CGCS2000, SHANGHAI_PLANE, reproject_geometry
from geo.geobox import GeoBox
from leads.domain.flight import FlightState
from leads.flights.flight_befores import befores
from leads.store.engine import reading, writing
from leads.store.flights import open_flight, set_flight
from leads.store.scenes import Imagery, keep_fetched, keep_scene
from leads.store.schema import scenes
from tests.leads.store.made_store import ANALYST as DESK
from tests.leads.store.made_store import NOW
from tiles.scene import BandFile, Scene

DAY = date(2026, 11, 26)
EAST, NORTH = 351_000.0, 3_460_000.0
GROUND = MultiPolygon(
    [reproject_geometry(box(EAST, NORTH, EAST + 200, NORTH + 200), SHANGHAI_PLANE, CGCS2000)]
)


class Scenes:
    """Scenes of a store, with folders that may be there."""

    def __init__(self, store: Engine, folder: Path) -> None:
        self.store, self.folder, self.names = store, folder, dict[str, str]()

    def add(
        self, name: str, day: date, gsd: float, *, east: float = 0.0, flight: bool = False,
        kind: str = "optical", elsewhere: bool = False,
    ) -> str:  # fmt: skip
        """A scene of 400 m around the ground, moved east by some metres."""
        side = max(1, int(400 / gsd))
        place = Affine(gsd, 0, EAST - 100 + east, 0, -gsd, NORTH + 300)
        grid = GeoBox(SHANGHAI_PLANE, place, side, side)
        path = self.folder / name
        path.mkdir()
        (path / "item.json").write_text("{}")
        sha256 = name.encode().hex().ljust(64, "0")
        bands = tuple(BandFile(b, str(path / "b.tif"), 1, grid) for b in ("red", "green"))
        scene = Scene(str(path), day, bands, None, sha256)
        with writing(self.store) as connection:
            if elsewhere:
                keep_scene(connection, scene, NOW)
            else:
                keep_fetched(connection, scene, Imagery(kind, str(path), 1, {}), NOW)
            if flight:
                row = open_flight(connection, DESK, name, NOW)
                values = {"scene_id": sha256, "state": FlightState.KEPT}
                set_flight(connection, row.flight_id, NOW, **values)
                self.names[f"flight {name}"] = row.flight_id
        self.names[sha256] = name
        return sha256

    def chosen(self, until: date | None = None) -> list[str]:
        with reading(self.store) as connection:
            found = befores(connection, GROUND, DAY, until)
        return [self.names[row.scene_id] for row in found]


@pytest.fixture
def made(store: Engine, tmp_path: Path) -> Scenes:
    return Scenes(store, tmp_path)


def test_flights_before_aerial_before_satellites_each_the_latest(made: Scenes) -> None:
    made.add("s2-new", date(2026, 11, 20), 10.0)
    made.add("s2-old", date(2026, 11, 2), 10.0)
    made.add("planet", date(2026, 10, 20), 3.0)
    made.add("aerial-old", date(2023, 1, 1), 0.2)
    made.add("aerial", date(2024, 1, 1), 0.5, elsewhere=True)
    made.add("flight-old", date(2025, 1, 1), 0.03, flight=True)
    made.add("flight", date(2025, 6, 1), 0.05, flight=True)
    assert made.chosen() == [
        "flight", "flight-old", "aerial", "aerial-old", "planet", "s2-new", "s2-old",
    ]  # fmt: skip


def test_the_same_season_of_satellites_goes_before_a_later_one(made: Scenes) -> None:
    made.add("summer", date(2026, 7, 1), 10.0)
    made.add("last-autumn", date(2025, 11, 10), 10.0)
    made.add("autumn-of-long-ago", date(2019, 11, 20), 10.0)
    assert made.chosen() == ["last-autumn", "summer", "autumn-of-long-ago"]


def test_what_shows_little_is_later_or_is_gone_is_not_chosen(made: Scenes) -> None:
    made.add("same-day", DAY, 0.05, flight=True)
    made.add("later", DAY + timedelta(days=1), 0.05, flight=True)
    made.add("beside", date(2026, 1, 1), 0.05, east=250, flight=True)
    made.add("radar", date(2026, 1, 2), 10.0, kind="sar")
    made.add("less-than-half", date(2026, 6, 1), 0.05, east=220, flight=True)
    made.add("satellite", date(2026, 5, 1), 10.0)
    assert made.chosen() == ["satellite", "less-than-half"], "little of a flight goes last"
    removed = made.add("removed", date(2026, 6, 2), 0.05, flight=True)
    lost = made.add("lost", date(2026, 6, 3), 0.05, flight=True)
    made.add("taken-back", date(2026, 6, 4), 0.05, flight=True)
    (made.folder / made.names[lost] / "item.json").unlink()
    with writing(made.store) as connection:
        gone = update(scenes).where(scenes.c.scene_id == removed)
        connection.execute(gone.values(pixels_removed_at=datetime(2026, 7, 1, tzinfo=UTC)))
        values = {"state": FlightState.WITHDRAWN}
        set_flight(connection, made.names["flight taken-back"], NOW, **values)
    assert made.chosen() == ["satellite", "less-than-half"]


def test_the_kind_goes_before_the_share_that_is_shown(made: Scenes) -> None:
    made.add("satellite", date(2026, 11, 20), 10.0)
    made.add("aerial", date(2025, 1, 1), 0.5)
    made.add("most-of-it", date(2026, 6, 1), 0.05, east=142, flight=True)
    assert made.chosen() == ["most-of-it", "aerial", "satellite"]
    made.add("older-and-all", date(2026, 3, 1), 0.05, flight=True)
    assert made.chosen()[:2] == ["older-and-all", "most-of-it"]


def test_for_a_mission_images_from_before_the_change_go_first(made: Scenes) -> None:
    made.add("flight", date(2026, 9, 1), 0.05, flight=True)
    made.add("satellite", date(2026, 3, 1), 10.0)
    assert made.chosen() == ["flight", "satellite"]
    assert made.chosen(until=date(2026, 6, 1)) == ["satellite", "flight"]
