"""Missions: rules of the window, in words; the area holds the margin; states from facts."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from itertools import permutations
from math import atan2, degrees

import numpy as np
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, box
from shapely.affinity import rotate

from geo.crs import CGCS2000, plane_for, reproject_geometry
from geo.errors import InputError
from leads.domain.flight import FlightState
from leads.domain.mission import (
    Airspace,
    Mission,
    MissionState,
    height_for,
    mission_id,
    state_after,
)
from leads.domain.mission_area import GRID_M, MOST_AREA_M2, TURN_DEG, mission_area
from leads.domain.mission_rules import apply_until, before_report, closed_in, local, ready
from leads.domain.mission_table import mission_table, parse

FROM = datetime(2026, 11, 28, 1, 0, tzinfo=UTC)  # 09:00 here
TO = FROM + timedelta(hours=3)
NOON = datetime(2026, 11, 27, 4, 0, tzinfo=UTC)  # 12:00 of the day before
AREA = MultiPolygon([box(121.6, 31.5, 121.601, 31.501)])
AT = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
WHOLE = Mission(
    mission_id="0123456789abcdef-1", lead_id="0123456789abcdef", version=1,
    state=MissionState.ASKED, assigned_to="drone-1", gsd_m=0.03, height_m=112.0,
    airspace=Airspace.CONTROLLED, application_number="SH-1", applied_at=NOON, window_from=FROM,
    window_to=TO, reported_at=FROM - timedelta(hours=1), ended_at=None, note=None,
    asked_by="analyst-1", planned_by=None, reported_by=None, ended_by=None, asked_at=AT,
    updated_at=AT,
    flight_id=None, area=AREA,
)  # fmt: skip


def lacks(mission: Mission, now: datetime = FROM) -> list[str]:
    return [one.code for one in ready(mission, now)]


def test_a_whole_mission_may_take_off_at_the_first_minute_of_its_window() -> None:
    assert lacks(WHOLE) == []
    assert lacks(WHOLE, FROM - timedelta(seconds=1)) == ["window_ahead", "report_young"]
    assert lacks(WHOLE, TO + timedelta(seconds=1)) == ["window_over"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"airspace": Airspace.UNKNOWN}, "airspace"),
        ({"airspace": Airspace.FORBIDDEN}, "forbidden"),
        ({"airspace": Airspace.GREEN, "height_m": 120.5}, "height"),
        ({"assigned_to": None}, "nobody"),
        ({"window_from": None, "window_to": None}, "window"),
        ({"application_number": None, "applied_at": None}, "application"),
        ({"applied_at": NOON + timedelta(seconds=1)}, "applied_late"),
        ({"reported_at": None}, "report"),
        ({"reported_at": FROM - timedelta(minutes=59)}, "report_young"),
        ({"state": MissionState.CANCELLED}, "over"),
        ({"state": MissionState.ANSWERED}, "over"),
    ],
)
def test_each_thing_that_is_missing_is_told_alone_and_in_words(
    changed: dict[str, object], code: str
) -> None:
    mission = replace(WHOLE, **changed)  # type: ignore[arg-type]
    assert lacks(mission) == [code]
    (told,) = ready(mission, FROM)
    assert told.zh and told.en and "{" not in told.zh + told.en


def test_green_airspace_needs_no_application_up_to_120_m() -> None:
    green = replace(WHOLE, airspace=Airspace.GREEN, application_number=None, applied_at=None)
    assert lacks(replace(green, height_m=120.0)) == []
    assert lacks(replace(WHOLE, height_m=300.0)) == []  # applied for


def test_the_day_before_is_a_local_day() -> None:
    assert apply_until(FROM) == NOON
    late_evening = datetime(2026, 11, 27, 16, 30, tzinfo=UTC)  # 00:30 of the 28th here
    assert apply_until(late_evening) == NOON
    assert apply_until(late_evening - timedelta(hours=1)) == NOON - timedelta(days=1)
    assert local(FROM) == "2026-11-28 09:00"


def test_closed_days_close_whole_local_days_and_say_that_they_are_to_be_confirmed() -> None:
    (expo,) = [one for one in mission_table().closed if one.first.year == 2026]
    midnight = datetime(2026, 11, 10, 16, 0, tzinfo=UTC)  # the 11th begins here
    assert expo.last == date(2026, 11, 10)
    assert closed_in(midnight, midnight + timedelta(hours=1)) == ()
    assert closed_in(midnight - timedelta(seconds=1), midnight + timedelta(hours=1)) == (expo,)
    shut = replace(WHOLE, window_from=midnight - timedelta(hours=2), window_to=midnight)
    (told,) = (one for one in ready(shut, FROM) if one.code == "closed")
    assert "待确认" in told.zh and "to be confirmed" in told.en
    assert "待确认" in mission_table().citation
    assert mission_table().edition


def test_closed_days_in_the_wrong_order_are_refused() -> None:
    text = mission_text().replace("first = 2026-11-05", "first = 2026-11-15")
    with pytest.raises(InputError, match="swap"):
        parse(text)


def mission_text() -> str:
    return files("leads.domain").joinpath("mission_rules.toml").read_text("utf-8")


instants = st.integers(0, 90 * 24 * 60).map(
    lambda minutes: datetime(2026, 10, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


@st.composite
def missions(draw: st.DrawFn) -> Mission:
    start = draw(st.none() | instants)
    hours = draw(st.floats(0.1, 24))
    return replace(
        WHOLE,
        state=draw(st.sampled_from(MissionState)),
        airspace=draw(st.sampled_from(Airspace)),
        height_m=draw(st.floats(1, 500)),
        assigned_to=draw(st.none() | st.just("drone-1")),
        application_number=draw(st.none() | st.just("SH-1")),
        applied_at=draw(st.none() | instants),
        window_from=start,
        window_to=start and start + timedelta(hours=hours),
        reported_at=draw(st.none() | instants),
    )


@given(missions(), instants)
def test_nothing_missing_means_that_every_rule_holds(mission: Mission, now: datetime) -> None:
    codes = lacks(mission, now)
    assert len(set(codes)) == len(codes) or codes.count("closed") > 1
    assert {one.code for one in before_report(mission, now)} <= set(codes)
    if codes:
        return
    assert mission.assigned_to and mission.window_from and mission.window_to
    assert mission.window_from <= now <= mission.window_to
    assert mission.reported_at and now - mission.reported_at >= timedelta(hours=1)
    assert mission.airspace in (Airspace.GREEN, Airspace.CONTROLLED)
    if mission.airspace is Airspace.GREEN:
        assert mission.height_m <= 120
    else:
        assert mission.applied_at and mission.applied_at <= apply_until(mission.window_from)


@pytest.mark.parametrize(
    "ends", [(FROM, None), (None, TO), (TO, FROM), (FROM, FROM), (FROM, FROM + timedelta(hours=25))]
)
def test_a_window_that_is_none_is_refused(ends: tuple[datetime | None, datetime | None]) -> None:
    with pytest.raises(InputError, match="window"):
        replace(WHOLE, window_from=ends[0], window_to=ends[1])


def test_three_centimetres_are_reached_below_the_green_height_with_common_cameras() -> None:
    cameras = {camera.name: camera.height_m(0.03) for camera in mission_table().cameras}
    assert cameras["DJI Mavic 3E"] == pytest.approx(112.5, abs=1)
    assert cameras["DJI Phantom 4 RTK"] == pytest.approx(109.4, abs=1)
    assert height_for(0.03) <= mission_table().green_height_m


def test_a_mission_carries_its_lead_s_id() -> None:
    assert mission_id("0123456789abcdef", 2) == "0123456789abcdef-2"


squares = st.tuples(
    st.floats(121.5, 121.6), st.floats(31.0, 31.1), st.floats(1e-4, 5e-3), st.floats(1e-4, 5e-3)
).map(lambda at: box(at[0], at[1], at[0] + at[2], at[1] + at[3]))


@given(squares, st.floats(0, 200))
@example(box(121.5, 31.0, 121.501, 31.001), 2.2250738585e-313)
def test_the_area_holds_the_outline_with_its_margin_in_few_corners(
    square: Polygon, margin_m: float
) -> None:
    outline = MultiPolygon([square])
    area = mission_area(outline, margin_m)
    plane = plane_for(*outline.centroid.coords[0])
    flat, around = (reproject_geometry(one, CGCS2000, plane) for one in (outline, area))
    wide = around.buffer(0.01)
    assert wide.covers(flat)
    if margin_m >= 0.001:  # GEOS makes nothing of less
        assert wide.covers(flat.buffer(margin_m))
    assert len(area.geoms[0].exterior.coords) == 5


@given(squares, st.floats(5, 200), st.floats(0, 89))
def test_no_edge_of_the_outline_is_found_from_the_area_and_the_margin(
    square: Polygon, margin_m: float, turned: float
) -> None:
    outline = MultiPolygon([rotate(square, turned)])
    plane = plane_for(*outline.centroid.coords[0])
    around = reproject_geometry(mission_area(outline, margin_m), CGCS2000, plane).geoms[0]
    (x0, y0), (x1, y1) = shapely.get_coordinates(around)[:2]
    angle = degrees(atan2(y1 - y0, x1 - x0))
    turn = round(angle / TURN_DEG) * TURN_DEG
    assert angle == pytest.approx(turn, abs=0.05)
    edges = shapely.get_coordinates(rotate(around, -turn, origin=(0, 0))) / GRID_M
    assert np.abs(edges - np.round(edges)).max() * GRID_M < 0.05


def test_outlines_metres_apart_ask_for_the_same_ground() -> None:
    areas = {
        mission_area(MultiPolygon([box(121.6 + by, 31.1, 121.6009 + by, 31.1009)])).wkb
        for by in (0.0, 1e-6, 2e-6)
    }
    assert len(areas) == 1


def test_the_area_does_not_tell_the_outline_and_has_a_cap() -> None:
    shapes = box(121.6, 31.1, 121.603, 31.103) - box(121.6005, 31.1, 121.603, 31.1025)
    hook = MultiPolygon([Polygon(shapely.get_coordinates(shapes))])
    area = mission_area(hook, 0.0)
    assert area.area > 2 * hook.area
    with pytest.raises(InputError, match="25 km2"):
        mission_area(MultiPolygon([box(121.5, 31.0, 121.56, 31.06)]))
    assert MOST_AREA_M2 == 25e6


@given(st.booleans(), st.lists(st.sampled_from(FlightState), max_size=4), st.integers(0, 2))
def test_a_state_knows_no_order(
    cancelled: bool,  # noqa: FBT001 (drawn)
    flights: list[FlightState],
    answers: int,
) -> None:
    found = {state_after(cancelled, order, answers) for order in permutations(flights)}
    assert len(found) == 1
    (state,) = found
    assert (state is MissionState.CANCELLED) == cancelled
    if not flights and not answers and not cancelled:
        assert state is MissionState.ASKED
