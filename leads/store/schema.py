"""The tables, one definition for SQLite and PostGIS; what each value means is said by its reader.

Changing a table here needs a migration beside it: a test compares the two on both databases.
"""

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, Text

from leads.store.column_types import Instant, Json, Key, Outline
from leads.store.columns import bounds, number, text, whole

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


scenes = sa.Table(
    "scenes",
    metadata,
    Column("scene_id", Text, primary_key=True),
    text("source"),
    Column("date", Date, nullable=False, index=True),
    Column("bands", Json, nullable=False),
    text("crs"),
    number("gsd_m"),
    whole("width"),
    whole("height"),
    Column("footprint", Outline, nullable=False),
    *bounds(),
    Column("added_at", Instant, nullable=False),
    text("kind", null=True),
    Column("acquired", Instant),
    text("folder", null=True),
    Column("bytes", sa.BigInteger),
    number("coregistration_m", null=True),
    text("reference_scene_id", null=True),
    Column("item", Json),
    Column("pixels_removed_at", Instant),
)

runs = sa.Table(
    "runs",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("before_scene_id", ForeignKey(scenes.c.scene_id), nullable=False),
    Column("after_scene_id", ForeignKey(scenes.c.scene_id), nullable=False),
    Column("date_before", Date, nullable=False),
    Column("date_after", Date, nullable=False),
    text("detector"),
    text("code_version"),
    Column("record", Json, nullable=False),
    Column("summary", Json, nullable=False),
    Column("outcomes", Json, nullable=False),
    text("filed_by"),
    Column("filed_at", Instant, nullable=False, index=True),
)

card_wordings = sa.Table(
    "card_wordings",
    metadata,
    Column("sha256", Text, primary_key=True),
    text("edition"),
    Column("wording", Json, nullable=False),
)

sites = sa.Table(
    "sites",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("created_at", Instant, nullable=False),
)

leads = sa.Table(
    "leads",
    metadata,
    Column("number", Key, primary_key=True),
    Column("lead_id", Text, nullable=False, unique=True),
    Column("site_id", ForeignKey(sites.c.site_id), nullable=False, index=True),
    whole("round"),
    text("parent_lead_id", null=True),
    text("run_id", null=True),
    Column("spot_code", Text, nullable=False, unique=True),
    text("status"),
    whole("version"),
    text("holder", null=True),
    text("unit", null=True),
    Column("due_at", Instant),
    text("priority"),
    number("likelihood"),
    number("severity"),
    number("completeness"),
    whole("urgency"),
    text("change_class"),
    text("machine_class"),
    text("class_by"),
    text("origin"),
    text("district_code", null=True),
    text("district_name", null=True),
    number("area_m2"),
    number("score", null=True),
    number("uncertainty", null=True),
    Column("date_before", Date, nullable=False),
    Column("date_after", Date, nullable=False),
    number("coregistration_m", null=True),
    Column("edition_ambiguous", Json, nullable=False),
    whole("zone_kinds"),
    whole("crossed_kinds"),
    whole("recurrence_count"),
    text("discard_reason", null=True),
    text("return_reason", null=True),
    Column("shore", Json),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    number("lon"),
    number("lat"),
    *bounds(),
    Column("geometry", Outline, nullable=False),
    Column("scorecard", Json, nullable=False),
)

