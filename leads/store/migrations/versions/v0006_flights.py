"""Flights, files, uploads and custody, missions and signs; as they were, so it never changes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Date, Float, ForeignKeyConstraint, Integer, Text

from leads.store.column_types import Instant, Json, Outline

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the tables."""
    _missions()
    _flights()
    _files()
    _answers()
    _uploads()
    _signs()


def _bounds() -> tuple[Column[float], ...]:
    return tuple(
        Column(side, Float(53), nullable=False) for side in ("west", "south", "east", "north")
    )


def _texts(*names: str, null: bool = False) -> tuple[Column[str], ...]:
    return tuple(Column(name, Text, nullable=null) for name in names)


def _instants(*names: str, null: bool = True) -> tuple[Column[object], ...]:
    return tuple(Column(name, Instant, nullable=null) for name in names)


def _missions() -> None:
    op.create_table(
        "missions",
        *_texts("mission_id", "lead_id", "state", "airspace", "asked_by"),
        *_texts("assigned_to", "application_number", "note", "flight_id", null=True),
        *_texts("planned_by", "reported_by", "ended_by", null=True),
        Column("version", Integer, nullable=False),
        *(Column(name, Float(53), nullable=False) for name in ("gsd_m", "height_m")),
        *_instants("applied_at", "window_from", "window_to", "reported_at", "ended_at"),
        *_instants("asked_at", "updated_at", null=False),
        *_bounds(),
        Column("area", Outline, nullable=False),
        sa.PrimaryKeyConstraint("mission_id", name="pk_missions"),
        ForeignKeyConstraint(["lead_id"], ["leads.lead_id"], name="fk_missions_lead_id"),
    )
    op.create_index("ix_missions_lead_id", "missions", ["lead_id"])


def _flights() -> None:
    op.create_table(
        "flights",
        *_texts("flight_id", "name", "state", "uploaded_by"),
        *_texts("mission_id", "reason", "unit", "device", "product", "scene_id", null=True),
        *_texts("before_scene_id", "job_id", "run_job_id", "replaced_by", null=True),
        Column("files_announced", Integer),
        *_instants("opened_at", "updated_at", null=False),
        *_instants("received_at", "flown_from", "flown_to"),
        Column("area", Outline),
        Column("report", Json),
        *(Column(name, Float(53)) for name in ("gsd_m", "position_error_m")),
        Column("placing", Json),
        sa.PrimaryKeyConstraint("flight_id", name="pk_flights"),
        ForeignKeyConstraint(["mission_id"], ["missions.mission_id"], name="fk_flights_mission_id"),
        ForeignKeyConstraint(["scene_id"], ["scenes.scene_id"], name="fk_flights_scene_id"),
        ForeignKeyConstraint(["job_id"], ["jobs.job_id"], name="fk_flights_job_id"),
    )
    for name in ("mission_id", "opened_at", "scene_id", "job_id"):
        op.create_index(f"ix_flights_{name}", "flights", [name])
    op.create_index("ix_flights_uploaded_by", "flights", ["uploaded_by", "opened_at"])


def _files() -> None:
    op.create_table(
        "flight_files",
        *_texts("flight_id", "name", "sha256", "kind"),
        *_texts("upload_id", "archive", "device", "boxed_by", null=True),
        Column("bytes", BigInteger, nullable=False),
        Column("received_at", Instant, nullable=False),
        *_instants("taken_at", "boxed_at"),
        *(Column(name, Float(53)) for name in ("lon", "lat")),
        *(Column(name, Json) for name in ("facts", "boxes")),
        sa.PrimaryKeyConstraint("flight_id", "name", name="pk_flight_files"),
        ForeignKeyConstraint(
            ["flight_id"], ["flights.flight_id"], name="fk_flight_files_flight_id"
        ),
    )
    op.create_index("ix_flight_files_sha256", "flight_files", ["sha256"])
    op.create_table(
        "flight_events",
        *_texts("flight_id", "action", "previous_hash", "hash"),
        *_texts("account_id", "role", null=True),
        Column("sequence", Integer, nullable=False, autoincrement=False),
        Column("at", Instant, nullable=False),
        Column("data", Json, nullable=False),
        sa.PrimaryKeyConstraint("flight_id", "sequence", name="pk_flight_events"),
        ForeignKeyConstraint(
            ["flight_id"], ["flights.flight_id"], name="fk_flight_events_flight_id"
        ),
    )


def _answers() -> None:
    op.create_table(
        "flight_answers",
        *_texts("lead_id", "run_id", "flight_id", "said"),
        *_texts("mission_id", null=True),
        *(Column(name, Float(53), nullable=False) for name in ("share", "covered")),
        *(Column(name, Date, nullable=False) for name in ("date_before", "date_after")),
        *_instants("filed_at", null=False),
        sa.PrimaryKeyConstraint("lead_id", "run_id", name="pk_flight_answers"),
        ForeignKeyConstraint(["lead_id"], ["leads.lead_id"], name="fk_flight_answers_lead_id"),
        ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_flight_answers_run_id"),
        ForeignKeyConstraint(
            ["flight_id"], ["flights.flight_id"], name="fk_flight_answers_flight_id"
        ),
    )
    for name in ("run_id", "flight_id"):
        op.create_index(f"ix_flight_answers_{name}", "flight_answers", [name])


def _uploads() -> None:
    op.create_table(
        "uploads",
        *_texts("upload_id", "account_id", "name", "state"),
        *_texts("flight_id", "media_type", "reason", "sha256", "sha256_given", null=True),
        *_texts("same_as", "writer", "client", null=True),
        *(Column(name, BigInteger, nullable=False) for name in ("bytes", "received")),
        *(Column(name, Json, nullable=False) for name in ("parts", "metadata")),
        *_instants("opened_at", "updated_at", null=False),
        *_instants("writing_until", "expires_at", "finished_at"),
        Column("bytes_gone", Boolean, nullable=False),
        sa.PrimaryKeyConstraint("upload_id", name="pk_uploads"),
    )
    for names in (["account_id", "state"], ["flight_id"], ["state", "expires_at"]):
        op.create_index(f"ix_uploads_{'_'.join(names)}", "uploads", names)


def _signs() -> None:
    op.create_table(
        "signs",
        *_texts("sign_id", "flight_id", "kind", "state"),
        *_texts("lead_id", "proposed_by", "judged_by", "note", null=True),
        *(Column(name, Float(53), nullable=False) for name in ("score", "area_m2")),
        Column("reason", Json, nullable=False),
        Column("proposed_at", Instant, nullable=False),
        Column("judged_at", Instant),
        *_bounds(),
        Column("geometry", Outline, nullable=False),
        sa.PrimaryKeyConstraint("sign_id", name="pk_signs"),
        ForeignKeyConstraint(["flight_id"], ["flights.flight_id"], name="fk_signs_flight_id"),
        ForeignKeyConstraint(["lead_id"], ["leads.lead_id"], name="fk_signs_lead_id"),
    )
    op.create_index("ix_signs_flight_id", "signs", ["flight_id"])
    op.create_index("ix_signs_lead_id", "signs", ["lead_id"])
