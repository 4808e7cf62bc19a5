"""`hongxian passes fetch`, `prune` and `pin` as an operator meets them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, update

from api.cli import passes_fetch
from api.cli.main import run
from api.settings import Settings
from geo.errors import SceneError
from leads.domain.job import RUN
from leads.intake.fetch import Fetcher
from leads.store.engine import connect, writing
from leads.store.pass_tables import passes
from leads.store.schema import scenes
from tests.leads.intake.made_passes import GROUNDS, ScriptedSource, at, showing
from tests.leads.intake.made_watch import Ground, inline
from tests.leads.run.jobs.made_runs import ROOMY

Said = pytest.CaptureFixture[str]
MARCH = showing("2024-03-02", GROUNDS[0])
APRIL = showing("2024-04-11", GROUNDS[2])


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv("HONGXIAN_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("HONGXIAN_STORE", raising=False)
    assert run(["db", "upgrade"]) == 0
    engine = connect(Settings().store_url)
    yield engine
    engine.dispose()


@pytest.fixture
def ground(store: Engine, monkeypatch: pytest.MonkeyPatch) -> Ground:
    """A watch with one pass found, whose source is scripted for the command, too."""
    made = Ground(
        store, Settings().data_folder / "imagery", ScriptedSource([MARCH, APRIL], units=2.5)
    )
    here = Fetcher(store, made.folder, ROOMY, inline, lambda _: made.source)
    monkeypatch.setattr(passes_fetch, "fetcher", lambda _: here)
    monkeypatch.setattr(passes_fetch, "open_source", lambda _: made.source)
    made.find(APRIL)
    return made


def report(said: Said, *arguments: str) -> Any:  # noqa: ANN401
    said.readouterr()
    assert run(["passes", *arguments, "--json"]) == 0
    return json.loads(said.readouterr().out)


def test_a_plan_tells_the_cost_and_fetches_nothing(ground: Ground, capsys: Said) -> None:
    told = report(capsys, "fetch", "--watch", "made", "--plan")
    assert (told["units"], told["requests"], len(told["passes"])) == (2.5, 1, 1)
    assert told["units_left"] == {"made": None}
    assert ground.source.fetches == [] and ground.states == {"2024-04-11": "found"}


def test_a_fetch_brings_the_pass_and_what_it_is_compared_with(ground: Ground, capsys: Said) -> None:
    (told,) = report(capsys, "fetch", "--watch", "made")["passes"]
    assert told["state"] == "queued"
    assert ground.states == {"2024-03-02": "kept", "2024-04-11": "queued"}
    assert [job.kind for job in ground.jobs_of_kind()] == [RUN]
    again = report(capsys, "fetch", told["pass_id"])["passes"][0]
    assert again["state"] == "queued" and len(ground.source.fetches) == 2


def test_what_could_not_be_fetched_is_an_error(ground: Ground, capsys: Said) -> None:
    ground.source.away = True
    assert run(["passes", "fetch", "--watch", "made"]) == 1
    assert "1 of 1 were not fetched" in capsys.readouterr().err
    assert run(["passes", "fetch"]) == 2
    assert run(["passes", "fetch", "0" * 20]) == 2


def test_pins_and_pruning(ground: Ground, capsys: Said) -> None:
    report(capsys, "fetch", "--watch", "made")
    with writing(ground.store) as connection:
        connection.execute(update(scenes).values(reference_scene_id=None))
    march = str(ground.passes["2024-03-02"].scene_id)
    run_id = ground.jobs_of_kind()[0].job_id
    assert run(["runs", "cancel", run_id]) == 0
    told = report(capsys, "pin", march[:20], "--reason", "shown to a court")
    assert [(one["scene_id"], one["pinned_by"]) for one in told["pins"]] == [(march, "system")]
    assert report(capsys, "prune", "--plan")["needed"][march] == "pinned: shown to a court"
    assert report(capsys, "pin", march, "--remove")["pins"] == []
    with writing(ground.store) as connection:
        older = scenes.c.scene_id == march
        then = at("2001-03-02")
        connection.execute(update(scenes).where(older).values(acquired=then, date=then.date()))
    _long_ago(ground)
    assert [one["scene_id"] for one in report(capsys, "prune", "--plan")["removed"]] == [march]
    assert len(ground.visible) == 2
    assert [one["scene_id"] for one in report(capsys, "prune")["removed"]] == [march]
    assert len(ground.visible) == 1
    capsys.readouterr()
    assert run(["passes", "pin", "ffff", "--reason", "x"]) == 2
    assert "no scene 'ffff'" in capsys.readouterr().err


def _long_ago(ground: Ground) -> None:
    """Move the earlier pass so far back that no later one is compared with it."""
    day = passes.c.pass_id == ground.passes["2024-03-02"].pass_id
    with writing(ground.store) as connection:
        connection.execute(update(passes).where(day).values(acquired=at("2001-03-02")))


def test_a_run_of_removed_pixels_says_so(ground: Ground, capsys: Said) -> None:
    report(capsys, "fetch", "--watch", "made")
    with writing(ground.store) as connection:
        connection.execute(update(scenes).values(pixels_removed_at=at("2024-05-01")))
    assert run(["run", "--resume", "--runner", "inline"]) == SceneError.exit_code
    assert "its pixels were removed" in capsys.readouterr().err
