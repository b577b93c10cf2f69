"""Roll-ups of call statistics."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")  # UTC


def upgrade() -> None:
    create_sums("statistics_total", [], [*tallied(), integer("days")])
    create_sums(
        "statistics_duration", [], [integer("calls"), sa.Column("seconds", sa.BigInteger(), nullable=False)]
    )
    create_sums("statistics_hour", [code("weekday"), code("hour")], tallied())
    operator = sa.Column("operator_id", KEY, autoincrement=False, nullable=False)
    create_sums("statistics_operator", [operator], [*tallied(), integer("active_hours")])
    create_sums("statistics_outcome", [code("call_type"), code("result")], [integer("calls")])
    op.create_table(
        "statistics_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("is_copied", sa.Boolean(), nullable=False),
        sa.Column("looked_at", MOMENT, nullable=False),
        sa.Column("fingerprint", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_statistics_day")),
    )
    op.create_index(op.f("ix_statistics_day_looked_at"), "statistics_day", ["looked_at"])
    op.create_table(
        "statistics_state",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("first_day", sa.Date()),
        sa.Column("first_looked_at", MOMENT),
        sa.Column("has_durations", sa.Boolean()),
        sa.Column("check_day", sa.Date()),
        sa.Column("check_began_at", MOMENT),
        sa.Column("checked_at", MOMENT),
        sa.Column("sampled_so_far", sa.Integer(), nullable=False),
        sa.Column("sampled_at", MOMENT),
        sa.Column("sampled_days", sa.Integer(), nullable=False),
        sa.Column("names_fingerprint", sa.String(length=32)),
        sa.Column("problem_reason", sa.String(length=40)),
        sa.Column("problem_since", MOMENT),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statistics_state")),
    )
    op.create_table(
        "statistics_difference",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("figure", sa.String(length=20), nullable=False),
        sa.Column("found_at", MOMENT, nullable=False),
        integer("rolled_up"),
        integer("in_source"),
        sa.PrimaryKeyConstraint("day", "figure", name=op.f("pk_statistics_difference")),
    )


def create_sums(name: str, keys: list[sa.Column[int]], measures: list[sa.Column[int]]) -> None:
    """A table of sums in three grains: of a day, its month, its year."""
    start = sa.Column("start", sa.Date(), nullable=False)
    key = ["grain", "start", *(column.name for column in keys)]
    op.create_table(
        name,
        code("grain"),
        start,
        *keys,
        *measures,
        sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{name}")),
        sqlite_with_rowid=False,
    )


def tallied() -> list[sa.Column[int]]:
    return [*map(integer, ("calls", "handled", "failed", "with_known_result", "identified", "with_card"))]


def integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def code(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.SmallInteger(), autoincrement=False, nullable=False)


def downgrade() -> None:
    for name in ("difference", "state", "day", "outcome", "operator", "hour", "duration", "total"):
        op.drop_table(f"statistics_{name}")
