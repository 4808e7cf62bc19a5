"""`hongxian flights add|list|show|withdraw|replace|retry`."""

import json
from pathlib import Path
from typing import Any

import pytest

from api.cli.main import run
from tests.leads.flights.made_flyer import ground, orthophoto

Said = pytest.CaptureFixture[str]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HONGXIAN_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HONGXIAN_KEEP_FREE_GB", "0")
    assert run(["db", "upgrade"]) == 0
    return tmp_path


def told(said: Said, *arguments: str) -> Any:  # noqa: ANN401  (any JSON)
    said.readouterr()
    assert run(["flights", *arguments, "--json"]) == 0
    return json.loads(said.readouterr().out)


def test_files_on_the_server_become_a_flight_that_can_be_taken_back(
    home: Path, capsys: Said
) -> None:
    image = orthophoto(home / "2026-05-02.tif", ground())
    added = told(capsys, "add", str(image), "--name", "堡镇")
    assert (added["state"], added["product"], added["verdict"]) == ("kept", "orthophoto", "good")
    flight_id = added["flight_id"]
    listed = told(capsys, "list", "--state", "kept")["flights"]
    assert [one["flight_id"] for one in listed] == [flight_id]
    shown = told(capsys, "show", flight_id)
    assert [one["action"] for one in shown["custody"]][-1] == "made"
    assert shown["files"][0]["name"] == "2026-05-02.tif"
    assert run(["flights", "show", flight_id]) == 0
    assert run(["flights", "retry", flight_id]) == 1
    again = run(["flights", "add", str(image)])
    assert again == 1 and "handed in before" in capsys.readouterr().err
    assert run(["flights", "withdraw", flight_id, "--reason", "样例"]) == 0
    assert "withdrawn, 0 originals removed" in capsys.readouterr().out


def test_what_is_no_flight_is_wrong_use(home: Path, capsys: Said) -> None:
    assert run(["flights", "add", str(home / "nothing.tif")]) == 2
    assert "no such file" in capsys.readouterr().err
    (home / "empty").mkdir()
    assert run(["flights", "add", str(home / "empty")]) == 2
    queued = told(capsys, "add", "--queue", str(orthophoto(home / "2026-05-02.tif", ground())))
    assert queued["state"] == "received"
    assert (
        run(
            [
                "flights",
                "replace",
                queued["flight_id"],
                "--by",
                queued["flight_id"],
                "--reason",
                "x",
            ]
        )
        == 2
    )
