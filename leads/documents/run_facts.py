"""What the sheet says of the run as a whole: facts, layers used, and what was not checked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from geo.geobox import GeoBox
from geo.zone import ZoneLayer
from leads.documents.formats import percent, square_metres
from leads.documents.wording import KIND_WORDS, Words
from leads.domain.run_record import RunRecord
from leads.domain.run_summary import RunSummary
from tiles.common_grid import gsd_m


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure of the run."""

    name: Words
    """What it is."""
    value: str
    """The figure."""
    note: str = ""
    """More of it, in small print."""


@dataclass(frozen=True, slots=True)
class LayerLine:
    """One layer the leads were crossed with."""

    kind: Words
    """What its zones are."""
    edition: str
    """Name of the edition."""
    in_force: str
    """First and last day in force."""
    count: int
    """Number of zones."""


def run_facts(record: RunRecord, summary: RunSummary) -> tuple[Fact, ...]:
    """The figures at the head of the sheet."""
    plan, fit = record.plan, record.fit
    gsd = gsd_m(plan.grid)
    error, note = "无法测定", "not measurable"
    if fit.coregistration_px is not None:
        error = f"{fit.coregistration_px * gsd:.1f} m"
        note = f"{fit.coregistration_px:.2f} px · {fit.blocks_used}/{fit.blocks_tried} 块一致"
    observed = f"{summary.valid_pixels / 1e6:.1f} / {summary.pixels / 1e6:.1f} Mpx"
    return (
        Fact(Words("前时相", "Earlier image"), record.before.date.isoformat(), _scene(record, 0)),
        Fact(Words("后时相", "Current image"), record.after.date.isoformat(), _scene(record, 1)),
        Fact(Words("线索数", "Leads"), str(summary.leads), _floor(record)),
        Fact(Words("两期均观测", "Seen on both dates"), percent(summary.observed_share), observed),
        Fact(Words("工作格网", "Working grid"), f"{gsd:.3g} m", _grid(plan.grid)),
        Fact(Words("配准误差", "Co-registration error"), error, note),
        Fact(Words("检测方法", "Detector"), plan.detector, f"p ≥ {plan.threshold:g}"),
        Fact(Words("运行编号", "Run"), record.run_id, f"hongxian {record.code_version}"),
    )


def layer_lines(layers: Sequence[ZoneLayer]) -> tuple[LayerLine, ...]:
    """The layers with their editions, by kind and date."""
    ordered = sorted(
        layers,
        key=lambda layer: (
            list(KIND_WORDS).index(layer.kind),
            str(layer.edition.valid_from or ""),
            layer.edition.name,
        ),
    )
    return tuple(
        LayerLine(KIND_WORDS[layer.kind], layer.edition.name, _in_force(layer), len(layer.zones))
        for layer in ordered
    )


def not_checked(
    record: RunRecord, summary: RunSummary, layers: Sequence[ZoneLayer]
) -> tuple[Words, ...]:
    """What the sheet cannot speak of, one sentence each."""
    return tuple(_gaps(record, summary, layers))


def _gaps(record: RunRecord, summary: RunSummary, layers: Sequence[ZoneLayer]) -> Iterator[Words]:
    given = {layer.kind for layer in layers}
    missing = [words for kind, words in KIND_WORDS.items() if kind not in given]
    if missing:
        names = "、".join(words.zh for words in missing)
        english = ", ".join(words.en.lower() for words in missing)
        yield Words(f"未提供图层，未核对：{names}", f"No layer given, not crossed with: {english}")
    unseen = 1 - summary.observed_share
    if unseen > 0:
        yield Words(
            f"格网的 {percent(unseen)} 有云、阴影、积雪或无数据，不作任何判断",
            "This part of the grid was not seen on both dates: nothing is said of it",
        )
    floor = square_metres(record.plan.min_area_m2)
    yield Words(
        f"面积小于 {floor} m² 或少于 {record.plan.min_pixels} 个像元的变化未列出",
        "Smaller changes are not listed",
    )
    yield Words(
        "影像不能判定固体废物是否具有危险特性，也不能判定是否已获批准",
        "Imagery shows neither whether waste is hazardous nor whether a permit exists",
    )
    yield Words(
        "雷达佐证：本单未查，入库后见线索详情",
        "Radar as a witness: not asked here; once stored, the lead's page says what it saw",
    )
    for note in summary.notes:
        yield Words(note, "")


def _scene(record: RunRecord, index: int) -> str:
    scene = (record.before, record.after)[index]
    return f"{len(scene.bands)} 个波段 · sha256 {scene.sha256[:12]}"


def _floor(record: RunRecord) -> str:
    return f"≥ {square_metres(record.plan.min_area_m2)} m²"


def _grid(grid: GeoBox) -> str:
    epsg = grid.crs.to_epsg()
    crs = f"EPSG:{epsg}" if epsg else grid.crs.name
    return f"{grid.width} × {grid.height} px · {crs}"


def _in_force(layer: ZoneLayer) -> str:
    start, end = layer.edition.valid_from, layer.edition.valid_to
    if start is None and end is None:
        return "未注明起止日期"
    first = start.isoformat() if start else "…"
    return f"{first} 至 {end.isoformat() if end else '今'}"
