"""Indexes for lists by uncertainty; as they were, so this copy never changes."""

from alembic import op

revision = "0002"
down_revision = "0001"

KEYS = (
    "uncertainty",
    "number",
    "status",
    "priority",
    "change_class",
    "zone_kinds",
    "date_after",
)


def upgrade() -> None:
    """Index the leads by uncertainty, within each district and in all."""
    op.create_index("ix_leads_by_district_uncertainty", "leads", ["district_code", *KEYS])
    op.create_index("ix_leads_by_uncertainty", "leads", [*KEYS])
