import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, box

from geo.crs import CGCS2000, SHANGHAI_PLANE, reproject_geometry
from geo.errors import HongxianError, InputError
from geo.geobox import GeoBox, Window
from geo.zone import Edition, Zone, ZoneKind, ZoneLayer
from leads.documents.chip_overlay import chip_overlay, ground_width_m
from leads.documents.chip_pair import ChipPair
from leads.documents.sheet import by_score, check_sheet, sheet_html, write_sheet
from leads.domain.lead import Lead
from leads.domain.run_summary import RunSummary
from tests.leads.documents.made_leads import drawn_leads, make_lead, make_overlap, make_record
from tiles.render import png_bytes

RECORD = make_record()
SUMMARY = RunSummary(3_720_000, 2_790_000, 3, 3, 1.5, 0.13, notes=("图层修复了 1 个多边形",))
HOSTILE = "</title></svg><script>alert('x')</script><img src=x onerror=alert(1)>"
VOID = {"meta", "img", "br", "rect", "circle", "line"}


class Page(HTMLParser):
    """Checks that tags nest, and keeps what the tests ask for."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def layer(kind: ZoneKind, edition: Edition, name: str) -> ZoneLayer:
    outline = MultiPolygon([box(121.40, 31.09, 121.44, 31.12)])
    return ZoneLayer.of(kind, edition, [Zone("1", name, outline)])


LAYERS = (
    layer(ZoneKind.DISTRICT, Edition("2024"), "浦东新区"),
    layer(ZoneKind.ECO_REDLINE, Edition("2018"), "旧红线"),
    layer(ZoneKind.ECO_REDLINE, Edition("2023"), HOSTILE),
)


def pair_for(lead: Lead) -> ChipPair:
    grid = RECORD.plan.grid
    outline = reproject_geometry(lead.geometry, CGCS2000, grid.crs)
    geobox = grid.crop(grid.covering(outline.buffer(100).bounds))
    picture = np.full((*geobox.shape, 3), 90, np.uint8)
    return ChipPair(png_bytes(picture), png_bytes(picture), geobox)


def page(leads: list[Lead], layers: tuple[ZoneLayer, ...] = LAYERS, detailed: int = 60) -> str:
    chips = {lead.lead_id: pair_for(lead) for lead in leads[:1]}
    return sheet_html(leads, chips, RECORD, SUMMARY, layers, detailed=detailed)


@given(st.lists(drawn_leads(), max_size=3))
@settings(max_examples=15)
def test_any_leads_give_a_page_that_needs_nothing_from_outside(leads: list[Lead]) -> None:
    text = page(leads)
    parsed = Page(text)
    assert "http:" not in text and "https:" not in text
    assert not {"script", "link", "iframe", "object"} & set(parsed.tags)
    links = [value for name, value in parsed.attributes if name in {"src", "href"}]
    assert all(value.startswith(("data:image/png;base64,", "#")) for value in links)
    assert not [name for name, _ in parsed.attributes if name.startswith("on")]


def test_hostile_names_are_shown_and_not_run() -> None:
    lead = make_lead(
        1,
        district_name=HOSTILE,
        overlaps=(make_overlap(ZoneKind.ECO_REDLINE, HOSTILE, 0.4, name=HOSTILE, level=HOSTILE),),
    )
    text = page([lead])
    parsed = Page(text)
    assert "<script" not in text and "onerror" not in dict(parsed.attributes)
    assert parsed.tags.count("img") == 2
    assert any(HOSTILE in words for words in parsed.words)


def test_it_says_what_a_lead_is_and_no_more() -> None:
    text = page([make_lead(1)])
    assert "疑似问题图斑线索单" in text
    assert text.count("线索仅供优先核查，不作为处罚证据") == 2
    assert "违法" not in text and "illegal" not in text.lower()


def test_a_lead_is_told_in_full() -> None:
    lead = make_lead(1, edition_ambiguous=frozenset({ZoneKind.ECO_REDLINE}))
    text = page([lead])
    for words in (
        "疑似固废堆体", "高 0.91", "浦东新区 310115", "CGCS2000", "4.2 m", "2026-03-02",
        "边界在误差范围内，无法判定内外", "30–50 %", "期间图层版本不一致：生态保护红线",
        lead.lead_id, "生态保护红线 2018；生态保护红线 2023；饮用水水源保护区 2020",
    ):  # fmt: skip
        assert words in text, words
    assert "未提供图层，未核对：自然保护地、饮用水水源保护区、地块、持证堆场" in text
    assert "25 %" in text and "图层修复了 1 个多边形" in text


def test_uncertainty_is_told_where_the_detector_states_it() -> None:
    text = page([make_lead(1, uncertainty=0.37), make_lead(2, uncertainty=None)])
    assert text.count("模型不确定度") == 1 and "0.37" in text


def test_leads_stand_by_score_and_only_the_first_have_cards() -> None:
    leads = [make_lead(n, score=score) for n, score in enumerate((0.55, 0.95, 0.7), start=1)]
    assert [lead.score for lead in by_score(leads)] == [0.95, 0.7, 0.55]
    text = page(leads, detailed=2)
    assert re.findall(r'id="lead-(\d+)"', text) == ["1", "2"]
    assert "前 2 条，共 3 条" in text
    assert "未取影像图" in text  # only one of them has pictures


def test_no_lead_is_said_and_not_taken_for_all_clear() -> None:
    text = page([])
    Page(text)
    assert "未观测区域不作判断" in text


def test_older_editions_are_dashed_on_the_sketch() -> None:
    text = page([make_lead(1)])
    assert text.index("zone eco_redline old") < text.index('"zone eco_redline"')
    assert "生态保护红线 2018" in text


def test_the_outline_lies_on_its_pixels() -> None:
    grid = GeoBox(SHANGHAI_PLANE, Affine(10, 0, 634000, 0, -10, 3450000), 100, 80)
    cut = grid.crop(Window(20, 10, 50, 40))
    square = box(*GeoBox(grid.crs, cut.transform, 8, 8).bounds)
    lead = make_lead(1, geometry=MultiPolygon([reproject_geometry(square, grid.crs, CGCS2000)]))
    overlay = chip_overlay(lead, cut)
    numbers = {float(n) for n in re.findall(r"-?\d+\.\d", overlay.outline)}
    assert {abs(n) for n in numbers} == {0.0, 8.0}
    assert (overlay.width, overlay.height) == (40, 50)
    assert ground_width_m(cut) == pytest.approx(400, rel=2e-3)
    assert overlay.scale_text == "100 m"
    assert overlay.scale_percent == pytest.approx(25, rel=2e-3)


def test_the_same_run_gives_the_same_file(tmp_path: Path) -> None:
    lead = make_lead(1)
    chips = {lead.lead_id: pair_for(lead)}
    for name in ("a.html", "b.html"):
        write_sheet(tmp_path / name, [lead], chips, RECORD, SUMMARY, LAYERS)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_a_failed_write_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full_disk)
    with pytest.raises(HongxianError, match="No space left"):
        write_sheet(tmp_path / "a.html", [], {}, RECORD, SUMMARY, ())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["leads.pdf", "leads", "missing/leads.html"])
def test_a_sheet_that_cannot_be_written_is_refused_early(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        check_sheet(tmp_path / name)
