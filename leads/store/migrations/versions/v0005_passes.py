"""Passes, their scenes and sight, witnesses and the shore; as they were, so it never changes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Boolean, Column, Date, Float, ForeignKeyConstraint, Integer, Text

from leads.store.column_types import Instant, Json, Outline

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add what scenes and leads hold more, and create the tables."""
    for column in (
        Column("kind", Text),
        Column("acquired", Instant),
        Column("folder", Text),
        Column("bytes", sa.BigInteger),
        Column("coregistration_m", Float(53)),
        Column("reference_scene_id", Text),
        Column("item", Json),
        Column("pixels_removed_at", Instant),
    ):
        op.add_column("scenes", column)
    op.add_column("leads", Column("shore", Json))
    op.add_column("observations", Column("shore", Json))
    op.add_column("job_tiles", Column("water_pixels", sa.BigInteger))
    _watches()
    _passes()
    _sight()
    _held()
    _witnesses()


def _bounds() -> tuple[Column[float], ...]:
    return tuple(
        Column(side, Float(53), nullable=False) for side in ("west", "south", "east", "north")
    )


def _watches() -> None:
    op.create_table(
        "watches",
        Column("watch", Text, nullable=False),
        Column("spec", Json, nullable=False),
        Column("area", Outline, nullable=False),
        Column("anchor", Instant),
        Column("tried_at", Instant),
        Column("succeeded_at", Instant),
        Column("failures", Integer, nullable=False),
        Column("error", Text),
        Column("added_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("watch", name="pk_watches"),
    )


def _passes() -> None:
    texts = ("source", "collection", "identifier", "kind", "role")
    op.create_table(
        "passes",
        Column("pass_id", Text, nullable=False),
        Column("watch", Text, nullable=False),
        *(Column(name, Text, nullable=False) for name in texts),
        Column("acquired", Instant, nullable=False),
        Column("published", Instant),
        *(Column(name, Text, nullable=False) for name in ("same_as", "version", "state")),
        Column("reason", Text),
        Column("twin_of", Text),
        Column("attempts", Integer, nullable=False),
        Column("not_before", Instant),
        Column("cloud_stated", Float(53)),
        Column("clear_share", Float(53)),
        Column("units", Float(53), nullable=False),
        Column("scene_id", Text),
        Column("acquisition", Json, nullable=False),
        Column("found_at", Instant, nullable=False),
        Column("updated_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("pass_id", name="pk_passes"),
        ForeignKeyConstraint(["watch"], ["watches.watch"], name="fk_passes_watch"),
        ForeignKeyConstraint(["scene_id"], ["scenes.scene_id"], name="fk_passes_scene_id"),
    )
    op.create_index("ix_passes_watch_acquired", "passes", ["watch", "acquired"])
    op.create_index("ix_passes_state", "passes", ["state"])
    op.create_index("ix_passes_scene_id", "passes", ["scene_id"])
    op.create_table(
        "pass_jobs",
        Column("pass_id", Text, nullable=False),
        Column("job_id", Text, nullable=False),
        Column("before_pass_id", Text),
        Column("added_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("pass_id", "job_id", name="pk_pass_jobs"),
        ForeignKeyConstraint(["pass_id"], ["passes.pass_id"], name="fk_pass_jobs_pass_id"),
        ForeignKeyConstraint(["job_id"], ["jobs.job_id"], name="fk_pass_jobs_job_id"),
    )
    op.create_index("ix_pass_jobs_job_id", "pass_jobs", ["job_id"])
    op.create_table(
        "pass_units",
        Column("pass_id", Text, nullable=False),
        Column("month", Text, nullable=False),
        Column("source", Text, nullable=False),
        *(Column(name, Float(53), nullable=False) for name in ("units", "ended")),
        Column("at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("pass_id", "month", name="pk_pass_units"),
        ForeignKeyConstraint(["pass_id"], ["passes.pass_id"], name="fk_pass_units_pass_id"),
    )
    op.create_index("ix_pass_units_source_month", "pass_units", ["source", "month"])


def _sight() -> None:
    op.create_table(
        "scene_sights",
        Column("scene_id", Text, nullable=False),
        Column("date", Date, nullable=False),
        Column("crs", Text, nullable=False),
        *(
            Column(name, Integer, nullable=False)
            for name in ("row", "col", "rows", "cols", "hectares")
        ),
        *_bounds(),
        Column("seen", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("scene_id", name="pk_scene_sights"),
        ForeignKeyConstraint(["scene_id"], ["scenes.scene_id"], name="fk_scene_sights_scene_id"),
    )
    op.create_index("ix_scene_sights_date", "scene_sights", ["date"])
    op.create_table(
        "scene_pins",
        Column("scene_id", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("pinned_by", Text, nullable=False),
        Column("pinned_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("scene_id", name="pk_scene_pins"),
        ForeignKeyConstraint(["scene_id"], ["scenes.scene_id"], name="fk_scene_pins_scene_id"),
    )


def _held() -> None:
    op.create_table(
        "held_candidates",
        Column("held_id", Text, nullable=False),
        Column("run_id", Text, nullable=False),
        *(Column(name, Text, nullable=False) for name in ("reason", "change_class")),
        *(Column(name, Float(53), nullable=False) for name in ("score", "area_m2")),
        Column("date_before", Date, nullable=False),
        Column("date_after", Date, nullable=False),
        *(Column(name, Json) for name in ("facts", "crossed")),
        Column("filed_at", Instant, nullable=False),
        *_bounds(),
        Column("geometry", Outline, nullable=False),
        sa.PrimaryKeyConstraint("held_id", name="pk_held_candidates"),
        ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_held_candidates_run_id"),
    )
    op.create_index("ix_held_candidates_run_id", "held_candidates", ["run_id"])
    op.create_index("ix_held_candidates_reason_west", "held_candidates", ["reason", "west"])
    op.create_table(
        "held_looks",
        Column("held_id", Text, nullable=False),
        Column("run_id", Text, nullable=False),
        Column("day", Date, nullable=False),
        Column("there", Boolean, nullable=False),
        Column("sighting_id", Text),
        sa.PrimaryKeyConstraint("held_id", "run_id", name="pk_held_looks"),
        ForeignKeyConstraint(
            ["held_id"], ["held_candidates.held_id"], name="fk_held_looks_held_id"
        ),
        ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_held_looks_run_id"),
    )
    op.create_index("ix_held_looks_run_id", "held_looks", ["run_id"])


def _witnesses() -> None:
    op.create_table(
        "witnesses",
        Column("lead_id", Text, nullable=False),
        Column("run_id", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("seen", Boolean, nullable=False),
        Column("share", Float(53), nullable=False),
        Column("date_before", Date, nullable=False),
        Column("date_after", Date, nullable=False),
        Column("filed_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("lead_id", "run_id", name="pk_witnesses"),
        ForeignKeyConstraint(["lead_id"], ["leads.lead_id"], name="fk_witnesses_lead_id"),
        ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_witnesses_run_id"),
    )
    op.create_index("ix_witnesses_run_id", "witnesses", ["run_id"])
    op.create_table(
        "radar_looks",
        Column("run_id", Text, nullable=False),
        *(Column(name, Date, nullable=False) for name in ("date_before", "date_after")),
        *_bounds(),
        Column("ground", Outline),
        sa.PrimaryKeyConstraint("run_id", name="pk_radar_looks"),
        ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_radar_looks_run_id"),
    )
