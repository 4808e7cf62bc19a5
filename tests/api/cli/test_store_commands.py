"""Commands on the store as an operator meets them, from `db upgrade` to labels and pictures."""

import json
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import cv2
import geopandas as gpd
import numpy as np
import pytest
import rasterio
from sqlalchemy import Connection, update
from starlette.testclient import TestClient

from api.accounts.log_in import hash_of
from api.app import create_app
from api.cli.labels import _judged_runs as judged_runs
from api.cli.main import run
from api.settings import Settings
from geo.change_class import ChangeClass
from leads.domain.roles import Actor, Role
from leads.domain.transition_table import Action
from leads.domain.transitions import Command
from leads.run.labels import JudgedRun
from leads.store.engine import connect, writing
from leads.store.schema import leads
from leads.store.sessions import Session, start_session
from leads.store.steps import take_step
from models.evaluation.folder import labelled_files, read_pairs

Said = pytest.CaptureFixture[str]
ANALYST = Actor("fenxi-1", Role.ANALYST)
HOW = ("--detector", "difference", "--min-area", "200")
"""Many leads from a small ground."""
PASSWORD = "correct horse"  # noqa: S105


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder with an up-to-date, empty store, in the environment."""
    folder = tmp_path_factory.mktemp("home") / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HONGXIAN_DATA", str(folder))
        patch.setenv("HONGXIAN_PASSWORD", PASSWORD)
        patch.delenv("HONGXIAN_STORE", raising=False)
        assert run(["db", "upgrade"]) == 0
        yield folder


@pytest.fixture(scope="module")
def filed(home: Path, small_ground: Path) -> Path:
    """The same with one run over a corner of the sample ground."""
    layers = str(small_ground / "layers.gpkg")
    assert run(["run", str(small_ground), "--layers", layers, *HOW]) == 0
    return home


def report(said: Said, *arguments: object) -> dict[str, object]:
    said.readouterr()
    assert run([*map(str, arguments), "--json"]) == 0
    told: dict[str, object] = json.loads(said.readouterr().out)
    return told


def refused(said: Said, code: int, *arguments: object) -> str:
    """Run it, expecting this exit code and one line."""
    said.readouterr()
    assert run([*map(str, arguments)]) == code
    out, err = said.readouterr()
    lines = [line for line in err.splitlines() if line.startswith("hongxian:")]
    assert out == "" and len(lines) == 1 and "Traceback" not in err, (out, err)
    return lines[0]


def test_the_data_folder_is_for_this_user_alone(home: Path) -> None:
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert (home / "hongxian.db").exists()


def test_upgrading_again_changes_nothing(home: Path, capsys: Said) -> None:
    told = report(capsys, "db", "upgrade")
    assert told["from"] == told["to"] and str(home) in str(told["store"])


def test_without_tables_a_command_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    monkeypatch.setenv("HONGXIAN_DATA", str(tmp_path / "new"))
    monkeypatch.delenv("HONGXIAN_STORE", raising=False)
    for command in (("leads", "list"), ("users", "list"), ("serve",), ("layers", "list")):
        assert "db upgrade" in refused(capsys, 1, *command)


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense", "sqlite://"])
def test_a_store_that_cannot_be(url: str, monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    monkeypatch.setenv("HONGXIAN_STORE", url)
    assert refused(capsys, 2, "leads", "list")


def test_accounts(home: Path, capsys: Said) -> None:
    assert run(["users", "add", "fenxi-1", "--role", "analyst", "--name", "分析样例"]) == 0
    assert "exists" in refused(capsys, 1, "users", "add", "fenxi-1", "--role", "analyst")
    assert "unit" in refused(capsys, 2, "users", "add", "jiancha", "--role", "district_officer")
    assert refused(capsys, 2, "users", "add", "x-1", "--role", "king")
    assert run(["users", "disable", "fenxi-1"]) == 0
    told = report(capsys, "users", "list")
    assert [(a["account_id"], a["disabled"]) for a in told["accounts"]] == [("fenxi-1", True)]
    assert PASSWORD not in json.dumps(told) and "argon2" not in json.dumps(told)
    assert run(["users", "disable", "fenxi-1", "--undo"]) == 0
    assert run(["users", "password", "fenxi-1"]) == 0
    assert refused(capsys, 2, "users", "disable", "nobody")
    assert home.exists()


def test_a_short_password_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    monkeypatch.setenv("HONGXIAN_PASSWORD", "short")
    assert "characters" in refused(capsys, 2, "users", "add", "fenxi-9", "--role", "analyst")
    assert home.exists()


def test_a_run_is_filed_once(filed: Path, small_ground: Path, capsys: Said) -> None:
    before, after = small_ground / "before.tif", small_ground / "after.tif"
    layers = small_ground / "layers.gpkg"
    again = report(capsys, "run", before, after, "--layers", layers, *HOW)
    listed = report(capsys, "leads", "list", "--limit", "500")["leads"]
    assert again["outcomes"] == {"new_site": len(listed)} and filed.exists()


def test_layers_of_the_store_are_crossed_with(
    filed: Path, small_ground: Path, capsys: Said
) -> None:
    told = report(capsys, "run", small_ground, "--detector", "difference", "--min-area", "300")
    assert set(told["outcomes"]) <= {"observation"}
    told = report(capsys, "leads", "list")["leads"]
    assert any(lead["zone_kinds"] for lead in told) and filed.exists()


@pytest.mark.parametrize("paths", [(), ("a", "b", "c"), ("nowhere",), ("nowhere", "either")])
def test_images_that_are_not_there(home: Path, paths: tuple[str, ...], capsys: Said) -> None:
    assert refused(capsys, 2, "run", *paths) and home.exists()


def test_the_most_uncertain_leads_first(filed: Path, capsys: Said) -> None:
    ids = [lead["lead_id"] for lead in report(capsys, "leads", "list")["leads"]]
    store, stated = connect(Settings().store_url), {ids[-1]: 0.87, ids[1]: 0.25}
    with writing(store) as connection:
        connection.execute(update(leads).values(uncertainty=None))
        for lead_id, unsure in stated.items():
            one = leads.c.lead_id == lead_id
            connection.execute(update(leads).where(one).values(uncertainty=unsure))
    store.dispose()
    told = report(capsys, "leads", "list", "--order", "uncertain")["leads"]
    assert [lead["uncertainty"] for lead in told[:3]] == [0.87, 0.25, None]
    assert [lead["lead_id"] for lead in told[:2]] == list(stated) and len(told) == len(ids)
    assert run(["leads", "list", "--order", "uncertain", "--limit", "1"]) == 0
    assert capsys.readouterr().out.split()[-1] == "0.87" and filed.exists()


def test_one_lead(filed: Path, capsys: Said) -> None:
    lead_id = report(capsys, "leads", "list")["leads"][0]["lead_id"]
    told = report(capsys, "leads", "show", lead_id)
    assert told["lead_id"] == lead_id and told["geometry"]["type"] == "MultiPolygon"
    assert run(["leads", "show", str(lead_id)]) == 0
    assert refused(capsys, 2, "leads", "show", "0" * 16) and filed.exists()


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "parquet"])
def test_leads_become_a_file(filed: Path, suffix: str, tmp_path: Path, capsys: Said) -> None:
    out = tmp_path / f"leads.{suffix}"
    told = report(capsys, "leads", "export", "--status", "candidate", "--out", out)
    read = {"parquet": gpd.read_parquet, "gpkg": partial(gpd.read_file, layer="leads")}
    frame = read.get(suffix, gpd.read_file)(out)
    assert len(frame) == told["leads"] > 0 and filed.exists()
    refusal = refused(capsys, 2, "leads", "export", "--status", "closed", "--out", out)
    assert "widen" in refusal


def test_filters_that_make_no_sense(filed: Path, capsys: Said) -> None:
    for wrong in (("--bbox", "1,2,3"), ("--bbox", "9,9,1,1"), ("--status", "x"), ("--limit", "0")):
        assert refused(capsys, 2, "leads", "list", *wrong)
    assert filed.exists()


def test_layers(filed: Path, small_ground: Path, capsys: Said) -> None:
    told = report(capsys, "layers", "list")["layers"]
    again = report(capsys, "layers", "add", small_ground / "layers.gpkg")["layers"]
    assert {layer["sha256"] for layer in told} <= {layer["sha256"] for layer in again}
    names = [layer["name"] for layer in again if layer["kind"] == "eco_redline"]
    one = report(capsys, "layers", "show", "eco_redline", names[0])
    assert one["zones"]
    diff = report(capsys, "layers", "diff", "eco_redline", names[0], names[-1])
    assert set(diff) >= {"added", "removed", "changed", "unchanged"}
    assert refused(capsys, 2, "layers", "show", "eco_redline", "1999") and filed.exists()


def test_verdicts_become_pairs(filed: Path, tmp_path: Path, capsys: Said) -> None:
    folder = tmp_path / "labels"
    assert "judged" in refused(capsys, 2, "labels", "export", folder)
    ids = [lead["lead_id"] for lead in report(capsys, "leads", "list")["leads"]][:2]
    store, now = connect(Settings().store_url), datetime.now(UTC)
    verdicts = (
        Command(Action.DISCARD, {"discard_reason": "ploughing"}),
        Command(Action.SUBMIT, {"change_class": "waste_heap", "layers_consulted": True}),
    )
    with writing(store) as connection:
        for lead_id, verdict in zip(ids, verdicts, strict=True):
            take_step(connection, lead_id, Command(Action.CLAIM), ANALYST, now)
            take_step(connection, lead_id, verdict, ANALYST, now)
    store.dispose()
    assert report(capsys, "labels", "export", folder)["pairs"] == 2
    told = json.loads((folder / "labels.json").read_text("utf-8"))["labels"]
    assert {row["lead_id"]: row["label"] for row in told} == dict(zip(ids, (0, 1), strict=True))
    pairs = list(read_pairs(labelled_files(folder)))
    by_stem = {f.label.stem: p for f, p in zip(labelled_files(folder), pairs, strict=True)}
    assert by_stem[ids[1]].changed.any()
    with rasterio.open(folder / "label" / f"{ids[0]}.tif") as label:
        middle = label.read(1)[label.height // 2, label.width // 2]
    assert middle == 0
    assert_told_for_training(told[[row["label"] for row in told].index(1)], folder)
    assert "not empty" in refused(capsys, 2, "labels", "export", folder) and filed.exists()
    assert_what_is_gone_is_left_out(tmp_path / "again", capsys)


def assert_what_is_gone_is_left_out(folder: Path, capsys: Said) -> None:
    """A run whose images are gone is told, and the others' verdicts are written all the same."""

    def with_one_that_is_gone(connection: Connection) -> list[JudgedRun]:
        (one,) = judged_runs(connection)
        gone = replace(one.before, source=str(folder / "no-such-image"))
        return [replace(one, before=gone), one]

    capsys.readouterr()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.cli.labels._judged_runs", with_one_that_is_gone)
        assert run(["labels", "export", str(folder), "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["pairs"] == 2
    assert "left out: 2 verdicts of the run from" in said.err


def assert_told_for_training(row: dict[str, object], folder: Path) -> None:
    """The submitted lead carries all that fine-tuning needs, and its class pixel by pixel."""
    code = int(ChangeClass.WASTE_HEAP)
    assert (row["change_class"], row["class_code"], row["class_by"]) == (
        "waste_heap",
        code,
        "account",
    )
    assert row["machine_class"] in {kind.label for kind in ChangeClass}
    assert row["detector"] == "difference" and "weights_sha256" in row
    assert row["gsd_m"] and row["bands"]
    assert str(row["district_code"]).startswith("310")
    assert str(row["date_before"]) < str(row["date_after"])
    with (
        rasterio.open(folder / "classes" / f"{row['lead_id']}.tif") as classes,
        rasterio.open(folder / "label" / f"{row['lead_id']}.tif") as label,
    ):
        assert (classes.read(1) == code * label.read(1)).all() and label.read(1).any()


@pytest.fixture
def analyst(filed: Path) -> Iterator[TestClient]:
    store = connect(Settings().store_url)
    now, token = datetime.now(UTC), "token-of-a-test"
    with writing(store) as connection:
        ends = now.replace(year=now.year + 1)
        start_session(connection, Session(hash_of(token + now.isoformat()), "fenxi-1", now, ends))
    app = create_app(Settings(), store=store)
    with TestClient(app) as client:
        client.headers["Authorization"] = f"Bearer {token + now.isoformat()}"
        yield client
    store.dispose()
    assert filed.exists()


def picture(content: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)


def test_before_and_after_are_on_one_grid(analyst: TestClient, filed: Path) -> None:
    lead_id = analyst.get("/api/leads").json()["leads"][0]["lead_id"]
    lead = analyst.get(f"/api/leads/{lead_id}").json()
    shown = lead["pictures"]
    answers = [analyst.get(shown[when]) for when in ("before", "after")]
    assert [a.headers["content-type"] for a in answers] == ["image/webp"] * 2, answers[0].text
    before, after = (picture(a.content) for a in answers)
    assert before.shape == after.shape == (shown["pixels"], shown["pixels"], 3)
    assert np.abs(before.astype(int) - after).mean() > 1
    assert 1.5 < shown["metres_per_pixel"] < 2.5  # the sample ground has 2 m
    longitudes, latitudes = zip(*shown["corners"], strict=True)
    assert min(longitudes) < lead["lon"] < max(longitudes)
    assert min(latitudes) < lead["lat"] < max(latitudes)
    png = analyst.get(shown["before"].replace(".webp", ".png"))
    assert np.abs(picture(png.content).astype(int) - before).mean() < 5
    assert len(list((filed / "pictures").iterdir())) == 4


def test_changed_imagery_is_not_shown(analyst: TestClient, filed: Path, small_ground: Path) -> None:
    lead_id = analyst.get("/api/leads").json()["leads"][-1]["lead_id"]
    image = small_ground / "before.tif"
    whole = image.read_bytes()
    try:
        image.write_bytes(whole + b"\0")
        answer = analyst.get(f"/api/leads/{lead_id}/pictures/before.png")
    finally:
        image.write_bytes(whole)
    assert answer.status_code == 404 and str(small_ground) not in answer.text
    assert analyst.get(f"/api/leads/{lead_id}/pictures/before.png").status_code == 200
    assert filed.exists()
