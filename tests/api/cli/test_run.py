"""`hongxian run`, `hongxian worker`: a pass, a district, the plan, the queue, a resume."""

import json
from pathlib import Path
from typing import Any

import pytest
import rasterio
import rasterio.windows

from api.cli.main import run
from geo.errors import WorkerError
from leads.run.jobs.drive import Driver

Said = pytest.CaptureFixture[str]
HOW = ("--detector", "difference", "--min-area", "200", "--runner", "inline")
HALF = 160


@pytest.fixture
def home(template_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with an empty store, in the environment."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "hongxian.db").write_bytes(template_store.read_bytes())
    monkeypatch.setenv("HONGXIAN_DATA", str(folder))
    monkeypatch.delenv("HONGXIAN_STORE", raising=False)
    return folder


@pytest.fixture(scope="module")
def template_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HONGXIAN_DATA", str(folder))
        patch.delenv("HONGXIAN_STORE", raising=False)
        assert run(["db", "upgrade"]) == 0
    return folder / "hongxian.db"


@pytest.fixture(scope="module")
def a_pass(small_ground: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small ground as two scenes a date, and one of a place far off."""
    folder = tmp_path_factory.mktemp("pass")
    for name in ("before", "after"):
        (folder / name).mkdir()
        for side, col in (("west", 0), ("east", HALF)):
            part(small_ground / f"{name}.tif", folder / name / f"{side}.tif", col)
    part(small_ground / "after.tif", folder / "after" / "elsewhere.tif", 0, 20_000.0)
    return folder


def part(source: Path, target: Path, col: int, away_m: float = 0.0) -> None:
    with rasterio.open(source) as image:
        window = rasterio.windows.Window(col, 0, HALF, image.height)
        place = image.window_transform(window)
        profile = image.profile | {
            "width": HALF,
            "transform": rasterio.Affine.translation(away_m, 0.0) @ place,
        }
        with rasterio.open(target, "w", **profile) as copy:
            copy.write(image.read(window=window))
            copy.descriptions = image.descriptions
            copy.update_tags(**image.tags())


def told(said: Said, *arguments: object, code: int = 0) -> dict[str, Any]:
    said.readouterr()
    assert run([*map(str, arguments), "--json"]) == code
    report: dict[str, Any] = json.loads(said.readouterr().out)
    return report


def test_a_plan_says_what_would_be_done_and_does_nothing(
    home: Path, a_pass: Path, capsys: Said
) -> None:
    before = (home / "hongxian.db").stat().st_mtime_ns
    report = told(capsys, "run", a_pass, *HOW, "--plan")
    assert [Path(pair["after"]).stem for pair in report["pairs"]] == ["east", "west"]
    assert all(Path(p["before"]).stem == Path(p["after"]).stem for p in report["pairs"])
    assert report["gigapixels"] == pytest.approx(2 * HALF * 320 / 1e9)
    assert report["hours"] > 0 and report["fits"] is (report["free_gb"] >= 2 + report["disk_gb"])
    (refused,) = report["refused"]
    assert refused["source"].endswith("elsewhere.tif") and "earlier" in refused["reason"]
    assert (home / "hongxian.db").stat().st_mtime_ns == before
    assert run(["run", str(a_pass), *HOW, "--plan"]) == 0
    text = capsys.readouterr().out
    assert "refused" in text and "2 pairs" in text and "disk" in text


def test_a_pass_of_several_scenes_is_run_whole(home: Path, a_pass: Path, capsys: Said) -> None:
    report = told(capsys, "run", a_pass, *HOW)
    assert [one["state"] for one in report["runs"]] == ["done", "done"]
    assert sum(one["leads"] for one in report["runs"]) > 5
    again = told(capsys, "run", a_pass, *HOW)
    assert [one["run_id"] for one in again["runs"]] == [one["run_id"] for one in report["runs"]]
    assert home.exists()


def test_a_queued_pass_waits_for_a_worker(home: Path, a_pass: Path, capsys: Said) -> None:
    queued = told(capsys, "run", a_pass, *HOW, "--queue", "--priority", 7)
    assert [one["state"] for one in queued["runs"]] == ["queued", "queued"]
    assert run(["worker", "--once", "--runner", "inline"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert sum("done" in line for line in lines) == 2
    assert home.exists()


def test_a_broken_run_is_resumed(
    home: Path, small_ground: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise WorkerError("the machine went away")

    with monkeypatch.context() as broken:
        broken.setattr(Driver, "_look", dies)
        assert run(["run", str(small_ground), *HOW]) == 1
    assert "the machine went away" in capsys.readouterr().err
    resumed = told(capsys, "run", "--resume", "--runner", "inline")
    assert resumed["state"] == "done" and resumed["leads"] > 5
    assert told(capsys, "run", "--resume", "--runner", "inline") == {"runs": []}
    assert home.exists()


def test_a_district_is_run_alone(home: Path, small_ground: Path, capsys: Said) -> None:
    assert run(["layers", "add", str(small_ground / "layers.gpkg")]) == 0
    capsys.readouterr()
    whole = told(capsys, "run", small_ground, *HOW)
    with_district = told(capsys, "leads", "list")["leads"]
    code = next(lead["district_code"] for lead in with_district if lead["district_code"])
    report = told(capsys, "run", "--district", code, *HOW)
    mine = [lead for lead in with_district if lead["district_code"] == code]
    assert 0 < report["leads"] == len(mine) <= whole["leads"]
    assert report["run_id"] != whole["run_id"] and set(report["outcomes"]) == {"observation"}
    assert run(["run", "--district", "999999", *HOW]) == 2
    assert "999999" in capsys.readouterr().err
    assert home.exists()


def test_a_pass_of_the_store_is_compared_with_what_was_before(
    home: Path, small_ground: Path, capsys: Said
) -> None:
    first = told(capsys, "run", small_ground, *HOW)
    assert first["job_id"] and home.exists()
    from leads.store.engine import connect, reading  # noqa: PLC0415
    from leads.store.scenes import list_scenes  # noqa: PLC0415

    engine = connect(f"sqlite:///{home / 'hongxian.db'}")
    with reading(engine) as connection:
        latest = list_scenes(connection)[0]
    engine.dispose()
    again = told(capsys, "run", "--pass", latest.scene_id[:10], *HOW)
    assert again["run_id"] == first["run_id"]
    assert run(["run", "--pass", "0000", *HOW]) == 2


@pytest.mark.parametrize(
    "arguments", [(), ("no-such-folder",), ("a", "b", "--pass", "abcd"), ("--pass", "ab")]
)
def test_nothing_to_run_is_wrong_use(home: Path, capsys: Said, arguments: tuple[str, ...]) -> None:
    assert run(["run", *arguments, *HOW]) == 2
    assert capsys.readouterr().err.startswith("hongxian: ") and home.exists()
