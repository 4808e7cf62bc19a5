"""A run on a Ray cluster: the leads of this process alone, also when a node is killed in it."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from leads.bench.ray_nodes import RayCluster
from leads.domain.job import Job
from leads.run import journal
from leads.run.detect import detect
from leads.run.detection import Detection
from leads.run.on_ray.pool import ray_pool
from leads.run.request import Request
from leads.run.runner import Inline
from leads.store.engine import connect, reading
from leads.store.job_tiles import TileState, count_tiles
from tests.leads.run.made_runs import current, driven, filed, small_request, submitted
from tests.leads.run.ray_nodes import needs_ray, two_nodes

pytestmark = [pytest.mark.slow, needs_ray]


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    with two_nodes() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def asked(small_ground: Path) -> Request:
    return small_request(small_ground)


@pytest.fixture(scope="module")
def undisturbed(asked: Request) -> Detection:
    return detect(asked, Inline())


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Engine]:
    engine = connect(sqlite_url)
    yield engine
    engine.dispose()


def test_a_cluster_files_what_one_process_finds(
    cluster: RayCluster, store: Engine, asked: Request, undisturbed: Detection
) -> None:
    with ray_pool(cluster.address) as runner:
        job = driven(store, submitted(store, asked), runner)
    assert job.state == "done", job.error
    assert {row[0] for row in filed(store)} == {lead.lead_id for lead in undisturbed.leads}


def test_a_node_killed_in_a_run_loses_nothing(
    cluster: RayCluster,
    store: Engine,
    asked: Request,
    undisturbed: Detection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journal, "FLUSH_TILES", 1)
    job = submitted(store, asked)
    killer = threading.Thread(target=kill_second_node, args=(cluster, store, job))
    with ray_pool(cluster.address) as runner:
        killer.start()
        ended = driven(store, job, runner)
        killer.join()
    assert ended.state == "done", ended.error
    assert ended.result is not None and ended.result["set_aside"] == 0
    assert {row[0] for row in filed(store)} == {lead.lead_id for lead in undisturbed.leads}


def kill_second_node(cluster: RayCluster, store: Engine, job: Job) -> None:
    """End a node by SIGKILL as soon as a tile is done."""
    while not finished(store, job) and current(store, job).state != "done":
        time.sleep(0.02)
    cluster.nodes[1].kill()


def finished(store: Engine, job: Job) -> int:
    with reading(store) as connection:
        return count_tiles(connection, job.job_id).get(TileState.DONE, 0)
