"""The words of a lead's life-cycle: status, determination, origin and coded reasons.

What people read for each code is in vocabulary.toml, and `leads.domain.vocabulary` looks it up.
"""

from enum import StrEnum


class Status(StrEnum):
    """Where a lead is on its main line; always exactly one.

    `withdrawn` is no verdict: the run that made it was taken back before anybody acted on it.
    """

    CANDIDATE = "candidate"
    DESK_REVIEW = "desk_review"
    DISCARDED = "discarded"
    PENDING_DISPATCH = "pending_dispatch"
    DISPATCHED = "dispatched"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    FIELD_CHECK = "field_check"
    REPORTED = "reported"
    CITY_REVIEW = "city_review"
    DETERMINED = "determined"
    HANDLING = "handling"
    PENDING_CLOSURE = "pending_closure"
    RS_RECHECK = "rs_recheck"
    CLOSED = "closed"
    LOOK_BACK = "look_back"
    REOPENED = "reopened"
    ARCHIVED = "archived"
    WITHDRAWN = "withdrawn"


CLOSED_STATUSES = frozenset({Status.CLOSED, Status.LOOK_BACK, Status.ARCHIVED})
"""The round is over: what is seen there next starts a new one."""

OPEN_STATUSES = frozenset(Status) - CLOSED_STATUSES - {Status.DISCARDED, Status.WITHDRAWN}
"""The round still runs: what is seen there next belongs to it."""


class Determination(StrEnum):
    """Result of the verification; none until it is set."""

    SUBSTANTIATED = "substantiated"
    PARTLY_SUBSTANTIATED = "partly_substantiated"
    UNSUBSTANTIATED = "unsubstantiated"
    LAWFUL = "lawful"
    LEGACY = "legacy"
    OTHER_DEPARTMENT = "other_department"
    UNVERIFIABLE = "unverifiable"
    DUPLICATE = "duplicate"


class Origin(StrEnum):
    """Who or what found the lead."""

    DETECTOR = "detector"
    ANALYST = "analyst"
    INSPECTOR = "inspector"
    EXTERNAL_BATCH = "external_batch"
    DEPARTMENT = "department"
    COMPLAINT = "complaint"


class DiscardReason(StrEnum):
    """Why a candidate is no lead; kept as the label the next model learns from."""

    PSEUDO_CHANGE_SEASON = "pseudo_change_season"
    PSEUDO_CHANGE_TIDE = "pseudo_change_tide"
    TURBID_WATER = "turbid_water"
    CLOUD_SHADOW = "cloud_shadow"
    SUN_AND_VIEW = "sun_and_view"
    MISREGISTRATION = "misregistration"
    IMAGE_DEFECT = "image_defect"
    PLOUGHING = "ploughing"
    NURSERY_FILM = "nursery_film"
    DRAINED_POND = "drained_pond"
    DUST_NET = "dust_net"
    PRODUCT_STOCK = "product_stock"
    RIVER_WORKS = "river_works"
    LAWFUL_ON_FILE = "lawful_on_file"
    LICENSED_SITE = "licensed_site"
    DUPLICATE = "duplicate"
    OUT_OF_SCOPE = "out_of_scope"
    BELOW_MINIMUM_AREA = "below_minimum_area"
    INSUFFICIENT_IMAGE = "insufficient_image"


class ReturnReason(StrEnum):
    """Why a unit sends a lead back to the city."""

    WRONG_JURISDICTION = "wrong_jurisdiction"
    INSUFFICIENT_INFORMATION = "insufficient_information"
    NO_ACCESS = "no_access"


class Priority(StrEnum):
    """优先核查建议: the suggested order of checking; P1 first, and P1 sorts first."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"


class ClassBy(StrEnum):
    """Who gave a lead its change class; a machine's never overwrites a person's."""

    MACHINE = "machine"
    ACCOUNT = "account"
