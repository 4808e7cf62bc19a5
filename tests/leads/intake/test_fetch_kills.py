"""A fetch killed anywhere is gone on with: the same folders, rows and runs, and nothing twice."""

import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from leads.domain.job import FETCH, JobState
from leads.intake.place import HIDDEN
from leads.store.engine import connect, reading
from leads.store.pass_tables import pass_jobs, pass_units, passes, scene_sights
from leads.store.schema import jobs, scenes
from tests.leads.intake.killed_fetch import SHOWINGS, work
from tests.leads.intake.made_passes import ScriptedSource
from tests.leads.intake.made_watch import Ground

ROOT = Path(__file__).resolve().parents[3]
FETCHING, HANDING = "leads.intake.fetch", "leads.intake.hand_over"
POINTS = (
    f"{FETCHING}:set_aside!",
    f"{FETCHING}:keep_fetched!",
    "leads.intake.register_scene:mask_scene!",
    f"{FETCHING}:describe!",
    f"{FETCHING}:registrable",
    f"{FETCHING}:register!",
    f"{FETCHING}:HandOver",
    f"{HANDING}:enqueue_fetch!,2",
    f"{HANDING}:wake!,2",
    "leads.intake.put_together:latest_clear!",
    f"{HANDING}:enqueue!",
    f"{HANDING}:finish!,4",
    "leads.run.jobs.worker:ended_under,4",
)
QUICK = {4: "postgres"}
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
    """What there is in the end."""

    folders: dict[str, dict[str, bytes]]
    scene_ids: set[str]
    passes: set[tuple[str, str, str | None]]
    runs: set[tuple[str, str]]
    units: set[tuple[str, float]]
    sights: set[str]
    pairs: set[tuple[str, str | None]]


def came(ground: Ground) -> Came:
    with reading(ground.store) as connection:

        def rows(*columns: object) -> set[tuple[object, ...]]:
            found = [tuple(row) for row in connection.execute(select(*columns)).all()]  # type: ignore[call-overload]
            assert len(set(found)) == len(found)
            return set(found)

        runs = select(pass_jobs.c.pass_id, pass_jobs.c.before_pass_id)
        runs = runs.join(jobs, jobs.c.job_id == pass_jobs.c.job_id).where(jobs.c.kind == "run")
        return Came(
            {name: ground.bytes_of(name) for name in ground.visible},
            {row[0] for row in rows(scenes.c.scene_id)},  # type: ignore[misc]
            rows(passes.c.pass_id, passes.c.state, passes.c.scene_id),  # type: ignore[arg-type]
            ground.pairs,
            rows(pass_units.c.pass_id, pass_units.c.units),  # type: ignore[arg-type]
            {row[0] for row in rows(scene_sights.c.scene_id)},  # type: ignore[misc]
            {tuple(row) for row in connection.execute(runs).all()},
        )


def made(url: str, folder: Path) -> Ground:
    ground = Ground(connect(url), folder, ScriptedSource(SHOWINGS, units=3.0))
    ground.find(SHOWINGS[-1])
    return ground


@pytest.fixture(scope="module")
def undisturbed(template_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Came:
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "store.db").write_bytes(template_file.read_bytes())
    ground = made(f"sqlite:///{folder / 'store.db'}", folder / "imagery")
    work(ground)
    found = came(ground)
    ground.store.dispose()
    assert len(found.folders) == 4 and len(found.runs) == 1, "two parts, their composite, the pass"
    return found


@pytest.mark.parametrize(("point", "kind"), CASES)
def test_a_fetch_killed_there_is_gone_on_with(
    request: pytest.FixtureRequest, undisturbed: Came, tmp_path: Path, point: str, kind: str
) -> None:
    url = request.getfixturevalue(f"{kind}_url")
    ground = made(url, tmp_path / "imagery")
    killed = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "tests.leads.intake.killed_fetch", url, str(ground.folder), point],
        cwd=ROOT, check=False, capture_output=True,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    watch_folder = ground.folder / "made"
    seen = ground.visible if watch_folder.is_dir() else set()
    assert all((watch_folder / name / "item.json").exists() for name in seen), "no half folder"
    work(ground)
    now = came(ground)
    assert now == undisturbed
    assert list((watch_folder / HIDDEN).iterdir()) == []
    assert {job.state for job in ground.jobs_of_kind(FETCH)} == {JobState.DONE}
    ground.store.dispose()
