"""Copy of the agencies, and in which copied calls each was rung."""

import json
from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
LONG_TEXT = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
BATCH = 1_000


def upgrade() -> None:
    op.create_table(
        "agency",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("listed", LONG_TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agency")),
    )
    op.create_table(
        "agency_look",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("looked_at", MOMENT),
        sa.Column("reason", sa.String(length=40)),
        sa.Column("since", MOMENT),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agency_look")),
    )
    rung = op.create_table(
        "agency_call",
        sa.Column("agency_id", KEY, autoincrement=False, nullable=False),
        sa.Column("call_id", KEY, autoincrement=False, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "call_id", name=op.f("pk_agency_call")),
    )
    op.create_index("ix_agency_call_newest", "agency_call", ["agency_id", "at", "call_id"])
    op.create_index(op.f("ix_agency_call_call_id"), "agency_call", ["call_id"])
    # What is copied already stays: it may be all that is known while the source is silent.
    for rows in _batches(op.get_bind()):
        op.bulk_insert(rung, rows)


def downgrade() -> None:
    op.drop_table("agency_call")
    op.drop_table("agency_look")
    op.drop_table("agency")


def _batches(connection: sa.Connection) -> Iterator[list[dict[str, object]]]:
    """The rows of `agency_call` that follow from the copied calls."""
    call = sa.table("recent_call", sa.column("id", sa.BigInteger), sa.column("at", MOMENT))
    detail = sa.table(
        "recent_call_detail", sa.column("call_id", sa.BigInteger), sa.column("agencies", sa.Text)
    )
    calls = (
        sa.select(call.c.id, call.c.at, detail.c.agencies)
        .join_from(call, detail, detail.c.call_id == call.c.id)
        .where(detail.c.agencies.is_not(None))
        .order_by(call.c.id)
        .limit(BATCH)
    )
    last: Sequence[object] = [0]
    while found := connection.execute(calls.where(call.c.id > last[0])).all():
        yield [
            {"agency_id": agency["id"], "call_id": id_, "at": at}
            for id_, at, agencies in found
            for agency in json.loads(agencies)
        ]
        last = found[-1]
