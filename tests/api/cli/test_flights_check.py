"""`hongxian flights check`: exit codes, the page, and that it needs neither store nor torch."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from api.cli.main import run
from tests.fakes.photos import LAT, LON, lines, write_flight

Said = pytest.CaptureFixture[str]


@pytest.fixture
def flight(tmp_path: Path) -> Path:
    write_flight(tmp_path / "堡镇 1", lines(2, 4))
    return tmp_path / "堡镇 1"


@pytest.mark.slow
def test_a_flight_at_the_wrong_place_fails_with_reasons(
    flight: Path, tmp_path: Path, capsys: Said
) -> None:
    ring = [[LON + 1, LAT], [LON + 1.01, LAT], [LON + 1.01, LAT + 0.01], [LON + 1, LAT]]
    area = tmp_path / "area.geojson"
    area.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    window = "2026-11-20T09:00/2026-11-20T10:00"
    options = ["--area", str(area), "--window", window, "--height", "40", "--gsd", "0.05"]
    with pytest.raises(SystemExit) as ended:
        run(["flights", "check", str(flight), *options])
    assert ended.value.code == 1
    said = capsys.readouterr().out
    assert "另一座城市" in said and "高于 40 米" in said and "分辨率不够" in said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["none"], "no such file"),
        (["{}", "--window", "2026"], "write 2026-11-20T09:00"),
        (["{}", "--window", "2026-11-20T10:00/2026-11-20T09:00"], "ends before it begins"),
        (["{}", "--out", "check.pdf"], "call it .html"),
        (["{}", "--out", "/none/check.html"], "does not exist"),
        (["{}", "--area", "none.kml"], "no such file"),
    ],
)
def test_wrong_use(flight: Path, capsys: Said, arguments: list[str], told: str) -> None:
    filled = [one.format(flight) for one in arguments]
    assert run(["flights", "check", *filled]) == 2
    said = capsys.readouterr().err
    assert told in said and said.count("\n") == 1


def test_a_good_flight_and_its_page_without_torch_and_without_a_store(
    flight: Path, tmp_path: Path
) -> None:
    page = tmp_path / "check.html"
    code = (
        "import sys\nfrom api.cli.main import run\n"
        "if __name__ == '__main__':\n"
        f"    code = run(['flights', 'check', {str(flight)!r}, '--json', '--out', {str(page)!r}])\n"
        "    assert not {'torch', 'ray', 'sentinelhub', 'matplotlib'} & set(sys.modules)\n"
        "    sys.exit(code)\n"
    )
    (tmp_path / "light.py").write_text(code, encoding="utf-8")
    root = str(Path(__file__).resolve().parents[3])
    environment = {"HONGXIAN_DATA": str(tmp_path / "data"), "PATH": "/usr/bin", "PYTHONPATH": root}
    done = subprocess.run(  # noqa: S603  (our own interpreter)
        [sys.executable, tmp_path / "light.py"], env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["verdict"], told["photos"], told["out"]) == ("good", 8, str(page))
    assert "堡镇 1" in page.read_text(encoding="utf-8")
    assert not (tmp_path / "data").exists()
