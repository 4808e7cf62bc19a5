"""`hongxian bench`: how fast and how large, measured on this machine."""

import json
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from api.cli.options import json_option


@click.group()
def bench() -> None:
    """Measure speed and memory on this machine."""


@bench.command()
@click.option("--runs", type=click.IntRange(5), default=5, show_default=True, help="Timed runs.")
@json_option
def pipeline(runs: int, as_json: bool) -> None:  # noqa: FBT001 (click hands flags over so)
    """Run the whole line on made-up scenes of 8k and 16k pixels a side."""
    from leads.bench.pipeline import bench_pipeline  # noqa: PLC0415 (heavy, for this one only)

    _report(bench_pipeline(runs), as_json)


@bench.command()
@click.option("--gigapixels", type=click.FloatRange(0.01, 100), default=10, show_default=True)
@json_option
def soak(gigapixels: float, as_json: bool) -> None:  # noqa: FBT001
    """Watch the memory of a run over many gigapixels."""
    from leads.bench.soak import soak as watched  # noqa: PLC0415 (heavy, for this one only)

    _report(watched(gigapixels), as_json)


@bench.command()
@click.option("--runs", type=click.IntRange(5), default=5, show_default=True, help="Timed runs.")
@click.option(
    "--compile-limit",
    type=click.FloatRange(0),
    default=900,
    show_default=True,
    help="Seconds the compiler may take; 0: compile nothing.",
)
@json_option
def detector(runs: int, compile_limit: float, as_json: bool) -> None:  # noqa: FBT001
    """Time the network's forward pass beside peers and the processor's best."""
    from models.bench.detector import bench_detector  # noqa: PLC0415 (torch)

    _report(bench_detector(runs, compile_limit), as_json)


@bench.command()
@click.option("--candidates", type=click.IntRange(1), default=10_000, show_default=True)
@click.option("--parcels", type=click.IntRange(1), default=100_000, show_default=True)
@click.option("--zones", type=click.IntRange(1), default=1_000, show_default=True)
@click.option("--runs", type=click.IntRange(1), default=5, show_default=True, help="Timed runs.")
@json_option
def crossing(candidates: int, parcels: int, zones: int, runs: int, as_json: bool) -> None:  # noqa: FBT001
    """Cross made-up candidates with made-up layers, beside plain geopandas."""
    from leads.bench.crossing import bench_crossing  # noqa: PLC0415 (heavy, for this one only)

    _report(bench_crossing(candidates, parcels, zones, runs), as_json)


@bench.command()
@click.option("--store", help="URL of an empty store; by default SQLite in a folder of its own.")
@click.option("--leads", type=click.IntRange(1), default=1_000_000, show_default=True)
@click.option("--queries", type=click.IntRange(20), default=400, show_default=True)
@json_option
def api(store: str | None, leads: int, queries: int, as_json: bool) -> None:  # noqa: FBT001
    """Fill an empty store with made-up leads and time its lists."""
    from leads.bench.store import bench_store  # noqa: PLC0415 (heavy, for this one only)

    with ExitStack() as stack:
        if store is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="hongxian-bench-"))
            store = f"sqlite:///{Path(folder) / 'bench.db'}"
        measured = bench_store(store, leads, queries)
    # no peer serves these lists, and nothing escalates yet: told as null, never guessed
    _report({**measured, "escalation_seconds": None, "peer": None, "peer_ratio": None}, as_json)


@bench.command()
@click.option("--runs", type=click.IntRange(5), default=5, show_default=True, help="Timed runs.")
@json_option
def scaling(runs: int, as_json: bool) -> None:  # noqa: FBT001
    """Start two Ray nodes on this machine and time one against both."""
    from leads.bench.scaling import bench_scaling  # noqa: PLC0415 (heavy, for this one only)

    _report(bench_scaling(runs), as_json)


@bench.command()
@click.option("--megabytes", type=click.IntRange(1), default=512, show_default=True)
@click.option("--runs", type=click.IntRange(5), default=5, show_default=True, help="Timed runs.")
@json_option
def upload(megabytes: int, runs: int, as_json: bool) -> None:  # noqa: FBT001
    """Upload a file of random bytes, beside `curl -T` to the same server."""
    from api.bench_upload import bench_upload  # noqa: PLC0415 (the server, for this one only)

    _report(bench_upload(megabytes, runs), as_json)


def _report(measured: Mapping[str, Any], as_json: bool) -> None:  # noqa: FBT001
    click.echo(json.dumps(measured, ensure_ascii=False, indent=None if as_json else 2))
