"""docs/cluster.md: the cost table is what its rates give, the cluster file what Ray takes."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
CORES = (2, 64, 512)


def given(name: str) -> float:
    """The value of a row of the table of rates."""
    (value,) = re.findall(rf"^\| {re.escape(name)} \| ([\d.,]+)", TEXT, re.MULTILINE)
    return float(value.replace(",", ""))


def figures(value: float) -> str:
    """Three figures, and whole numbers from a thousand on."""
    return f"{value:,.0f}" if value >= 999.5 else f"{value:.3g}"


def duration(hours: float) -> str:
    if hours < 1 / 60:
        return f"{figures(hours * 3600)} s"
    if hours < 1:
        return f"{figures(hours * 60)} min"
    return f"{figures(hours)} h" if hours < 72 else f"{figures(hours / 24)} d"


def row(place: str, area_km2: float, grid_m: float) -> str:
    gigapixels = area_km2 * 1e6 / grid_m**2 / 1e9
    coarse = grid_m >= 6
    looked_at = gigapixels * (given("pixels the network sees per pixel of 10 m") if coarse else 1)
    core_hours = looked_at * 1e3 / given("rate, Mpx/s per core") / 3600
    values = given("bands read") * 2 * (2 if coarse else 1)
    walls = [
        core_hours / cores / (1 if cores == 2 else given("scaling of many cores, assumed"))
        for cores in CORES
    ]
    cells = [
        f"{place}, {grid_m:g} m",
        figures(gigapixels),
        figures(core_hours),
        *map(duration, walls),
        f"{figures(gigapixels * values)} GB",
        figures(core_hours * given("price of a core-hour, CNY, assumed")),
    ]
    return f"| {' | '.join(cells)} |"


def test_the_cost_table_is_what_the_rates_give() -> None:
    rows = [
        row(place, given(f"{place}, km2"), grid_m)
        for place in ("Shanghai", "Yangtze delta", "China")
        for grid_m in (10, 2, 0.8)
    ]
    missing = [line for line in rows if line not in TEXT]
    assert missing == [], "\n" + "\n".join(rows)


def test_the_cluster_file_is_what_ray_takes() -> None:
    pytest.importorskip("ray", reason="ray is not installed")
    import jsonschema  # noqa: PLC0415  (comes with ray, as does yaml)
    import yaml  # noqa: PLC0415

    (written,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    package = importlib.util.find_spec("ray")
    assert package is not None and package.origin is not None
    schema = Path(package.origin).parent / "autoscaler" / "ray-schema.json"
    jsonschema.validate(yaml.safe_load(written), json.loads(schema.read_text(encoding="utf-8")))
