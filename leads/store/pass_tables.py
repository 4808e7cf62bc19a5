"""The tables of passes: what is watched, what was found and seen, and what waits for a second look.

As in `leads/store/schema.py`: one definition for both databases, and a migration for every change.
"""

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Text

from leads.store.column_types import Instant, Json, Outline
from leads.store.columns import bounds, number, text, whole
from leads.store.schema import jobs, leads, metadata, runs, scenes

watches = sa.Table(
    "watches",
    metadata,
    Column("watch", Text, primary_key=True),
    Column("spec", Json, nullable=False),
    Column("area", Outline, nullable=False),
    Column("anchor", Instant),
    Column("tried_at", Instant),
    Column("succeeded_at", Instant),
    whole("failures"),
    text("error", null=True),
    Column("added_at", Instant, nullable=False),
)

passes = sa.Table(
    "passes",
    metadata,
    Column("pass_id", Text, primary_key=True),
    Column("watch", ForeignKey(watches.c.watch), nullable=False),
    *(text(name) for name in ("source", "collection", "identifier", "kind", "role")),
    Column("acquired", Instant, nullable=False),
    Column("published", Instant),
    text("same_as"),
    text("version"),
    text("state"),
    text("reason", null=True),
    text("twin_of", null=True),
    whole("attempts"),
    Column("not_before", Instant),
    number("cloud_stated", null=True),
    number("clear_share", null=True),
    number("units"),
    Column("scene_id", ForeignKey(scenes.c.scene_id), index=True),
    Column("acquisition", Json, nullable=False),
    Column("found_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index("ix_passes_watch_acquired", "watch", "acquired"),
    Index("ix_passes_state", "state"),
)

pass_jobs = sa.Table(
    "pass_jobs",
    metadata,
    Column("pass_id", ForeignKey(passes.c.pass_id), primary_key=True),
    Column("job_id", ForeignKey(jobs.c.job_id), primary_key=True, index=True),
    text("before_pass_id", null=True),
    Column("added_at", Instant, nullable=False),
)

pass_units = sa.Table(
    "pass_units",
    metadata,
    Column("pass_id", ForeignKey(passes.c.pass_id), primary_key=True),
    Column("month", Text, primary_key=True),
    text("source"),
    *(number(name) for name in ("units", "ended")),
    Column("at", Instant, nullable=False),
    Index("ix_pass_units_source_month", "source", "month"),
)

scene_sights = sa.Table(
    "scene_sights",
    metadata,
    Column("scene_id", ForeignKey(scenes.c.scene_id), primary_key=True),
    Column("date", Date, nullable=False, index=True),
    text("crs"),
    *(whole(name) for name in ("row", "col", "rows", "cols", "hectares")),
    *bounds(),
    Column("seen", sa.LargeBinary, nullable=False),
)

scene_pins = sa.Table(
    "scene_pins",
    metadata,
    Column("scene_id", ForeignKey(scenes.c.scene_id), primary_key=True),
    text("reason"),
    text("pinned_by"),
    Column("pinned_at", Instant, nullable=False),
)

held_candidates = sa.Table(
    "held_candidates",
    metadata,
    Column("held_id", Text, primary_key=True),
    Column("run_id", ForeignKey(runs.c.run_id), nullable=False, index=True),
    *(text(name) for name in ("reason", "change_class")),
    *(number(name) for name in ("score", "area_m2")),
    Column("date_before", Date, nullable=False),
    Column("date_after", Date, nullable=False),
    *(Column(name, Json) for name in ("facts", "crossed")),
    Column("filed_at", Instant, nullable=False),
    *bounds(),
    Column("geometry", Outline, nullable=False),
    Index("ix_held_candidates_reason_west", "reason", "west"),
)

held_looks = sa.Table(
    "held_looks",
    metadata,
    Column("held_id", ForeignKey(held_candidates.c.held_id), primary_key=True),
    Column("run_id", ForeignKey(runs.c.run_id), primary_key=True, index=True),
    Column("day", Date, nullable=False),
    Column("there", Boolean, nullable=False),
    Column("sighting_id", Text),
)

witnesses = sa.Table(
    "witnesses",
    metadata,
    Column("lead_id", ForeignKey(leads.c.lead_id), primary_key=True),
    Column("run_id", ForeignKey(runs.c.run_id), primary_key=True, index=True),
    text("kind"),
    Column("seen", Boolean, nullable=False),
    number("share"),
    Column("date_before", Date, nullable=False),
    Column("date_after", Date, nullable=False),
    Column("filed_at", Instant, nullable=False),
)

radar_looks = sa.Table(
    "radar_looks",
    metadata,
    Column("run_id", ForeignKey(runs.c.run_id), primary_key=True),
    Column("date_before", Date, nullable=False),
    Column("date_after", Date, nullable=False),
    *bounds(),
    Column("ground", Outline),
)