lead_overlaps = sa.Table(
    "lead_overlaps",
    metadata,
    Column("lead_id", ForeignKey(leads.c.lead_id), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    *(text(name) for name in ("kind", "edition", "zone_id", "name", "code", "level")),
    *(text(name) for name in ("land_use_scheme", "land_use_code")),
    *(number(name) for name in ("area_m2", "area_min_m2", "area_max_m2")),
    *(number(name) for name in ("share", "share_min", "share_max")),
    Column("boundary_within_error", Boolean, nullable=False),
)

observations = sa.Table(
    "observations",
    metadata,
    Column("observation_id", Text, primary_key=True),
    Column("lead_id", ForeignKey(leads.c.lead_id), nullable=False, index=True),
    Column("run_id", ForeignKey(runs.c.run_id), nullable=False, index=True),
    text("outcome"),
    text("change_class"),
    number("score"),
    number("uncertainty", null=True),
    number("area_m2"),
    Column("date_before", Date, nullable=False),
    Column("date_after", Date, nullable=False),
    Column("shore", Json),
    Column("filed_at", Instant, nullable=False),
    Column("geometry", Outline, nullable=False),
)

lead_links = sa.Table(
    "lead_links",
    metadata,
    Column("from_lead_id", ForeignKey(leads.c.lead_id), primary_key=True),
    Column("to_lead_id", ForeignKey(leads.c.lead_id), primary_key=True, index=True),
    Column("kind", Text, primary_key=True),
    Column("run_id", ForeignKey(runs.c.run_id), primary_key=True),
    Column("linked_at", Instant, nullable=False),
)

events = sa.Table(
    "events",
    metadata,
    Column("lead_id", ForeignKey(leads.c.lead_id), primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    text("action"),
    text("from_status", null=True),
    text("to_status"),
    Column("at", Instant, nullable=False, index=True),
    text("account_id", null=True),
    text("role", null=True),
    text("account_unit", null=True),
    Column("data", Json, nullable=False),
    text("previous_hash"),
    text("hash"),
)

spot_serials = sa.Table(
    "spot_serials",
    metadata,
    Column("prefix", Text, primary_key=True),
    whole("last"),
)

layer_editions = sa.Table(
    "layer_editions",
    metadata,
    Column("number", Key, primary_key=True),
    text("kind"),
    text("name"),
    Column("valid_from", Date),
    Column("valid_to", Date),
    whole("zones"),
    text("sha256"),
    text("source"),
    text("added_by"),
    Column("added_at", Instant, nullable=False),
    sa.UniqueConstraint("kind", "name"),
)

zones = sa.Table(
    "zones",
    metadata,
    Column("number", Key, primary_key=True),
    Column("edition", ForeignKey(layer_editions.c.number), nullable=False),
    *(text(name) for name in ("zone_id", "name", "code", "level")),
    *(text(name) for name in ("land_use_scheme", "land_use_code")),
    number("area_m2"),
    *bounds(),
    Column("geometry", Outline, nullable=False),
    sa.UniqueConstraint("edition", "zone_id"),
)

jobs = sa.Table(
    "jobs",
    metadata,
    Column("job_id", Text, primary_key=True),
    text("kind"),
    Column("payload", Json, nullable=False),
    text("payload_sha256"),
    whole("priority"),
    text("state"),
    whole("attempts"),
    whole("max_attempts"),
    Column("not_before", Instant, nullable=False),
    text("worker", null=True),
    whole("fence"),
    Column("lease_until", Instant),
    Column("cancel_asked", Boolean, nullable=False),
    text("created_by"),
    Column("created_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("finished_at", Instant),
    Column("record", Json),
    Column("progress", Json),
    Column("result", Json),
    text("error", null=True),
    Index("ix_jobs_state_priority", "state", "priority", "created_at"),
    Index("ix_jobs_payload_sha256", "payload_sha256", "created_at"),
)

job_tiles = sa.Table(
    "job_tiles",
    metadata,
    Column("job_id", ForeignKey(jobs.c.job_id), primary_key=True),
    Column("tile", Integer, primary_key=True, autoincrement=False),
    text("state"),
    whole("attempts"),
    text("reason", null=True),
    number("detector_cpu_s"),
    Column("observed_pixels", sa.BigInteger, nullable=False),
    Column("water_pixels", sa.BigInteger),
    Column("patches", sa.LargeBinary),
)

run_withdrawals = sa.Table(
    "run_withdrawals",
    metadata,
    Column("run_id", ForeignKey(runs.c.run_id), primary_key=True),
    text("withdrawn_by"),
    Column("withdrawn_at", Instant, nullable=False),
    text("reason"),
    Column("outcomes", Json, nullable=False),
)

lead_flags = sa.Table(
    "lead_flags",
    metadata,
    Column("lead_id", ForeignKey(leads.c.lead_id), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("run_id", ForeignKey(runs.c.run_id), primary_key=True),
    Column("flagged_at", Instant, nullable=False),
)

accounts = sa.Table(
    "accounts",
    metadata,
    Column("account_id", Text, primary_key=True),
    text("display_name"),
    text("password_hash"),
    text("role"),
    text("unit", null=True),
    Column("disabled", Boolean, nullable=False),
    whole("failed_logins"),
    Column("locked_until", Instant),
    Column("created_at", Instant, nullable=False),
    Column("password_set_at", Instant, nullable=False),
    Column("last_login_at", Instant),
)

sessions = sa.Table(
    "sessions",
    metadata,
    Column("token_sha256", Text, primary_key=True),
    Column("account_id", ForeignKey(accounts.c.account_id), nullable=False, index=True),
    Column("started_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
)

access_log = sa.Table(
    "access_log",
    metadata,
    Column("number", Key, primary_key=True),
    Column("at", Instant, nullable=False, index=True),
    text("account_id"),
    text("role"),
    text("purpose"),
    Column("lead_id", ForeignKey(leads.c.lead_id), nullable=False, index=True),
    whole("lead_version"),
    Index("ix_access_log_account_id_at", "account_id", "at"),
)

_FILTERS = ("status", "priority", "change_class", "zone_kinds", "date_after")
"""Last in each list index, so that a filter is decided before the row is fetched."""

for _order in ("urgency", "created_at", "area_m2", "uncertainty"):
    _place = ("lon", "lat") if _order == "urgency" else ()  # for searches around a point
    _keys = [leads.c[name] for name in (_order, "number", *_FILTERS, *_place)]
    Index(f"ix_leads_by_district_{_order}", leads.c.district_code, *_keys)
    Index(f"ix_leads_by_{_order}", *_keys)
Index("ix_leads_by_unit", leads.c.unit, leads.c.urgency, leads.c.number)
Index("ix_leads_geometry", leads.c.geometry, postgresql_using="gist").ddl_if("postgresql")
Index("ix_zones_geometry", zones.c.geometry, postgresql_using="gist").ddl_if("postgresql")

lead_bounds = sa.table(
    "lead_bounds", *(sa.column(c) for c in ("id", "west", "east", "south", "north"))
)
"""SQLite's R*Tree over the bounding boxes of `leads`; triggers keep it."""

zone_bounds = sa.table(
    "zone_bounds", *(sa.column(c) for c in ("id", "west", "east", "south", "north"))
)
"""Likewise of `zones`."""
