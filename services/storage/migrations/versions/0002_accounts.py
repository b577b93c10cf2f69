"""Accounts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")  # UTC
LOGIN = sa.String(length=64).with_variant(
    mysql.VARCHAR(64, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
)


def upgrade() -> None:
    op.create_table(
        "known_origin",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.String(length=45), nullable=False),
        sa.Column("entered_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("account", "origin", name=op.f("pk_known_origin")),
    )
    op.create_index(op.f("ix_known_origin_entered_at"), "known_origin", ["entered_at"])
    op.create_table(
        "login_failure",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.String(length=45), nullable=False),
        sa.Column("failed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_failure")),
    )
    op.create_index(op.f("ix_login_failure_account_failed_at"), "login_failure", ["account", "failed_at"])
    op.create_index(op.f("ix_login_failure_failed_at"), "login_failure", ["failed_at"])
    op.create_index(op.f("ix_login_failure_origin_failed_at"), "login_failure", ["origin", "failed_at"])
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login", LOGIN, nullable=False),
        sa.Column("display_name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("language", sa.String(length=10)),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("disabled_at", MOMENT),
        sa.Column("last_login_at", MOMENT),
        sa.Column("last_login_address", sa.String(length=45)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("login", name=op.f("uq_person_login")),
    )
    op.create_table(
        "login_session",
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("remembered", sa.Boolean(), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("user_agent", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_login_session_person_id")),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_login_session")),
    )
    op.create_index(op.f("ix_login_session_person_id"), "login_session", ["person_id"])
    op.create_table(
        "password_verifier",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("verifier", sa.String(length=255), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_password_verifier_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_password_verifier")),
    )
    op.create_table(
        "person_right",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("right_name", sa.String(length=40), nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_person_right_person_id")),
        sa.PrimaryKeyConstraint("person_id", "right_name", name=op.f("pk_person_right")),
    )


def downgrade() -> None:
    op.drop_table("person_right")
    op.drop_table("password_verifier")
    op.drop_table("login_session")
    op.drop_table("person")
    op.drop_table("login_failure")
    op.drop_table("known_origin")
