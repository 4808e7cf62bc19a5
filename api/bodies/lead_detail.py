"""Bodies of one lead with everything: zones, score in words, history, pictures."""

from datetime import date, datetime

from pydantic import JsonValue

from api.bodies.base import Answer, ClassLabel, Words, examples
from api.bodies.detail_example import DETAIL_EXAMPLE
from api.bodies.geojson import Outline
from api.bodies.lead import LeadSummary
from geo.shore import ShorePlace
from geo.zone import ZoneKind
from leads.domain.identity import FilingOutcome
from leads.domain.roles import Role
from leads.domain.status import Priority, Status
from leads.domain.transition_table import Action
from leads.domain.withdrawal import FlagKind


class OverlapAnswer(Answer):
    """How a lead lies on one zone of one edition."""

    kind: ZoneKind
    """What the zone is."""
    edition: str
    """Name of the layer's edition."""
    zone_id: str
    """The zone."""
    name: str
    """Its name."""
    code: str
    """Its official code, or empty."""
    level: str
    """Its level, or empty."""
    land_use_scheme: str
    """Parcels: scheme of the land-use code, else empty."""
    land_use_code: str
    """Parcels: the land-use code, else empty."""
    area_m2: float
    """Geodesic area of the overlap in m2."""
    area_min_m2: float
    """Lower bound of the overlap within the position error; 0 on narrow zones."""
    area_max_m2: float
    """Upper bound of it."""
    share: float
    """Share of the lead, 0 to 1."""
    share_min: float
    """Lower bound of the share."""
    share_max: float
    """Upper bound of it."""
    boundary_within_error: bool
    """Whether in or out cannot be told from this imagery."""


class ScoreItem(Answer):
    """One item of the card, in words."""

    item: str
    """Its code."""
    group: str
    """Code of its group."""
    raw: JsonValue
    """What was read; null is unknown (未知)."""
    points: int | None
    """Points given or taken; null is unknown and counts as none."""
    zh: str
    """Chinese name."""
    en: str
    """English name."""
    basis: str
    """Why it counts."""
    source: str
    """Editions and zones it was read from."""


class ScoreGroup(Answer):
    """Items that share a cap."""

    group: str
    """Its code."""
    side: str
    """`likelihood` or `severity`."""
    points: int
    """Its items together, at most `cap`."""
    cap: int
    """Most it can count."""
    zh: str
    """Chinese name."""
    en: str
    """English name."""


class ScoreRule(Answer):
    """A hard rule."""

    rule: str
    """Its code."""
    effect: str
    """What it does when it holds."""
    priority: Priority | None
    """To which level, where it names one."""
    holds: bool | None
    """Whether it holds; null is unknown."""
    zh: str
    """Chinese text."""
    en: str
    """English text."""
    citation: str
    """Where it is written."""


class ScoreCardAnswer(Answer):
    """Why a lead should be checked when; never a probability that something is wrong."""

    edition: str
    """Edition of the scorecard."""
    likelihood: int
    """L, 0 to 100."""
    severity: int
    """S, 0 to 100."""
    priority: Priority
    """Suggested order of checking."""
    completeness: float
    """Share of the card that could be read, 0 to 1."""
    rules: list[ScoreRule]
    """Hard rules; shown first."""
    groups: list[ScoreGroup]
    """Groups with their caps."""
    items: list[ScoreItem]
    """Every item."""


class TideAnswer(Answer):
    """The water of both dates at the nearest station of a tide table."""

    station: str
    """Its name."""
    distance_m: float
    """How far it is from the lead, in m."""
    before_m: float | None
    """Height at the earlier instant over the station's datum; null is unknown."""
    after_m: float | None
    """Height at the later instant."""


class ShoreAnswer(Answer):
    """Where a lead lies by the water."""

    place: ShorePlace
    """On land, at the shore, or amid water."""
    water_before: float
    """Share of it that was water on the earlier image, 0 to 1."""
    water_after: float
    """Share of it that was water on the later image, 0 to 1."""
    tide: TideAnswer | None
    """The tide; null on land, and where no table has a station near."""
    exposure_m: float | None
    """How far the tide went the way that would explain the change, in m; null is unknown."""
    zh: str
    """All of it in Chinese words."""
    en: str
    """In English words."""


