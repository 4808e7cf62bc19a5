"""One link of two leads for each run that shows it; as it was, so this copy never changes."""

from alembic import op
from sqlalchemy import Column, ForeignKeyConstraint, PrimaryKeyConstraint, Text, text

from leads.store.column_types import Instant

revision = "0004"
down_revision = "0003"

KEY = ("from_lead_id", "to_lead_id", "kind", "run_id")
COLUMNS = ", ".join((*KEY, "linked_at"))


def upgrade() -> None:
    """Let the run be part of the key; SQLite changes no key, so there the rows move over."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("pk_lead_links", "lead_links")
        op.create_primary_key("pk_lead_links", "lead_links", list(KEY))
        return
    op.drop_index("ix_lead_links_to_lead_id", "lead_links")
    op.rename_table("lead_links", "lead_links_before")
    op.create_table(
        "lead_links",
        *(Column(name, Text, nullable=False) for name in KEY),
        Column("linked_at", Instant, nullable=False),
        PrimaryKeyConstraint(*KEY, name="pk_lead_links"),
        ForeignKeyConstraint(
            ["from_lead_id"], ["leads.lead_id"], name="fk_lead_links_from_lead_id"
        ),
        ForeignKeyConstraint(["to_lead_id"], ["leads.lead_id"], name="fk_lead_links_to_lead_id"),
        ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_lead_links_run_id"),
    )
    move = f"INSERT INTO lead_links ({COLUMNS}) SELECT {COLUMNS} FROM lead_links_before"  # noqa: S608
    op.execute(text(move))
    op.drop_table("lead_links_before")
    op.create_index("ix_lead_links_to_lead_id", "lead_links", ["to_lead_id"])
