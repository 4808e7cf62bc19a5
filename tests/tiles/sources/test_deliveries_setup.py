"""Deliveries where this machine, its clock or its user is at fault."""

import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from geo.errors import InputError, SetupError, SourceError
from tests.conftest import SAMPLES
from tests.fakes.bundles import GF2, write_image
from tests.tiles.sources.delivered import AREA, AUGUST, beside_none, fetched, nothing, only, source
from tiles.files.open_scene import open_scene
from tiles.ortho.heights import Heights
from tiles.ortho.scaling import Calibration
from tiles.sources import deliveries
from tiles.sources.delivery_plain import plain_glance


def test_a_time_of_writing_that_is_to_come_keeps_nothing_waiting_for_ever(root: Path) -> None:
    ours = source(root, settle_s=600.0)
    at = (datetime.now(UTC) + timedelta(days=7000)).timestamp()
    os.utime(root / GF2 / f"{GF2}-MSS1.tiff", (at, at))
    assert list(ours.search(AUGUST)) == [] and ours.waiting()[0].where == GF2
    ours.clock = lambda: datetime.now(UTC) + timedelta(seconds=700)
    assert only(ours).identifier == GF2 and ours.waiting() == ()
    ours.clock = lambda: datetime.now(UTC) - timedelta(days=1)
    assert list(ours.search(AUGUST)) == [] and "clock" in ours.refused()[0].why


def test_a_file_that_may_not_be_read_stops_no_other(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = GF2.replace("7465343", "7465399")
    for path in (root / GF2).iterdir():
        shutil.copy(path, root / path.name.replace(GF2, other))
    opened = Path.open

    def denied(path: Path, *arguments: Any, **more: Any) -> Any:  # noqa: ANN401
        if path.name == f"{GF2}-MSS1.xml":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *arguments, **more)

    monkeypatch.setattr(Path, "open", denied)
    ours = source(root)
    assert only(ours).identifier == other
    (told,) = ours.refused()
    assert GF2 in told.where and "denied" in told.why and beside_none(told.why, root)
    monkeypatch.setattr(os, "access", lambda path, _: path.name != f"{other}-MSS1.tiff")
    with pytest.raises(SetupError, match=f"^{other}-MSS1.tiff: may not be read here"):
        ours.fetch(only(ours), AREA, root.parent, nothing)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({}, "`dem`"),
        ({"heights": Heights("{gone}/dem.tif")}, "DEM dem.tif: there is no such file"),
        ({"heights": Heights(height_m=15.0), "reference": "{gone}/base.tif"}, "base.tif.*no such"),
        ({"heights": Heights(height_m=15.0), "reference": "{cut}"}, "reference .*cut.tif"),
        ({"calibration": {"GF2-PMS": Calibration((1.0,), (1.0,))}}, "calibration .* has 1"),
    ],
)
def test_what_this_machine_lacks_is_no_delivery_to_blame_for(
    root: Path, tmp_path: Path, spec: dict[str, object], why: str
) -> None:
    (tmp_path / "cut.tif").write_bytes(b"II*\0")
    places = {"gone": str(tmp_path / "not mounted"), "cut": str(tmp_path / "cut.tif")}
    given: dict[str, object] = {
        name: value.format(**places)
        if isinstance(value, str)
        else replace(value, dem=value.dem.format(**places))
        if isinstance(value, Heights)
        else value
        for name, value in spec.items()
    }
    with pytest.raises(SetupError, match=why) as caught:
        fetched(source(root, **given), tmp_path / "out")
    assert beside_none(str(caught.value), tmp_path)


@pytest.mark.slow
def test_level_1_with_a_place_of_its_own_is_not_on_the_ground_for_that(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    pixels = np.full((4, 64, 64), 300, np.uint16)
    place = rasterio.transform.from_origin(121.3, 31.2, 0.00016, 0.00016)
    name = "GF1_WFV3_E121.3_N31.2_20230815_L1A0006547030.tiff"
    write_image(tmp_path / "in" / name, pixels, crs="EPSG:4326", transform=place)
    with pytest.raises(InputError, match=r"without RPC.*\.rpb"):
        fetched(source(tmp_path / "in", heights=Heights(height_m=15.0)), tmp_path / "out")


@pytest.mark.slow
def test_without_rpc_it_is_refused(root: Path, dem: Heights, tmp_path: Path) -> None:
    for path in (root / GF2).glob("*.rpb"):
        path.unlink()
    with pytest.raises(InputError, match=r"without RPC.*\.rpb"):
        fetched(source(root, heights=dem), tmp_path / "b")


def test_looking_at_plain_images_reads_no_pixels(tmp_path: Path) -> None:
    (tmp_path / "in" / "site").mkdir(parents=True)
    path = tmp_path / "in" / "site" / "s_20230815.tif"
    shutil.copy(SAMPLES / "vhr" / "before.tif", path)
    where = str(path)
    seen = plain_glance(where)
    assert seen.geobox == open_scene(where).geobox and seen.day == open_scene(where).date
    digests: list[object] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hashlib.sha256", digests.append)
        assert plain_glance(where) == seen
    assert digests == []


def test_names_of_plain_images_keep_them_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old_20010101.tif").write_bytes(b"no image")
    monkeypatch.setattr(deliveries, "plain_glance", None)
    ours = source(tmp_path)
    assert list(ours.search(AUGUST)) == [] and ours.refused() == ()


def test_a_place_that_is_away_is_worth_another_try(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"^gone: no such folder.*mounted"):
        list(source(tmp_path / "gone").search(AUGUST))
    with pytest.raises(InputError, match="s3://"):
        list(source("https://example.cn/a").search(AUGUST))
