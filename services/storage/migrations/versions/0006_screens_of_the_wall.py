"""Screens of the wall."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")  # UTC


def upgrade() -> None:
    op.create_table(
        "wall_screen",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.Column("theme", sa.String(length=10), nullable=False),
        sa.Column("rotation_s", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(length=64)),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT),
        sa.Column("revoked_at", MOMENT),
        sa.Column("last_used_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wall_screen")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_wall_screen_token_digest")),
    )


def downgrade() -> None:
    op.drop_table("wall_screen")
