"""The tables of flights: missions, flights and their files, uploads, custody, and signs.

As in `leads/store/schema.py`: one definition for both databases, and a migration for every change.
"""

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, Text

from leads.store.column_types import Instant, Json, Outline
from leads.store.columns import bounds, number, text, whole
from leads.store.schema import jobs, leads, metadata, runs, scenes

missions = sa.Table(
    "missions",
    metadata,
    Column("mission_id", Text, primary_key=True),
    Column("lead_id", ForeignKey(leads.c.lead_id), nullable=False, index=True),
    whole("version"),
    text("state"),
    text("assigned_to", null=True),
    number("gsd_m"),
    text("airspace"),
    number("height_m"),
    text("application_number", null=True),
    Column("applied_at", Instant),
    *(Column(name, Instant) for name in ("window_from", "window_to")),
    *(Column(name, Instant) for name in ("reported_at", "ended_at")),
    *(text(name, null=True) for name in ("planned_by", "reported_by", "ended_by")),
    text("note", null=True),
    text("asked_by"),
    Column("asked_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    text("flight_id", null=True),
    *bounds(),
    Column("area", Outline, nullable=False),
)

flights = sa.Table(
    "flights",
    metadata,
    Column("flight_id", Text, primary_key=True),
    Column("mission_id", ForeignKey(missions.c.mission_id), index=True),
    text("name"),
    text("state"),
    text("reason", null=True),
    whole("files_announced", null=True),
    text("uploaded_by"),
    text("unit", null=True),
    Column("opened_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("received_at", Instant),
    *(Column(name, Instant) for name in ("flown_from", "flown_to")),
    text("device", null=True),
    Column("area", Outline),
    Column("report", Json),
    text("product", null=True),
    number("gsd_m", null=True),
    number("position_error_m", null=True),
    Column("placing", Json),
    Column("scene_id", ForeignKey(scenes.c.scene_id), index=True),
    text("before_scene_id", null=True),
    Column("job_id", ForeignKey(jobs.c.job_id), index=True),
    text("run_job_id", null=True),
    text("replaced_by", null=True),
    Index("ix_flights_uploaded_by", "uploaded_by", "opened_at"),
    Index("ix_flights_opened_at", "opened_at"),
)

flight_files = sa.Table(
    "flight_files",
    metadata,
    Column("flight_id", ForeignKey(flights.c.flight_id), primary_key=True),
    Column("name", Text, primary_key=True),
    text("upload_id", null=True),
    text("archive", null=True),
    Column("sha256", Text, nullable=False, index=True),
    Column("bytes", sa.BigInteger, nullable=False),
    text("kind"),
    Column("received_at", Instant, nullable=False),
    Column("taken_at", Instant),
    text("device", null=True),
    *(number(name, null=True) for name in ("lon", "lat")),
    Column("facts", Json),
    Column("boxes", Json),
    text("boxed_by", null=True),
    Column("boxed_at", Instant),
)

flight_answers = sa.Table(
    "flight_answers",
    metadata,
    Column("lead_id", ForeignKey(leads.c.lead_id), primary_key=True),
    Column("run_id", ForeignKey(runs.c.run_id), primary_key=True, index=True),
    Column("flight_id", ForeignKey(flights.c.flight_id), nullable=False, index=True),
    text("mission_id", null=True),
    text("said"),
    *(number(name) for name in ("share", "covered")),
    Column("date_before", Date, nullable=False),
    Column("date_after", Date, nullable=False),
    Column("filed_at", Instant, nullable=False),
)

uploads = sa.Table(
    "uploads",
    metadata,
    Column("upload_id", Text, primary_key=True),
    text("flight_id", null=True),
    text("account_id"),
    text("name"),
    text("media_type", null=True),
    Column("bytes", sa.BigInteger, nullable=False),
    Column("received", sa.BigInteger, nullable=False),
    Column("parts", Json, nullable=False),
    text("state"),
    text("reason", null=True),
    text("sha256", null=True),
    text("sha256_given", null=True),
    text("same_as", null=True),
    text("writer", null=True),
    Column("writing_until", Instant),
    text("client", null=True),
    Column("metadata", Json, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("finished_at", Instant),
    Column("bytes_gone", Boolean, nullable=False),
    Index("ix_uploads_account_id_state", "account_id", "state"),
    Index("ix_uploads_flight_id", "flight_id"),
    Index("ix_uploads_state_expires_at", "state", "expires_at"),
)

flight_events = sa.Table(
    "flight_events",
    metadata,
    Column("flight_id", ForeignKey(flights.c.flight_id), primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    text("action"),
    Column("at", Instant, nullable=False),
    text("account_id", null=True),
    text("role", null=True),
    Column("data", Json, nullable=False),
    text("previous_hash"),
    text("hash"),
)

signs = sa.Table(
    "signs",
    metadata,
    Column("sign_id", Text, primary_key=True),
    Column("flight_id", ForeignKey(flights.c.flight_id), nullable=False, index=True),
    Column("lead_id", ForeignKey(leads.c.lead_id), index=True),
    *(text(name) for name in ("kind", "state")),
    number("score"),
    number("area_m2"),
    Column("reason", Json, nullable=False),
    text("proposed_by", null=True),
    Column("proposed_at", Instant, nullable=False),
    text("judged_by", null=True),
    Column("judged_at", Instant),
    text("note", null=True),
    *bounds(),
    Column("geometry", Outline, nullable=False),
)
