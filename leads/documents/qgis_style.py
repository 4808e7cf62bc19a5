"""The style a GeoPackage of leads opens with in QGIS, as QML.

Each lead is drawn twice: a dark casing whose width tells the score, and on it the outline and a
thin fill in the colour of its class. Both stay readable over imagery, bright or dark, and the
legend explains both. Written for QGIS 3.22 and later.
"""

from functools import lru_cache
from xml.etree.ElementTree import Element, SubElement, tostring

from geo.zone import ZoneKind
from leads.documents.wording import CROSSED_KINDS, KIND_WORDS, SCORE_STEPS
from leads.domain.classes import ClassRow, class_rows

_CASING = "20,24,28,210"
_CASING_MM = 0.6  # how much wider the casing is than the coloured outline
_FILL_ALPHA = 70  # of 255: the imagery stays readable underneath

_ALIASES = {
    "lead_id": "线索编号",
    "run_id": "运行编号",
    "score": "评分",
    "change_class": "变化类型代码",
    "change_class_zh": "变化类型",
    "area_m2": "面积（平方米）",
    "area_mu": "面积（亩）",
    "date_before": "前时相",
    "date_after": "后时相",
    "coregistration_m": "配准误差（米）",
    "district_code": "行政区代码",
    "district_name": "行政区",
    "uncertainty": "模型不确定度",
    "edition_ambiguous": "版本不一致的图层",
    "editions": "所用图层版本",
    "shore": "水陆位置",
    "tide_exposure_m": "可解释变化的潮位差（米）",
}

_KIND_ALIASES = {
    "m2": "重叠面积（平方米）",
    "share": "重叠占比",
    "share_min": "占比下限",
    "share_max": "占比上限",
    "boundary_within_error": "边界在误差内",
    "names": "名称",
    "edition": "版本",
}


@lru_cache(maxsize=1)
def leads_qml() -> str:
    """QML of the layer `leads`: rules by score and by class, Chinese column names."""
    document = Element("qgis", version="3.22.0", styleCategories="AllStyleCategories")
    renderer = SubElement(
        document, "renderer-v2", type="RuleRenderer", symbollevels="0", enableorderby="1"
    )
    rules = SubElement(renderer, "rules", key="{root}")
    symbols = SubElement(renderer, "symbols")
    _add_score_rules(rules, symbols)
    _add_class_rules(rules, symbols)
    order = SubElement(renderer, "orderby")
    SubElement(order, "orderByClause", asc="1", nullsFirst="1").text = '"score"'
    _add_aliases(document)
    return "<!DOCTYPE qgis>\n" + tostring(document, encoding="unicode")


def _add_score_rules(rules: Element, symbols: Element) -> None:
    group = SubElement(rules, "rule", key="{score}", label="评分 Score")
    for step in SCORE_STEPS:
        name = f"score_{step.key}"
        label = f"{step.words.zh} {_range_text(step.key)}"
        SubElement(group, "rule", key=f"{{{name}}}", symbol=name, filter=step.filter, label=label)
        width = step.outline_mm + _CASING_MM
        _add_symbol(symbols, name, {"style": "no", "outline_color": _CASING}, f"{width:.2f}")


def _range_text(key: str) -> str:
    return {"low": "< 0.6", "middle": "0.6 – 0.8", "high": "> 0.8"}[key]


def _add_class_rules(rules: Element, symbols: Element) -> None:
    group = SubElement(rules, "rule", key="{class}", label="变化类型 Change class")
    for row in class_rows():
        SubElement(
            group,
            "rule",
            key=f"{{class_{row.label}}}",
            symbol=f"class_{row.label}",
            filter=f"\"change_class\" = '{row.label}'",
            label=f"{row.zh} {row.en}",
        )
        _add_class_symbol(symbols, row)


def _add_class_symbol(symbols: Element, row: ClassRow) -> None:
    red, green, blue = (int(row.colour[i : i + 2], 16) for i in (1, 3, 5))
    paint = {
        "style": "solid",
        "color": f"{red},{green},{blue},{_FILL_ALPHA}",
        "outline_color": f"{red},{green},{blue},255",
    }
    layer = _add_symbol(symbols, f"class_{row.label}", paint, f"{SCORE_STEPS[1].outline_mm:.2f}")
    low, middle, high = SCORE_STEPS
    width = (
        f"CASE WHEN {high.filter} THEN {high.outline_mm} "
        f"WHEN {middle.filter} THEN {middle.outline_mm} ELSE {low.outline_mm} END"
    )
    defined = SubElement(SubElement(layer, "data_defined_properties"), "Option", type="Map")
    _add_option(defined, "name", "")
    properties = SubElement(defined, "Option", type="Map", name="properties")
    outline = SubElement(properties, "Option", type="Map", name="outlineWidth")
    SubElement(outline, "Option", type="bool", name="active", value="true")
    _add_option(outline, "expression", width)
    SubElement(outline, "Option", type="int", name="type", value="3")  # 3: an expression
    _add_option(defined, "type", "collection")


def _add_symbol(symbols: Element, name: str, paint: dict[str, str], width_mm: str) -> Element:
    symbol = SubElement(
        symbols, "symbol", type="fill", name=name, alpha="1", clip_to_extent="1", force_rhr="0"
    )
    layer = SubElement(
        symbol, "layer", {"class": "SimpleFill", "enabled": "1", "locked": "0", "pass": "0"}
    )
    settings = SubElement(layer, "Option", type="Map")
    fixed = {
        "joinstyle": "round",
        "outline_style": "solid",
        "outline_width": width_mm,
        "outline_width_unit": "MM",
    }
    for key, value in (paint | fixed).items():
        _add_option(settings, key, value)
    return layer


def _add_option(parent: Element, name: str, value: str) -> None:
    SubElement(parent, "Option", type="QString", name=name, value=value)


def _add_aliases(document: Element) -> None:
    aliases = SubElement(document, "aliases")
    for field, name in _ALIASES.items():
        SubElement(aliases, "alias", field=field, name=name)
    for kind in CROSSED_KINDS:
        for field, name in _KIND_ALIASES.items():
            SubElement(aliases, "alias", field=f"{kind}_{field}", name=_kind_alias(kind, name))


def _kind_alias(kind: ZoneKind, name: str) -> str:
    return f"{KIND_WORDS[kind].zh}{name}"
