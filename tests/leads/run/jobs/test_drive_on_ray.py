"""A run on a Ray cluster: the leads of this process alone, also when a node is killed in it."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from leads.bench.ray_nodes import RayCluster
from leads.run.detect import detect
from leads.run.detection import Detection
from leads.run.on_ray.pool import ray_pool
from leads.run.request import Request
from leads.run.runner import Inline
from leads.store.engine import connect
from tests.leads.run.jobs.made_runs import Striking, driven, filed, small_request, submitted
from tests.leads.run.ray_nodes import needs_ray, supervisors, two_nodes

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
    cluster: RayCluster, store: Engine, asked: Request
) -> None:
    many_tiles = replace(asked, tile_px=16)
    job = submitted(store, many_tiles)
    struck: list[int] = []

    def kill_second_node() -> None:
        """End it by SIGKILL, once tiles are looked at there."""
        until = time.monotonic() + 60
        while not (there := supervisors(cluster.nodes[1])):
            assert time.monotonic() < until
            time.sleep(0.02)
        struck.append(len(there))
        cluster.nodes[1].kill()

    with ray_pool(cluster.address) as runner:
        struck_at = Striking(runner, {3: kill_second_node})
        ended = driven(store, job, struck_at)
    assert len(struck) == 1
    assert struck_at.outcomes > 20, "nearly all was still to be done"
    assert ended.state == "done", ended.error
    assert ended.result is not None and ended.result["set_aside"] == 0
    assert {row[0] for row in filed(store)} == {
        lead.lead_id for lead in detect(many_tiles, Inline()).leads
    }
