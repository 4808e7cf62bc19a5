"""The bench of the store: what it reports, and that it spares a store in use."""

from pathlib import Path

import pytest

from geo.errors import InputError
from leads.bench.store import bench_store


def test_the_report_and_the_refusal_to_run_twice(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'bench.db'}"
    report = bench_store(url, leads=300, queries=19)
    assert (report["store"], report["leads"], report["queries"]) == ("sqlite", 300, 19)
    assert 0 < report["p50_ms"] <= report["p95_ms"] <= report["p99_ms"]
    assert set(report["kinds"]) >= {"district", "district_deep", "box", "nearest"}
    with pytest.raises(InputError, match="empty one"):
        bench_store(url, leads=10, queries=1)
