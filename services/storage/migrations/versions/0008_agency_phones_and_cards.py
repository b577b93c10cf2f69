"""The copy of agencies' telephones, and what the gateway told of agencies."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")  # UTC
LONG_TEXT = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")


def upgrade() -> None:
    op.create_table(
        "agency_phone",
        sa.Column("agency_id", KEY, autoincrement=False, nullable=False),
        sa.Column("typed_digest", sa.String(length=32), nullable=False),
        sa.Column("exact", LONG_TEXT, nullable=False),
        sa.Column("probable", LONG_TEXT, nullable=False),
        sa.PrimaryKeyConstraint("agency_id", name=op.f("pk_agency_phone")),
    )
    op.create_table(
        "phone_look",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("looked_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_look")),
    )
    op.create_table(
        "agency_card",
        sa.Column("agency_id", KEY, autoincrement=False, nullable=False),
        sa.Column("fetched_at", MOMENT, nullable=False),
        sa.Column("card", LONG_TEXT, nullable=False),
        sa.PrimaryKeyConstraint("agency_id", name=op.f("pk_agency_card")),
    )
    op.create_index(op.f("ix_agency_card_fetched_at"), "agency_card", ["fetched_at"])


def downgrade() -> None:
    op.drop_table("agency_card")
    op.drop_table("phone_look")
    op.drop_table("agency_phone")
