"""What QGIS itself makes of our files."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from geo.change_class import ChangeClass
from leads.documents.export import write_leads
from leads.domain.classes import class_rows
from tests.leads.documents.made_leads import make_lead, make_record

PYTHON = "/usr/bin/python3"
SCRIPT = Path(__file__).with_name("open_leads.py")
LEADS = [
    make_lead(n, change_class=ChangeClass(n % 12), score=(0.5, 0.7, 0.9)[n % 3]) for n in range(14)
]

pytestmark = pytest.mark.qgis


def run_qgis(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": os.environ.get("HOME", "/tmp"),  # noqa: S108
        "QT_QPA_PLATFORM": "offscreen",
        "LC_ALL": "C.UTF-8",
    }
    return subprocess.run(  # noqa: S603  (Debian's Python, no input from outside)
        [PYTHON, *arguments], env=environment, capture_output=True, text=True, check=False,
        timeout=120,
    )  # fmt: skip


@pytest.fixture(scope="module")
def qgis() -> None:
    if not Path(PYTHON).exists() or run_qgis("-c", "import qgis.core").returncode:
        pytest.skip("needs python3-qgis and qgis-providers under /usr/bin/python3")


def opened(picture: Path, *files: Path) -> list[dict[str, Any]]:
    done = run_qgis(str(SCRIPT), str(picture), *map(str, files))
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.usefixtures("qgis")
def test_files_open_where_they_belong_and_a_geopackage_opens_styled(tmp_path: Path) -> None:
    files = [tmp_path / "leads.gpkg", tmp_path / "leads.geojson"]
    for file in files:
        write_leads(file, LEADS, make_record())
    picture = tmp_path / "map.png"
    package, geojson = opened(picture, *files)
    for report in (package, geojson):
        assert report["valid"] and report["crs"] == "EPSG:4490"
        assert report["count"] == len(LEADS)
        assert report["extent"] == [121.4, 31.1]  # longitude before latitude
    assert package["renderer"] == "RuleRenderer"
    assert package["rules"][3:] == [f"{row.zh} {row.en}" for row in class_rows()]
    assert package["alias"] == "评分"
    assert package["drawn"]
    drawn = cv2.imread(str(picture), cv2.IMREAD_COLOR)
    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) > 20


@pytest.mark.usefixtures("qgis")
def test_a_file_without_leads_opens_too(tmp_path: Path) -> None:
    file = tmp_path / "leads.gpkg"
    write_leads(file, [], make_record())
    (report,) = opened(tmp_path / "map.png", file)
    assert report["valid"] and report["crs"] == "EPSG:4490" and report["count"] == 0
    assert report["renderer"] == "RuleRenderer"
