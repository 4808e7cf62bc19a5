"""The queue, tiles of runs under way, and runs taken back; as they were, so it never changes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Boolean, Column, Float, ForeignKeyConstraint, Integer, Text

from leads.store.column_types import Instant, Json

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the four tables."""
    _jobs()
    op.create_table(
        "job_tiles",
        Column("job_id", Text, nullable=False),
        Column("tile", Integer, nullable=False, autoincrement=False),
        Column("state", Text, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("reason", Text),
        Column("detector_cpu_s", Float(53), nullable=False),
        Column("observed_pixels", sa.BigInteger, nullable=False),
        Column("patches", sa.LargeBinary),
        sa.PrimaryKeyConstraint("job_id", "tile", name="pk_job_tiles"),
        ForeignKeyConstraint(["job_id"], ["jobs.job_id"], name="fk_job_tiles_job_id"),
    )
    op.create_table(
        "run_withdrawals",
        Column("run_id", Text, nullable=False),
        Column("withdrawn_by", Text, nullable=False),
        Column("withdrawn_at", Instant, nullable=False),
        Column("reason", Text, nullable=False),
        Column("outcomes", Json, nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="pk_run_withdrawals"),
        ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_run_withdrawals_run_id"),
    )
    op.create_table(
        "lead_flags",
        Column("lead_id", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("run_id", Text, nullable=False),
        Column("flagged_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("lead_id", "kind", "run_id", name="pk_lead_flags"),
        ForeignKeyConstraint(["lead_id"], ["leads.lead_id"], name="fk_lead_flags_lead_id"),
        ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_lead_flags_run_id"),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        Column("job_id", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("payload", Json, nullable=False),
        Column("payload_sha256", Text, nullable=False),
        Column("priority", Integer, nullable=False),
        Column("state", Text, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("max_attempts", Integer, nullable=False),
        Column("not_before", Instant, nullable=False),
        Column("worker", Text),
        Column("fence", Integer, nullable=False),
        Column("lease_until", Instant),
        Column("cancel_asked", Boolean, nullable=False),
        Column("created_by", Text, nullable=False),
        Column("created_at", Instant, nullable=False),
        Column("started_at", Instant),
        Column("finished_at", Instant),
        Column("record", Json),
        Column("progress", Json),
        Column("result", Json),
        Column("error", Text),
        sa.PrimaryKeyConstraint("job_id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_state_priority", "jobs", ["state", "priority", "created_at"])
    op.create_index("ix_jobs_payload_sha256", "jobs", ["payload_sha256", "created_at"])
