"""A fortnight of passes by the command line, against a Sentinel Hub with its moods.

Passes come late, cloudy, twice and broken, the source is away for a day, and the process is killed
in the middle of a fetch and of a run. In the end every lead is there once, every pass is in the
ledger with what became of it, and nothing was fetched twice.
"""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from leads.store.engine import connect, reading
from leads.store.pass_tables import pass_units
from leads.store.schema import jobs, leads, observations, runs
from leads.store.watches import watch_row
from tests.fakes.sentinel_hub import CLIENT, FakeSentinelHub, fake_sentinel_hub
from tests.fakes.sky import Pass, Sky, optical_pass, sky_ground
from tiles.synthetic.layers import layers
from tiles.synthetic.sample import write_layers

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ROOT = Path(__file__).resolve().parents[3]
AUGUST = [date(2023, 8, day) for day in range(1, 15)]
SEASON = optical_pass(date(2022, 8, 6))
LAST_CLEAR = optical_pass(date(2023, 7, 20))
TWICE = optical_pass(date(2023, 8, 4), baseline="05.09")
TWIN = optical_pass(date(2023, 8, 4), baseline="05.10", made="080000")
LATE = optical_pass(date(2023, 8, 5), hours_late=24 * 6.0)
ON_A_BAD_DAY = optical_pass(date(2023, 8, 6))
MENDED = optical_pass(date(2023, 8, 7), faults=("truncated", "truncated"))
HOPELESS = optical_pass(
    date(2023, 8, 8), satellite="S2B", faults=("truncated", "truncated", "400", "...")
)
CLOUDY = optical_pass(date(2023, 8, 9), cloud=0.92)
KILLED_FETCH = optical_pass(date(2023, 8, 11))
LAST = optical_pass(date(2023, 8, 13))
FETCHED_ONCE = (SEASON, LAST_CLEAR, TWIN, LATE, ON_A_BAD_DAY, MENDED, CLOUDY, LAST)
AWAY, FETCH_DIES = date(2023, 8, 6), date(2023, 8, 11)
WINDOWS = 9
"""Requests of one pass."""


