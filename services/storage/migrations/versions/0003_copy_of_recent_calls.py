"""Copy of recent calls."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
LONG_TEXT = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")


def upgrade() -> None:
    op.create_table(
        "call_operator",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_operator")),
    )
    op.create_table(
        "copied_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("is_full", sa.Boolean(), nullable=False),
        sa.Column("filled_until", MOMENT),
        sa.Column("filled_id", sa.BigInteger()),
        sa.Column("checked_at", MOMENT),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_copied_day")),
    )
    op.create_table(
        "recent_call",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("hour", sa.SmallInteger(), nullable=False),
        sa.Column("operator_id", sa.BigInteger()),
        sa.Column("card_id", sa.BigInteger()),
        sa.Column("pp_id", sa.BigInteger()),
        sa.Column("result", sa.Integer()),
        sa.Column("call_type", sa.Integer()),
        sa.Column("number", sa.String(length=64)),
        sa.Column("phone_key", sa.String(length=128)),
        sa.Column("is_identified", sa.Boolean(), nullable=False),
        sa.Column("has_card", sa.Boolean(), nullable=False),
        sa.Column("has_agency", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recent_call")),
    )
    op.create_index("ix_recent_call_at_id", "recent_call", ["at", "id"])
    op.create_index(op.f("ix_recent_call_pp_id"), "recent_call", ["pp_id"])
    op.create_index(
        "ix_recent_call_summary",
        "recent_call",
        ["at", "hour", "operator_id", "result", "call_type", "is_identified", "has_card"],
    )
    op.create_table(
        "recent_call_detail",
        sa.Column("call_id", KEY, autoincrement=False, nullable=False),
        sa.Column("card", LONG_TEXT),
        sa.Column("agencies", LONG_TEXT),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_recent_call_detail")),
    )


def downgrade() -> None:
    op.drop_table("recent_call_detail")
    op.drop_table("recent_call")
    op.drop_table("copied_day")
    op.drop_table("call_operator")
