"""A flight killed anywhere is gone on with: the same rows, folders and run, and nothing twice."""

import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from leads.custody.chain import verify
from leads.domain.flight import FlightState
from leads.domain.job import FLIGHT, RUN, JobState
from leads.intake.place import HIDDEN
from leads.store.engine import connect, reading
from leads.store.flight_events import custody
from leads.store.flight_files import files_of
from leads.store.pass_tables import scene_sights
from leads.store.schema import scenes
from tests.leads.flights.made_flyer import Field, ground, orthophoto, zipped

ROOT = Path(__file__).resolve().parents[3]
JOB, LOOK, UNPACK = (
    f"leads.flights.{name}" for name in ("flight_job", "look_over", "unpack_archive")
)
IMAGE, SCENE, FILE = (
    f"leads.flights.{name}" for name in ("flight_image", "flight_scene", "file_scene")
)
POINTS = (
    f"{UNPACK}:unpack_images!",
    f"{UNPACK}:file_arrived!",
    f"{UNPACK}:describe_file!",
    f"{LOOK}:report_on_files!",
    f"{LOOK}:note!",
    f"{IMAGE}:make_orthophoto!",
    f"{IMAGE}:keep_fetched!",
    f"{SCENE}:bring_together!",
    f"{SCENE}:write_item!",
    f"{JOB}:publish!",
    f"{FILE}:keep_fetched!",
    f"{FILE}:enqueue!",
    f"{FILE}:finish!",
    "leads.run.jobs.worker:ended_under",
)
QUICK = {11: "sqlite"}
"""The one that is tried each time; the others on one store each, turn and turn about."""
CASES = [
    pytest.param(
        point,
        QUICK.get(n, ("sqlite", "postgres")[n % 2]),
        marks=() if n in QUICK else pytest.mark.slow,
    )
    for n, point in enumerate(POINTS)
]


@dataclass(frozen=True)
class Came:
    """What there is in the end, whatever the flight's id."""

    state: FlightState
    placing: Any
    files: tuple[tuple[str, str, str], ...]
    events: tuple[str, ...]
    scenes: int
    sights: int
    bands: bytes
    runs: int
    hidden: tuple[str, ...]


def began(url: str, folder: Path) -> tuple[Field, str]:
    """A field with an earlier flight and a later one, an archive, whose job is queued."""
    field = Field(connect(url), folder)
    field.add_people()
    field.flown(orthophoto(folder / "a" / "2026-05-02.tif", ground()))
    image = orthophoto(folder / "b" / "2026-11-26.tif", ground(heap=True), east=3.0)
    packed = zipped(folder / "b.zip", {"2026-11-26.tif": image})
    return field, field.take_in(packed).flight_id


def came(field: Field, flight_id: str) -> Came:
    row = field.row(flight_id)
    with reading(field.store) as connection:
        chain = custody(connection, flight_id)
        verify(chain)
        files = files_of(connection, flight_id)
        counted = [
            connection.scalar(select(func.count()).select_from(table))
            for table in (scenes, scene_sights)
        ]
    folder = field.folder / "flights"
    return Came(
        row.state,
        row.placing,
        tuple((file.name, file.kind.value, file.sha256) for file in files),
        tuple(link.event.action.value for link in chain),
        int(counted[0] or 0),
        int(counted[1] or 0),
        (folder / flight_id / "bands.tif").read_bytes(),
        len(field.jobs_of(RUN)),
        tuple(path.name for path in (folder / HIDDEN).iterdir()),
    )


@pytest.fixture(scope="module")
def undisturbed(template_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Came:
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "store.db").write_bytes(template_file.read_bytes())
    field, flight_id = began(f"sqlite:///{folder / 'store.db'}", folder / "data")
    field.work()
    found = came(field, flight_id)
    field.store.dispose()
    assert found.state is FlightState.QUEUED and found.runs == 1 and found.scenes == 2
    return found


@pytest.mark.parametrize(("point", "kind"), CASES)
def test_a_flight_killed_there_is_gone_on_with(
    request: pytest.FixtureRequest, undisturbed: Came, tmp_path: Path, point: str, kind: str
) -> None:
    url = request.getfixturevalue(f"{kind}_url")
    field, flight_id = began(url, tmp_path / "data")
    killed = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "tests.leads.flights.killed_flight", url, str(field.folder), point],
        cwd=ROOT, check=False, capture_output=True,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    whole = [field.folder / "flights" / name for name in field.scenes]
    assert all((folder / "item.json").exists() for folder in whole), "no half folder"
    field.work()
    assert came(field, flight_id) == undisturbed
    assert {job.state for job in field.jobs_of(FLIGHT)} == {JobState.DONE}
    field.store.dispose()
