"""How the copy of the register fares, and where ledger and register differ."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")  # UTC


def upgrade() -> None:
    op.create_index(op.f("ix_telephony_entry_verify_at"), "telephony_entry", ["verify_at"])
    op.create_table(
        "register_look",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("looked_at", MOMENT),
        sa.Column("reason", sa.String(length=40)),
        sa.Column("since", MOMENT),
        sa.Column("known_top", sa.BigInteger()),
        sa.Column("walk_below", sa.BigInteger()),
        sa.Column("is_complete", sa.Boolean(), nullable=False),
        sa.Column("night", sa.String(length=10)),
        sa.Column("compared_key", sa.BigInteger()),
        sa.Column("compared_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_look")),
    )
    op.create_table(
        "register_difference",
        sa.Column("id", KEY, nullable=False),
        sa.Column("night", sa.String(length=10), nullable=False),
        sa.Column("call_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("differing", sa.String(length=200)),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"], ["telephony_call.id"], name=op.f("fk_register_difference_call_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_difference")),
    )
    op.create_index(op.f("ix_register_difference_night"), "register_difference", ["night"])


def downgrade() -> None:
    op.drop_table("register_difference")
    op.drop_table("register_look")
    op.drop_index(op.f("ix_telephony_entry_verify_at"), "telephony_entry")
