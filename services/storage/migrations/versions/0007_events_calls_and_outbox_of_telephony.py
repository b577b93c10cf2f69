"""Events, calls and the outbox of telephony."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def upgrade() -> None:
    op.create_table(
        "telephony_call",
        sa.Column("id", KEY, nullable=False),
        sa.Column("token", sa.String(length=43)),
        sa.Column("register_key", sa.BigInteger()),
        sa.Column("platform_id", sa.String(length=128)),
        sa.Column("number", sa.String(length=15), nullable=False),
        sa.Column("curator", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("last_begin_at", MOMENT),
        sa.Column("agency_id", sa.BigInteger()),
        sa.Column("match_kind", sa.String(length=20), nullable=False),
        sa.Column("agency_name", sa.String(length=255)),
        sa.Column("manager", sa.String(length=255)),
        sa.Column("names_due_at", MOMENT),
        sa.Column("theme", sa.String(length=128)),
        sa.Column("queue", sa.String(length=128)),
        sa.Column("cause", sa.String(length=128)),
        sa.Column("answered", sa.Boolean()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_telephony_call")),
        sa.UniqueConstraint("token", name=op.f("uq_telephony_call_token")),
        sa.UniqueConstraint("register_key", name=op.f("uq_telephony_call_register_key")),
    )
    for columns in (
        ["platform_id"],
        ["began_at"],
        ["names_due_at"],
        ["number", "began_at"],
        ["agency_id", "began_at"],
        ["curator", "began_at"],
        ["state", "began_at"],
    ):
        op.create_index(op.f("ix_telephony_call_" + "_".join(columns)), "telephony_call", columns)
    op.create_table(
        "telephony_event",
        sa.Column("id", KEY, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("call_id", KEY),
        sa.ForeignKeyConstraint(["call_id"], ["telephony_call.id"], name=op.f("fk_telephony_event_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_telephony_event")),
    )
    for column in ("received_at", "outcome", "call_id"):
        op.create_index(op.f(f"ix_telephony_event_{column}"), "telephony_event", [column])
    op.create_table(
        "telephony_entry",
        sa.Column("call_id", KEY, autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("next_try_at", MOMENT, nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("written", sa.Integer(), nullable=False),
        sa.Column("is_inserted", sa.Boolean(), nullable=False),
        sa.Column("inserted_begin", MOMENT),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("verify_at", MOMENT),
        sa.Column("error_code", sa.String(length=40)),
        sa.Column("error_text", sa.String(length=400)),
        sa.ForeignKeyConstraint(["call_id"], ["telephony_call.id"], name=op.f("fk_telephony_entry_call_id")),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_telephony_entry")),
    )
    op.create_index(op.f("ix_telephony_entry_state_next_try_at"), "telephony_entry", ["state", "next_try_at"])


def downgrade() -> None:
    op.drop_table("telephony_entry")
    op.drop_table("telephony_event")
    op.drop_table("telephony_call")
