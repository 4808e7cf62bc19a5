"""Archives: good ones are found through, bad ones refused before they do harm."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest

from geo.errors import LayerError
from leads.layers import unpack
from leads.layers.read import read_layers
from leads.layers.unpack import content_sha256, vector_files

Frame = Callable[..., gpd.GeoDataFrame]
BORING = b'{"type": "FeatureCollection", "features": []}'


def packed(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def shown_in(path: Path) -> list[str]:
    with vector_files(path) as files:
        assert all(file.path.is_file() for file in files)
        return [file.shown for file in files]


def test_a_zipped_shapefile_in_a_sub_folder(tmp_path: Path, gbk_shapefile: Path) -> None:
    parts = {f"成果/数据/{p.name}": p.read_bytes() for p in gbk_shapefile.parent.iterdir()}
    path = packed(
        tmp_path / "delivery.zip", {**parts, "__MACOSX/._区县.shp": b"x", "说明.txt": b"x"}
    )
    read = read_layers(path)
    assert read.layers[0].zones["name"].tolist() == ["黄浦区", "浦东新区"]
    assert read.sha256 == content_sha256(path)


def test_member_names_in_gbk(tmp_path: Path, gbk_shapefile: Path) -> None:
    # zipfile writes UTF-8 names; put GBK bytes of the same length in their place and drop the flag
    parts = {f"DIR/NAME{p.suffix}": p.read_bytes() for p in gbk_shapefile.parent.iterdir()}
    raw = packed(tmp_path / "plain.zip", parts).read_bytes()
    path = tmp_path / "gbk.zip"
    path.write_bytes(raw.replace(b"DIR/NAME", "红/区县".encode("gbk") + b"_"))
    assert shown_in(path) == ["gbk.zip/红/区县_.shp"]
    assert read_layers(path).layers[0].zones["code"].tolist() == ["310101", "310115"]


def test_what_holds_a_single_file_speaks_for_it(tmp_path: Path) -> None:
    with vector_files(packed(tmp_path / "红线2023.zip", {"export/data.geojson": BORING})) as files:
        assert files[0].names == ("data", "export", "红线2023")
    several = {"a/x.geojson": BORING, "b/y.geojson": BORING}
    with vector_files(packed(tmp_path / "红线.zip", several)) as files:
        assert [file.names for file in files] == [("x",), ("y",)]


def test_a_folder_with_files_and_archives(tmp_path: Path, frame_of: Frame) -> None:
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    frame_of(name=["甲"]).to_parquet(folder / "sub" / "redline2018.parquet")
    packed(folder / "b.zip", {"x/parcels.geojson": BORING})
    (folder / "readme.md").write_text("x")
    assert shown_in(folder) == ["b.zip/x/parcels.geojson", "sub/redline2018.parquet"]
    before = content_sha256(folder)
    (folder / "readme.md").write_text("y")
    assert content_sha256(folder) != before


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"../evil.geojson": BORING}, "leads out"),
        ({"/etc/evil.geojson": BORING}, "leads out"),
        ({"a\\..\\..\\evil.geojson": BORING}, "leads out"),
        ({"C:evil.geojson": BORING}, "leads out"),
        ({"inner.zip": b"PK"}, "archive inside an archive|inside an archive"),
        ({"big.geojson": b" " * (3 << 20)}, "swells beyond"),
    ],
)
def test_hostile_members_are_refused(tmp_path: Path, members: dict[str, bytes], said: str) -> None:
    path = packed(tmp_path / "bad.zip", members)
    with pytest.raises(LayerError, match=said) as refusal, vector_files(path):
        pass
    assert "\n" not in str(refusal.value)
    assert not list(tmp_path.parent.glob("evil*"))


def test_links_encryption_and_crowds_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = zipfile.ZipInfo("a.geojson")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(LayerError, match="is a link"), vector_files(tmp_path / "link.zip"):
        pass
    secret = packed(tmp_path / "plain.zip", {"a.geojson": BORING}).read_bytes()
    marked = bytearray(secret)
    marked[6] |= 1
    marked[secret.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "secret.zip").write_bytes(bytes(marked))
    with pytest.raises(LayerError, match="encrypted"), vector_files(tmp_path / "secret.zip"):
        pass
    monkeypatch.setattr(unpack, "MAX_MEMBERS", 2)
    crowd = packed(tmp_path / "crowd.zip", {f"{n}.geojson": BORING for n in range(3)})
    with pytest.raises(LayerError, match="3 members"), vector_files(crowd):
        pass


def test_all_members_together_stay_under_the_cap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpack, "MAX_UNPACKED_BYTES", 100)
    path = packed(tmp_path / "many.zip", {f"{n}.geojson": BORING for n in range(3)})
    with pytest.raises(LayerError, match="swells"), vector_files(path):
        pass


def test_a_truncated_archive(tmp_path: Path) -> None:
    raw = bytearray(packed(tmp_path / "a.zip", {"a.geojson": BORING * 50}).read_bytes())
    raw[60:80] = b"\xff" * 20
    (tmp_path / "broken.zip").write_bytes(bytes(raw))
    with pytest.raises(LayerError, match="broken archive"), vector_files(tmp_path / "broken.zip"):
        pass


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_only_stored_and_deflated_members_are_unpacked(tmp_path: Path, method: int) -> None:
    path = tmp_path / "odd.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("red.geojson", BORING)
    with pytest.raises(LayerError, match=rf"odd.zip: member 'red.geojson' .* method {method}"):
        shown_in(path)


def test_a_huge_table_of_members_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = packed(tmp_path / "crowd.zip", {f"{n}.txt": b"" for n in range(50)})
    monkeypatch.setattr(unpack, "MAX_DIRECTORY_BYTES", 2_000)
    with pytest.raises(LayerError, match=r"crowd.zip: its table of members claims \d+ bytes"):
        shown_in(path)