@dataclass
class Fortnight:
    """The installation, and what its days came to."""

    hub: FakeSentinelHub
    folder: Path
    exits: dict[date, int] = field(default_factory=dict)
    said: dict[date, str] = field(default_factory=dict)
    run_died: date | None = None
    anchors: dict[date, datetime | None] = field(default_factory=dict)

    def command(self, day: date, *command: str, point: str = "") -> "subprocess.Popen[str]":
        at = datetime(day.year, day.month, day.day, 22, tzinfo=UTC)
        self.hub.now = at
        return subprocess.Popen(  # noqa: S603 (our own command)
            [sys.executable, "-m", "tests.leads.intake.on_a_day", at.isoformat(), point, *command],
            cwd=ROOT,
            env={
                **os.environ,
                "HONGXIAN_DATA": str(self.folder / "data"),
                "HONGXIAN_PASSES": str(self.folder / "passes.toml"),
                "HONGXIAN_KEEP_FREE_GB": "0",
                "HONGXIAN_SH_ID": CLIENT[0],
                "HONGXIAN_SH_SECRET": CLIENT[1],
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def told(self, *command: str, day: date = AUGUST[-1]) -> Any:  # noqa: ANN401 (JSON)
        asks = command[0] in {"passes", "leads"}
        done = self.command(day, *command, *(["--json"] if asks else []))
        out, said = done.communicate(timeout=120)
        assert done.returncode == 0, said
        return json.loads(out) if asks else out

    def watch(self, day: date) -> None:
        """One day: the evening's look, and all that comes of it."""
        self.hub.away = day == AWAY
        dies = day > FETCH_DIES and self.run_died is None
        point = "leads.store.file_run:keep_run!" if dies else ""
        process = self.command(day, "passes", "watch", "--once", "--runner", "inline", point=point)

        def kill(one: Pass) -> None:
            half = self.hub.counts[one.identifier] == WINDOWS // 2
            if day == FETCH_DIES and one is KILLED_FETCH and half:
                process.send_signal(signal.SIGKILL)

        self.hub.on_image = kill
        _, said = process.communicate(timeout=240)
        self.exits[day], self.said[day] = process.returncode, said
        if dies and process.returncode == -signal.SIGKILL:
            self.run_died = day
        with self.reading() as connection:
            self.anchors[day] = watch_row(connection, "island").anchor

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        store = connect(f"sqlite:///{self.folder / 'data' / 'hongxian.db'}")
        with reading(store) as connection:
            yield connection
        store.dispose()


@pytest.fixture(scope="module")
def fortnight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fortnight]:
    sky = Sky([*FETCHED_ONCE, KILLED_FETCH, TWICE, HOPELESS], sky_ground(7, 1500.0))
    folder = tmp_path_factory.mktemp("fortnight")
    with fake_sentinel_hub(sky) as hub:
        (folder / "passes.toml").write_text(configuration(hub, sky), encoding="utf-8")
        write_layers(folder / "layers.gpkg", layers(sky.ground))
        here = Fortnight(hub, folder)
        here.told("db", "upgrade")
        here.told("layers", "add", str(folder / "layers.gpkg"))
        for day in AUGUST:
            here.watch(day)
        yield here


def configuration(hub: FakeSentinelHub, sky: Sky) -> str:
    west, south, east, north = sky.area.buffer(-0.001).bounds  # a box inside the turned ground
    spec = hub.spec()
    return f"""
[source.sh]
kind = "sentinel-hub"
service_url = "{spec.service_url}"
token_url = "{spec.token_url}"
request_px = 64
tries = 2
first_wait_s = 0.01
longest_wait_s = 1.0
answer_s = 60.0

[watch.island]
source = "sh"
area = [{west}, {south}, {east}, {north}]
detector = "difference"
most_cloud = 0.6
"""


def rows(fortnight: Fortnight) -> dict[str, dict[str, Any]]:
    found = fortnight.told("passes", "list")["passes"]
    return {row["identifier"]: row for row in found}


def test_every_pass_is_in_the_ledger_with_what_became_of_it(fortnight: Fortnight) -> None:
    found = rows(fortnight)
    states = {name: row["state"] for name, row in found.items()}

    assert states == {
        SEASON.identifier: "kept",
        LAST_CLEAR.identifier: "queued",
        **{
            one.identifier: "queued"
            for one in (TWIN, LATE, ON_A_BAD_DAY, MENDED, KILLED_FETCH, LAST)
        },
        TWICE.identifier: "doubled",
        CLOUDY.identifier: "cloudy",
        HOPELESS.identifier: "broken",
    }
    for name in (TWICE, CLOUDY, HOPELESS):
        assert found[name.identifier]["reason"], "told why"


def test_nothing_is_fetched_twice(fortnight: Fortnight) -> None:
    counts = fortnight.hub.counts
    assert {one.identifier: counts[one.identifier] for one in FETCHED_ONCE} == {
        one.identifier: WINDOWS for one in FETCHED_ONCE
    }
    assert counts[KILLED_FETCH.identifier] == WINDOWS + 1, "that under way once more"
    assert counts[TWICE.identifier] == counts[HOPELESS.identifier] == 0


def test_days_end_as_they_should(fortnight: Fortnight) -> None:
    killed = [day for day, code in fortnight.exits.items() if code == -signal.SIGKILL]
    assert killed == [FETCH_DIES, fortnight.run_died], fortnight.said
    assert [day for day, code in fortnight.exits.items() if code == 1] == [AWAY]


def test_the_anchor_moves_only_when_all_was_searched(fortnight: Fortnight) -> None:
    """A killed evening has looked before it was killed."""
    for before, after in pairwise(AUGUST):
        moved = fortnight.anchors[after] - fortnight.anchors[before]
        if after == AWAY:
            assert moved == timedelta(0)
        else:
            assert moved > timedelta(hours=23)


def test_every_job_is_done_and_every_pair_is_run_once(fortnight: Fortnight) -> None:
    with fortnight.reading() as connection:
        done = connection.execute(select(jobs.c.kind, jobs.c.state, jobs.c.payload_sha256)).all()
        filed = connection.execute(select(runs.c.run_id)).all()
    assert {state for _, state, _ in done} == {"done"}
    asked = [digest for kind, _, digest in done if kind == "run"]
    assert len(asked) == len(set(asked)) == len(filed)
    assert len(asked) == 1 + 2 * 6, "a July image with its season, six with both"


def test_every_lead_is_there_once(fortnight: Fortnight) -> None:
    with fortnight.reading() as connection:
        found = connection.execute(select(leads.c.lead_id, leads.c.geometry)).all()
        seen = connection.execute(select(observations.c.lead_id, observations.c.run_id)).all()
    assert found
    for (_, one), (_, other) in combinations(found, 2):
        assert one.intersection(other).area < 0.3 * min(one.area, other.area)
    times = Counter(lead for lead, _ in seen)
    assert max(times.values()) > 3, "seen again on later passes, and still one lead"
    assert len(set(seen)) == len(seen)


def test_what_was_spent_is_told(fortnight: Fortnight) -> None:
    """Each pass once; answers that were no image, or lost in a kill, cost more than is told."""
    with fortnight.reading() as connection:
        spent = connection.execute(select(pass_units.c.units)).scalars().all()
    each = sum(spent) / len(spent)
    assert spent == pytest.approx([each] * len(spent))
    assert len(spent) in {9, 10}, "the fetched passes, and what the hopeless one might have cost"
    assert 9 * each < fortnight.hub.units


def test_coverage_tells_when_the_ground_was_last_seen(fortnight: Fortnight) -> None:
    told = fortnight.told("passes", "coverage")
    seen = [one for one in told["districts"] if one["latest"] is not None]
    assert {one["latest"] for one in seen} == {"2023-08-13"}
