"""The copy of recent calls in the portal database.

Only the job `calls.sync` writes here.
"""

from datetime import date, datetime

from sqlalchemy import BigInteger, DateTime, Index, SmallInteger, String, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped, mapped_column

from services.calls.phones import LONGEST_NUMBER
from services.storage import Base, BigKey, UtcDateTime

#: A moment as the source has it: naive local time of the centre, to the microsecond.
LocalTime = DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
# MySQL's TEXT ends at 64 KB, which a list of long comments could exceed.
LongText = Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
LONGEST_NAME = 255


class RecentCall(Base):
    """One call: the source's columns as they are there, and what follows from its other tables."""

    __tablename__ = "recent_call"
    __table_args__ = (
        Index("ix_recent_call_at_id", "at", "id"),
        # Holds everything the summary and the count need under any filter but the phone's.
        Index(
            "ix_recent_call_summary",
            "at",
            "hour",
            "operator_id",
            "result",
            "call_type",
            "is_identified",
            "has_card",
        ),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)  # calls.id
    at: Mapped[datetime] = mapped_column(LocalTime)
    hour: Mapped[int] = mapped_column(SmallInteger)
    operator_id: Mapped[int | None] = mapped_column(BigInteger)
    card_id: Mapped[int | None] = mapped_column(BigInteger)
    pp_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    result: Mapped[int | None]
    call_type: Mapped[int | None]
    number: Mapped[str | None] = mapped_column(String(LONGEST_NUMBER))
    phone_key: Mapped[str | None] = mapped_column(String(2 * LONGEST_NUMBER))
    is_identified: Mapped[bool]
    has_card: Mapped[bool]
    has_agency: Mapped[bool]


class RecentCallDetail(Base):
    """What the windows of a call show, as JSON; kept apart so that lists read narrow rows."""

    __tablename__ = "recent_call_detail"

    call_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    card: Mapped[str | None] = mapped_column(LongText)
    agencies: Mapped[str | None] = mapped_column(LongText)


class AgencyCallRow(Base):
    """In which copied calls an agency was rung; the same as `recent_call_detail.agencies`, to be found by."""

    __tablename__ = "agency_call"
    __table_args__ = (Index("ix_agency_call_newest", "agency_id", "at", "call_id"),)

    agency_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    call_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False, index=True)
    at: Mapped[datetime] = mapped_column(LocalTime)  # when the call began


class CallOperator(Base):
    """Names of operators."""

    __tablename__ = "call_operator"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))


class CopiedDayRow(Base):
    """How far one local day of the centre is copied.

    A fill goes back from the end of the day to its begin; all calls from (`filled_until`, `filled_id`) on
    are in.
    """

    __tablename__ = "copied_day"

    day: Mapped[date] = mapped_column(primary_key=True)
    is_full: Mapped[bool] = mapped_column(default=False)
    filled_until: Mapped[datetime | None] = mapped_column(LocalTime)
    filled_id: Mapped[int | None] = mapped_column(BigInteger)
    # The last look at the source after which the whole day was known to be like it.
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
