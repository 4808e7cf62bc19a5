"""The first tables."""

from alembic import op

from leads.store.migrations.spatial import add_bounds_index, add_postgis, forbid_changes
from leads.store.schema import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table, with what each database needs of its own."""
    add_postgis()
    metadata.create_all(op.get_bind())
    add_bounds_index("leads", "lead_bounds")
    add_bounds_index("zones", "zone_bounds")
    forbid_changes("events")
    forbid_changes("access_log")
