"""Words people read: kinds and levels of zones, steps of the score. Chinese first."""

from dataclasses import dataclass

from geo.shore import ShorePlace
from geo.zone import ZoneKind
from leads.domain.shore_facts import ShoreFacts


@dataclass(frozen=True, slots=True)
class Words:
    """One name in both languages."""

    zh: str
    """Chinese."""
    en: str
    """English."""


NOT_EVIDENCE = Words(
    "线索仅供优先核查，不作为处罚证据",
    "Leads order the checking; they are no evidence for a penalty",
)
"""Stands on everything that shows a lead."""

KIND_WORDS = {
    ZoneKind.DISTRICT: Words("行政区", "District"),
    ZoneKind.ECO_REDLINE: Words("生态保护红线", "Ecological red line"),
    ZoneKind.PROTECTED_AREA: Words("自然保护地", "Protected area"),
    ZoneKind.WATER_SOURCE_ZONE: Words("饮用水水源保护区", "Water source zone"),
    ZoneKind.PARCEL: Words("地块", "Parcel"),
    ZoneKind.LICENSED_YARD: Words("持证堆场", "Licensed yard"),
}
"""Names of the kinds of zones."""

LEVEL_WORDS = {
    "core_zone": Words("核心保护区", "core zone"),
    "general_zone": Words("一般控制区", "general zone"),
    "I": Words("一级保护区", "level I"),
    "II": Words("二级保护区", "level II"),
    "quasi": Words("准保护区", "quasi zone"),
}
"""Names of the levels of zones; a level that is not here is shown as it is."""

CROSSED_KINDS = tuple(kind for kind in ZoneKind if kind is not ZoneKind.DISTRICT)
"""Kinds a lead is crossed with for area and share; the district is an attribute."""


@dataclass(frozen=True, slots=True)
class ScoreStep:
    """One of the three steps in which a score is drawn and said."""

    key: str
    """`low`, `middle` or `high`."""
    words: Words
    """As people read it."""
    filter: str
    """The same step as a QGIS expression over the column `score`."""
    outline_mm: float
    """Width of the outline on a map in mm."""


SCORE_STEPS = (
    ScoreStep("low", Words("一般", "lower"), '"score" < 0.6', 0.3),
    ScoreStep("middle", Words("较高", "middle"), '"score" >= 0.6 AND "score" <= 0.8', 0.6),
    ScoreStep("high", Words("高", "high"), '"score" > 0.8', 1.0),
)
"""Below 0.6, 0.6 to 0.8, above 0.8."""


def score_step(score: float) -> ScoreStep:
    """The step a score from 0 to 1 falls into."""
    if score < 0.6:
        return SCORE_STEPS[0]
    return SCORE_STEPS[1] if score <= 0.8 else SCORE_STEPS[2]


def level_words(level: str) -> Words:
    """The level of a zone in words; what is unknown stays as it is."""
    return LEVEL_WORDS.get(level, Words(level, level))


def shore_words(facts: ShoreFacts | None) -> Words:
    """Where a lead lies by the water, with the tide of both dates where it matters."""
    if facts is None:
        return Words("影像波段不足，水陆未知", "water or land: the bands do not tell")
    if facts.shore.place is ShorePlace.LAND:
        return Words("不在岸边，与潮位无关", "not at the shore: the tide has no say")
    zh, en = _PLACE_WORDS[facts.shore.place]
    tide = facts.tide
    if tide is None or tide.before_m is None or tide.after_m is None:
        return Words(f"{zh}，潮位未知", f"{en}, tide unknown")
    heights = f"{tide.before_m:.1f} m → {tide.after_m:.1f} m"
    return Words(
        f"{zh}，潮位 {heights}（{tide.station}，相距 {tide.distance_m / 1000:.1f} km）",
        f"{en}, tide {heights}, {tide.distance_m / 1000:.1f} km away",
    )


_PLACE_WORDS = {
    ShorePlace.SHORE: ("岸边", "at the shore"),
    ShorePlace.AFLOAT: ("水面中新出现", "new amid water"),
    ShorePlace.DRIFTED: ("水面中消失", "gone from the water"),
}