class ObservationAnswer(Answer):
    """A pass that saw the place."""

    observation_id: str
    """The run's fingerprint of it."""
    run_id: str
    """The run."""
    outcome: FilingOutcome
    """What it turned out to be."""
    change_class: ClassLabel
    """The detector's class."""
    score: float
    """Mean probability of change, 0 to 1."""
    area_m2: float
    """Geodesic area in m2."""
    date_before: date
    """The change lies after this day..."""
    date_after: date
    """...and not after this one."""
    filed_at: datetime
    """When it was filed."""
    withdrawn: bool
    """Whether its run was withdrawn: it is kept, and counts no more."""


class WitnessAnswer(Answer):
    """What one radar run says of the lead: a second witness, which never speaks against it."""

    run_id: str
    """The radar's run."""
    seen: bool
    """Whether it shows a change there; if not, that says nothing: flat soil may look alike."""
    share: float
    """Of the lead's outline, the share that changed on radar, 0 to 1."""
    date_before: date
    """What it saw happened after this day..."""
    date_after: date
    """...and not after this one."""


class EventAnswer(Answer):
    """One step of the lead's history."""

    sequence: int
    """1, 2, 3..."""
    action: str
    """What was done."""
    from_status: Status | None
    """Status before."""
    to_status: Status
    """Status after."""
    at: datetime
    """When."""
    account_id: str | None
    """Who; null for the machine."""
    role: Role | None
    """In which role."""
    account_unit: str | None
    """That person's unit."""
    data: dict[str, JsonValue]
    """What the step carried."""
    hash: str
    """Its link of the chain, SHA-256."""


class LinkAnswer(Answer):
    """Two leads that have to do with each other."""

    from_lead_id: str
    """The lead that was merged, split off, or is the next round."""
    to_lead_id: str
    """The lead it was merged into, split from, or follows."""
    kind: str
    """`merged`, or the outcome that made the newer lead."""
    run_id: str
    """The run that showed it."""
    withdrawn: bool
    """Whether that run was withdrawn: the link is kept, and counts no more."""


class FlagAnswer(Answer):
    """A warning to whoever reads the lead."""

    kind: FlagKind
    """What it warns of."""
    run_id: str
    """The run it is about."""
    flagged_at: datetime
    """Since when."""
    reason: str
    """Why, in the words of whoever withdrew the run."""


class PictureAnswer(Answer):
    """Where the two pictures are, and the square of ground both show."""

    before: str
    """Path of the earlier image, WebP; `.png` in place of `.webp` gives PNG."""
    after: str
    """Path of the current image, on the same grid."""
    corners: list[tuple[float, float]]
    """[longitude, latitude] of the corners: top left, then clockwise."""
    pixels: int
    """Edge of both pictures in pixels."""
    metres_per_pixel: float
    """Ground length of a pixel's edge."""


class NavigationAnswer(Answer):
    """How to get there with a Chinese map, whose frame is offset."""

    gcj02_lon: float
    """GCJ-02 longitude; for maps of AMap or Tencent only, never to be stored."""
    gcj02_lat: float
    """GCJ-02 latitude."""
    url: str
    """Opens the place in AMap (高德)."""


class LeadDetail(LeadSummary):
    """One lead with everything."""

    model_config = examples(DETAIL_EXAMPLE)

    lon: float
    """Longitude of a point inside, degrees, CGCS2000."""
    lat: float
    """Its latitude."""
    geometry: Outline
    """Exact outline."""
    shore: ShoreAnswer | None
    """Where it lies by the water; null where the imagery's bands do not tell."""
    scorecard: ScoreCardAnswer
    """Why it should be checked when."""
    overlaps: list[OverlapAnswer]
    """Zones it lies on, of every edition in force between the dates."""
    observations: list[ObservationAnswer]
    """Passes that saw it, oldest first."""
    witnesses: list[WitnessAnswer]
    """Radar runs that looked at the place between its dates, earliest first; empty: none did."""
    links: list[LinkAnswer]
    """Splits, merges and rounds."""
    flags: list[FlagAnswer]
    """Warnings to whoever reads it."""
    events: list[EventAnswer]
    """Its history, oldest first."""
    actions: list[Action]
    """What you may do with it now."""
    pictures: PictureAnswer | None
    """Before and after; null where a person found it without a run."""
    navigation: NavigationAnswer
    """How to get there."""
    notice: Words
    """Stands beside every lead: it orders the checking and is no evidence."""
