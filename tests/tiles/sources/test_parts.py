"""Parts: there once their bytes and checksum are, whatever happened meanwhile."""

import json
from pathlib import Path

import pytest

from geo.errors import SceneError
from tiles.sources.parts import PARTS, PartsFolder, units_spent

PURPOSE = {"pass": "S2A", "grid": [1, 2.5], "bands": ("red", "nir")}


def test_what_was_kept_is_there_for_the_next_try(tmp_path: Path) -> None:
    first = PartsFolder(tmp_path, PURPOSE)
    assert not first.has("p-0-0.tif")
    path = first.keep("p-0-0.tif", b"pixels")
    draft = first.draft("p-0-1.tif")
    draft.write_bytes(b"more")
    first.keep("p-0-1.tif", draft)

    second = PartsFolder(tmp_path, PURPOSE)

    assert second.names == {"p-0-0.tif", "p-0-1.tif"}
    assert second.has("p-0-0.tif") and second.has("p-0-1.tif")
    assert path.read_bytes() == b"pixels"
    assert not draft.exists()


@pytest.mark.parametrize("damage", [b"pixelz", b"pix", b""])
def test_a_damaged_part_is_none(tmp_path: Path, damage: bytes) -> None:
    PartsFolder(tmp_path, PURPOSE).keep("a.tif", b"pixels").write_bytes(damage)

    assert not PartsFolder(tmp_path, PURPOSE).has("a.tif")


def test_a_part_without_its_manifest_is_none(tmp_path: Path) -> None:
    parts = PartsFolder(tmp_path, PURPOSE)
    parts.path("a.tif").write_bytes(b"written, never kept")

    assert not parts.has("a.tif")
    assert not PartsFolder(tmp_path, PURPOSE).has("a.tif")


def test_another_purpose_has_other_parts(tmp_path: Path) -> None:
    path = PartsFolder(tmp_path, PURPOSE).keep("a.tif", b"pixels")

    assert not PartsFolder(tmp_path, {**PURPOSE, "bands": ["red"]}).has("a.tif")
    assert not path.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"purpose": 1}', '{"purpose": {}, "parts": 3}'])
def test_a_damaged_manifest_costs_the_parts_and_no_more(tmp_path: Path, text: str) -> None:
    parts = PartsFolder(tmp_path, PURPOSE)
    parts.keep("a.tif", b"pixels")
    (parts.place / "manifest.json").write_text(text, encoding="utf-8")

    again = PartsFolder(tmp_path, PURPOSE)

    assert not again.has("a.tif")
    again.keep("a.tif", b"pixels")
    assert PartsFolder(tmp_path, PURPOSE).has("a.tif")


def test_dropped_and_cleared(tmp_path: Path) -> None:
    parts = PartsFolder(tmp_path, PURPOSE)
    parts.keep("a.tif", b"pixels")
    parts.keep("b.tif", b"pixels")
    parts.drop("a.tif")
    assert not parts.has("a.tif") and not PartsFolder(tmp_path, PURPOSE).has("a.tif")

    parts.clear()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["", "../a.tif", "a/b", "manifest.json", "A.tif", ".hidden", "a..b"]
)
def test_a_name_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    with pytest.raises(SceneError, match="names no part"):
        PartsFolder(tmp_path, PURPOSE).path(name)


def test_a_manifest_cannot_name_files_elsewhere(tmp_path: Path) -> None:
    parts = PartsFolder(tmp_path, PURPOSE)
    parts.keep("a.tif", b"pixels")
    manifest = tmp_path / PARTS / "manifest.json"
    values = json.loads(manifest.read_text(encoding="utf-8"))
    values["parts"]["../x"] = values["parts"]["a.tif"]
    manifest.write_text(json.dumps(values), encoding="utf-8")

    with pytest.raises(SceneError, match="names no part"):
        PartsFolder(tmp_path, PURPOSE).has("../x")


def test_what_was_spent_stays_counted_until_it_is_whole(tmp_path: Path) -> None:
    assert units_spent(tmp_path) == 0
    parts = PartsFolder(tmp_path, PURPOSE)
    parts.spend(2.5)
    parts.keep("a.tif", b"pixels")
    parts.spend(1.0)
    parts.spend(-0.5)
    assert PartsFolder(tmp_path, PURPOSE).spent == units_spent(tmp_path) == 3.0

    other = PartsFolder(tmp_path, {**PURPOSE, "bands": ["red"]})
    assert not other.has("a.tif")
    assert units_spent(tmp_path) == 3.0, "for another purpose, but spent"
    other.keep("b.tif", b"pixels")
    other.drop_all()
    assert not other.has("b.tif") and units_spent(tmp_path) == 3.0

    other.clear()

    assert units_spent(tmp_path) == 0
    assert list(tmp_path.iterdir()) == []
