"""LeadCard: everything the sheet says of one lead, as text."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from geo.change_class import ChangeClass
from geo.overlap import Overlap
from leads.documents.chip_overlay import ChipOverlay, chip_overlay
from leads.documents.chip_pair import ChipPair
from leads.documents.formats import (
    lonlat_text,
    mu_text,
    percent,
    percent_range,
    square_metres,
)
from leads.documents.lead_table import Layers, edition_names, kind_summary, zone_name
from leads.documents.wording import (
    CROSSED_KINDS,
    KIND_WORDS,
    ScoreStep,
    Words,
    level_words,
    score_step,
    shore_words,
)
from leads.domain.classes import ClassRow, class_row
from leads.domain.lead import Lead

_WITHIN_ERROR = Words("边界在误差范围内，无法判定内外", "boundary within the error: in or out?")
_INSIDE = Words("整体在区内", "wholly inside")
_PARTLY = Words("部分在区内", "partly inside")
_OUTSIDE = Words("在区外", "outside")


@dataclass(frozen=True, slots=True)
class ZoneLine:
    """A lead on one zone of one edition."""

    kind: Words
    """What the zone is."""
    style: str
    """CSS class of the kind."""
    name: str
    """The zone's name."""
    detail: str
    """Level or land use, or empty."""
    edition: str
    """Edition of the layer."""
    area: str
    """Overlap in m2."""
    share: str
    """Overlap as a share of the lead."""
    range: str
    """Its range within the position error."""
    verdict: Words
    """Inside, partly, or not to be told."""
    within_error: bool
    """Whether it cannot be told."""


@dataclass(frozen=True, slots=True)
class ZoneTag:
    """A lead on all zones of one kind, for the table."""

    kind: Words
    """What the zones are."""
    style: str
    """CSS class of the kind."""
    share: str
    """Share of the lead on them."""
    within_error: bool
    """Whether in or out cannot be told."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """Both pictures as data URIs, and what is drawn over them."""

    before: str
    """`data:image/png;base64,...` of the earlier image."""
    after: str
    """Likewise of the current image."""
    overlay: ChipOverlay
    """Outline and scale bar."""


@dataclass(frozen=True, slots=True)
class LeadCard:
    """One lead in words."""

    number: int
    """Rank by score, from 1."""
    lead: Lead
    """The lead itself."""
    row: ClassRow
    """Its class."""
    suspected: str
    """The class as a suspicion."""
    step: ScoreStep
    """Its score in words."""
    area: str
    """Geodesic area in m2."""
    mu: str
    """The same in mu."""
    centre: str
    """A place inside it, longitude and latitude in CGCS2000."""
    tags: tuple[ZoneTag, ...]
    """Zones by kind."""
    zones: tuple[ZoneLine, ...]
    """Every zone."""
    editions: str
    """Editions it was crossed with."""
    ambiguous: tuple[Words, ...]
    """Kinds whose editions disagree."""
    shore: Words
    """Where it lies by the water, and the tide."""
    pictures: Pictures | None
    """Before and after, or None."""


def lead_cards(
    leads: tuple[Lead, ...], chips: Mapping[str, ChipPair], layers: Layers, detailed: int
) -> tuple[LeadCard, ...]:
    """Cards of leads in the given order; only the first `detailed` carry pictures."""
    return tuple(
        _card(number, lead, chips.get(lead.lead_id) if number <= detailed else None, layers)
        for number, lead in enumerate(leads, start=1)
    )


def _card(number: int, lead: Lead, pair: ChipPair | None, layers: Layers) -> LeadCard:
    point = lead.geometry.representative_point()
    return LeadCard(
        number=number,
        lead=lead,
        row=class_row(lead.change_class),
        suspected=_suspected(lead.change_class),
        step=score_step(lead.score),
        area=square_metres(lead.area_m2),
        mu=mu_text(lead.area_mu),
        centre=lonlat_text(point.x, point.y),
        tags=_tags(lead, layers),
        zones=tuple(
            _zone_line(overlap)
            for kind in CROSSED_KINDS
            for overlap in sorted(lead.overlaps_of(kind), key=lambda o: (o.edition, -o.area_m2))
        ),
        editions="；".join(_edition_words(name) for name in edition_names(lead, layers)),
        ambiguous=tuple(KIND_WORDS[kind] for kind in sorted(lead.edition_ambiguous)),
        shore=shore_words(lead.shore),
        pictures=None if pair is None else _pictures(lead, pair),
    )


def _suspected(change_class: ChangeClass) -> str:
    if change_class is ChangeClass.UNCLASSIFIED:
        return "疑似变化（未分类）"
    return f"疑似{class_row(change_class).zh}"


def _tags(lead: Lead, layers: Layers) -> tuple[ZoneTag, ...]:
    tags = []
    for kind in CROSSED_KINDS:
        found = kind_summary(kind, lead, layers)
        if found is not None and (found.share_max > 0 or found.boundary_within_error):
            words, shown = KIND_WORDS[kind], percent(found.share)
            tags.append(ZoneTag(words, str(kind), shown, found.boundary_within_error))
    return tuple(tags)


def _zone_line(overlap: Overlap) -> ZoneLine:
    return ZoneLine(
        kind=KIND_WORDS[overlap.kind],
        style=str(overlap.kind),
        name=zone_name(overlap),
        detail=_detail(overlap),
        edition=overlap.edition,
        area=square_metres(overlap.area_m2),
        share=percent(overlap.share),
        range=percent_range(overlap.share_min, overlap.share_max),
        verdict=_verdict(overlap),
        within_error=overlap.boundary_within_error,
    )


def _detail(overlap: Overlap) -> str:
    land_use = f"{overlap.land_use_scheme} {overlap.land_use_code}".strip()
    parts = [level_words(overlap.level).zh, land_use]
    return "，".join(part for part in parts if part)


def _verdict(overlap: Overlap) -> Words:
    if overlap.boundary_within_error:
        return _WITHIN_ERROR
    if overlap.share >= 0.9995:
        return _INSIDE
    return _PARTLY if overlap.share > 0 else _OUTSIDE


def _edition_words(name: str) -> str:
    kind, _, edition = name.partition("@")
    words = {str(known): names.zh for known, names in KIND_WORDS.items()}
    return f"{words.get(kind, kind)} {edition}"


def _pictures(lead: Lead, pair: ChipPair) -> Pictures:
    return Pictures(_uri(pair.before), _uri(pair.after), chip_overlay(lead, pair.geobox))


def _uri(png: bytes) -> str:
    return "data:image/png;base64," + b64encode(png).decode("ascii")
