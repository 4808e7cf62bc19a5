"""`hongxian passes`: search changes nothing, watch does all that comes of it, lists tell."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.cli.main import run
from leads.intake import open_sources
from tests.leads.intake.made_passes import AREA
from tests.leads.intake.script_source import kinds
from tests.leads.run.jobs.test_alert import OK, listening

Said = pytest.CaptureFixture[str]
CONFIG = """
[source.made]
kind = "script"
script = "{script}"
units = 3.0
monthly_units = 100
[watch.farm]
source = "made"
area = {area}
first_days = 3000
late_days = 3000
before = ["latest_clear"]
composite_days = 700
detector = "difference"
min_area_m2 = 2000
"""
PASSES = [
    {"day": "2023-03-23", "ground": "2023-03-23", "stated": 0.1},
    {"day": "2024-04-11", "ground": "2024-04-11", "stated": 0.0},
    {"day": "2024-04-11", "ground": "2024-04-11", "version": "04.00"},
    {"day": "2024-04-16", "ground": "2024-04-11", "stated": 0.99},
]
WATCHING = (
    "from leads.intake import open_sources; from tests.leads.intake.script_source import kinds;"
    "open_sources.KINDS.update(kinds()); from api.cli.main import main; main()"
)


def script(home: Path, passes: list[dict[str, Any]], **more: object) -> None:
    (home / "script.json").write_text(json.dumps({"passes": passes, **more}))


def fetched(home: Path) -> list[str]:
    path = home / "script.fetched"
    return path.read_text().split() if path.exists() else []


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("HONGXIAN_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HONGXIAN_KEEP_FREE_GB", "0")
    for name in ("HONGXIAN_STORE", "HONGXIAN_PASSES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(open_sources, "KINDS", kinds())
    assert run(["db", "upgrade"]) == 0
    west, south, east, north = AREA.bounds
    area = [west + 1e-3, south + 1e-3, east - 1e-3, north - 1e-3]
    text = CONFIG.format(script=tmp_path / "script.json", area=area)
    (tmp_path / "data" / "passes.toml").write_text(text)
    script(tmp_path, PASSES)
    return tmp_path


def told(said: Said, *command: str) -> Any:  # noqa: ANN401 (JSON)
    said.readouterr()
    assert run([*command, "--json"]) == 0
    return json.loads(said.readouterr().out)


def test_search_tells_what_there_is_and_what_it_takes_and_changes_nothing(
    home: Path, capfd: Said
) -> None:
    found = told(capfd, "passes", "search", "farm")
    assert [(one["acquired"][:10], one["state"], one["would_be"]) for one in found["passes"]] == [
        ("2023-03-23", None, "found"),
        ("2024-04-11", None, "doubled"),
        ("2024-04-11", None, "found"),
        ("2024-04-16", None, "cloudy"),
    ]
    assert (found["to_fetch"], found["units"], found["units_left"]) == (2, 6.0, 100.0)
    assert told(capfd, "passes", "list") == {"passes": []} and fetched(home) == []
    assert run(["passes", "search", "farm", "--from", "2024-04-12", "--to", "2024-04-16"]) == 0
    table, sums = capfd.readouterr().out.splitlines()
    assert "new" in table and "states 99% cloud" in table
    assert sums == (
        "made: 1 passes of 2024-04-11 to 2024-04-16, 0 to fetch: 0.0 units, 100.0 left this month, "
        "0 requests, about 0 MB"
    )


def test_search_tells_of_radar_that_can_be_compared_with_nothing(home: Path, capfd: Said) -> None:
    script(home, [], radar=[{"day": "2024-04-11"}, {"day": "2024-04-12", "orbit": ""}])
    found = told(capfd, "passes", "search", "farm")["passes"]
    assert [(one["orbit"], one["reason"]) for one in found] == [
        ("171 ascending", None),
        ("", "its orbit is not known: it is compared with nothing"),
    ]


def test_search_without_a_watch_asks_a_source_for_an_area(home: Path, capfd: Said) -> None:
    del home
    area = ",".join(map(str, AREA.bounds))
    asked = ("passes", "search", "--source", "made", "--area", area)
    found = told(capfd, *asked, "--from", "2024-01-01")
    assert found["watch"] is None and len(found["passes"]) == 3
    assert run(["passes", "search", "--source", "made"]) == 2
    assert "name a WATCH, or give --source and --area" in capfd.readouterr().err
    assert run(["passes", "search", "farn"]) == 2
    assert "no watch 'farn'; there are farm" in capfd.readouterr().err


@pytest.mark.slow  # two fetches and a run
def test_watch_fetches_pairs_and_runs_once_and_the_ledger_tells(home: Path, capfd: Said) -> None:
    once = ["passes", "watch", "--once", "--runner", "inline"]
    assert run(once) == 0
    lines = capfd.readouterr().err.splitlines()
    assert "watch farm: 4 offered of " in lines[0]
    assert lines[0].endswith("1 cloudy, 1 doubled, 2 found; searched from its beginning")
    jobs = [line for line in lines[1:] if " job " in line]
    assert len(jobs) >= 3 and all(line.endswith(": done") for line in jobs)
    told_of = [line.split(": ", 1)[1] for line in lines[1:] if " pass " in line]
    assert "queued" in told_of and "kept, no earlier image to compare it with" in told_of
    rows = told(capfd, "passes", "list", "--watch", "farm")["passes"]
    assert sorted(row["state"] for row in rows) == ["cloudy", "doubled", "kept", "queued"]
    (queued,) = told(capfd, "passes", "list", "--state", "queued")["passes"]
    shown = told(capfd, "passes", "show", queued["pass_id"])
    assert [(job["kind"], job["state"]) for job in shown["jobs"]][:1] == [("run", "done")]
    (kept,) = told(capfd, "passes", "list", "--state", "kept")["passes"]
    assert shown["jobs"][0]["compared_with"] == kept["pass_id"]
    assert shown["units"] == 3.0 and shown["attempts"] == 1
    leads = told(capfd, "leads", "list")["leads"]
    assert leads
    assert len(fetched(home)) == 2
    assert run(once) == 0  # once more: nothing new, nothing fetched, no lead twice
    (line,) = capfd.readouterr().err.splitlines()
    assert line.endswith("nothing new") and len(fetched(home)) == 2
    assert told(capfd, "leads", "list")["leads"] == leads


def test_a_pass_that_stays_broken_is_told(
    home: Path, capfd: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(home, PASSES[:1], hopeless=["2023-03-23"])
    with listening(lambda caller: caller.sendall(OK)) as there:
        monkeypatch.setenv("HONGXIAN_ALERT_URL", there.url)
        assert run(["passes", "watch", "--once", "--runner", "inline"]) == 0
    (row,) = told(capfd, "passes", "list")["passes"]
    alert = json.loads(there.heard[0].partition(b"\r\n\r\n")[2])
    assert (row["state"], alert["event"]) == ("broken", "pass_broken")
    assert alert["pass_id"] == row["pass_id"] and "nobody can read" in alert["text"]
    assert len(there.heard) == 1


def test_queue_leaves_the_jobs_to_workers(home: Path, capfd: Said) -> None:
    assert run(["passes", "watch", "farm", "--once", "--queue"]) == 0
    assert fetched(home) == []
    (_, two, _, four) = told(capfd, "passes", "list")["passes"]
    assert {two["state"], four["state"]} <= {"found", "doubled"}
    assert run(["passes", "list", "--state", "found"]) == 0
    assert len(capfd.readouterr().out.splitlines()) == 2
    assert run(["passes", "show", "nothing"]) == 2
    assert "no pass 'nothing'" in capfd.readouterr().err


def test_a_source_that_is_away_ends_once_with_1(home: Path, capfd: Said) -> None:
    script(home, PASSES, away=True)
    assert run(["passes", "watch", "--once", "--queue"]) == 1
    err = capfd.readouterr().err
    assert "look 1 in a row failed: made: no answer in 10 s" in err
    script(home, PASSES)
    assert run(["passes", "watch", "--once", "--queue"]) == 0


def test_a_wrong_configuration_is_one_line_and_2(home: Path, capfd: Said) -> None:
    path = home / "data" / "passes.toml"
    path.write_text(path.read_text().replace("late_days", "late_day"))
    capfd.readouterr()
    assert run(["passes", "watch", "--once", "--queue"]) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert "[watch.farm]: no setting 'late_day'" in line and str(path) in line


@pytest.mark.slow  # a process of its own
def test_watch_goes_on_until_it_is_told_to_end(home: Path) -> None:
    script(home, [])
    child = subprocess.Popen(  # noqa: S603 (our own interpreter)
        [sys.executable, "-c", WATCHING, "passes", "watch", "--runner", "inline"],
        stderr=subprocess.PIPE, text=True, env=dict(os.environ),
    )  # fmt: skip
    assert child.stderr is not None
    assert "0 offered of" in child.stderr.readline()
    time.sleep(0.5)
    assert child.poll() is None
    child.send_signal(signal.SIGTERM)
    _, err = child.communicate(timeout=30)
    assert (child.returncode, err) == (0, "")
