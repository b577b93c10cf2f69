"""Leases, job runs, topics and upstreams."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")  # UTC


def upgrade() -> None:
    op.create_table(
        "job_run",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.Column("ok_at", MOMENT),
        sa.Column("duration_ms", sa.Integer()),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failed_at", MOMENT),
        sa.Column("error_class", sa.String(length=80)),
        sa.Column("error_text", sa.String(length=200)),
        sa.Column("progress", sa.Double()),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_run")),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.String(length=120), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "topic",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_topic")),
    )
    op.create_table(
        "upstream",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("checked_at", MOMENT, nullable=False),
        sa.Column("answered_at", MOMENT),
        sa.Column("latency_ms", sa.Integer()),
        sa.Column("reason", sa.String(length=40)),
        sa.Column("remark", sa.String(length=40)),
        sa.Column("next_try_at", MOMENT),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_upstream")),
    )


def downgrade() -> None:
    op.drop_table("upstream")
    op.drop_table("topic")
    op.drop_table("lease")
    op.drop_table("job_run")
