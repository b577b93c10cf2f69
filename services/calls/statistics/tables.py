"""The roll-ups in the portal database.

Nearly every call of a busy day has its own combination of hour, operator, result, type and card, so a table
of all of them would be about as long as the log. These are narrow instead, each by what one figure asks for.

Every table of figures holds the same sums in three grains: of a day, of its month, of its year. All three are
changed in one transaction, so a long period is a few rows of years and months and the days at its edges.
Only the jobs `statistics.recent` and `statistics.roll_up` write here.
"""

from datetime import date, datetime
from enum import IntEnum
from typing import Any

from sqlalchemy import BigInteger, Column, SmallInteger, String, Table
from sqlalchemy.orm import Mapped, mapped_column

from services.storage import Base, BigKey, UtcDateTime

#: SQLite then keeps the rows in the order of their key, so that a range of days lies together.
_IN_KEY_ORDER = {"sqlite_with_rowid": False}


class Grain(IntEnum):
    """What the sums of a row are of; `start` is its first day."""

    CHANGE = -1  # by what a day's sums change; only within the transaction that changes them
    DAY = 0
    MONTH = 1
    YEAR = 2


class _Sums:
    """What the key of every table of figures begins with: ranges of `start` in a grain are read."""

    grain: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False, sort_order=-2)
    start: Mapped[date] = mapped_column(primary_key=True, sort_order=-1)


class _Tallied:
    """The measures of `Tally`, in its order."""

    calls: Mapped[int] = mapped_column(sort_order=1)
    handled: Mapped[int] = mapped_column(sort_order=1)
    failed: Mapped[int] = mapped_column(sort_order=1)
    with_known_result: Mapped[int] = mapped_column(sort_order=1)
    identified: Mapped[int] = mapped_column(sort_order=1)
    with_card: Mapped[int] = mapped_column(sort_order=1)


class TotalSum(_Tallied, _Sums, Base):
    """All calls; `days` is how many days the sum has, so a month is known when it has all of its days."""

    __tablename__ = "statistics_total"
    __table_args__ = _IN_KEY_ORDER

    days: Mapped[int] = mapped_column(sort_order=2)


class DurationSum(_Sums, Base):
    """Calls whose duration is known, and their seconds."""

    __tablename__ = "statistics_duration"
    __table_args__ = _IN_KEY_ORDER

    calls: Mapped[int]
    seconds: Mapped[int] = mapped_column(BigInteger)


class HourSum(_Tallied, _Sums, Base):
    """Calls by weekday (Monday is 0) and local hour."""

    __tablename__ = "statistics_hour"
    __table_args__ = _IN_KEY_ORDER

    weekday: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    hour: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)


class OperatorSum(_Tallied, _Sums, Base):
    """Calls by operator; 0 stands for none. `active_hours` are local hours with at least one call."""

    __tablename__ = "statistics_operator"
    __table_args__ = _IN_KEY_ORDER

    operator_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    active_hours: Mapped[int] = mapped_column(sort_order=2)


class OutcomeSum(_Sums, Base):
    """Calls by type and result, each UNKNOWN_CODE where it is missing or undocumented."""

    __tablename__ = "statistics_outcome"
    __table_args__ = _IN_KEY_ORDER

    call_type: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    result: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    calls: Mapped[int]


def own_keys(table: Table) -> list[Column[Any]]:
    """What follows grain and start in the key of a table of figures."""
    return [column for column in table.primary_key if column.name not in ("grain", "start")]


def measures_of(table: Table) -> list[Column[Any]]:
    """What a table of figures adds up."""
    return [column for column in table.columns if not column.primary_key]


class RolledDay(Base):
    """A day that is rolled up, and by which look at the source."""

    __tablename__ = "statistics_day"

    day: Mapped[date] = mapped_column(primary_key=True)
    # From the copy of recent calls; a day that has left the copy is taken from the source once.
    is_copied: Mapped[bool]
    looked_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    fingerprint: Mapped[str] = mapped_column(String(32))  # of all its figures but the durations


class RollUpState(Base):
    """How the roll-ups fare: one row."""

    __tablename__ = "statistics_state"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    # The first call's day, as the source had it when last asked; None with a moment: it has no call at all.
    first_day: Mapped[date | None]
    first_looked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    has_durations: Mapped[bool | None]
    # The nightly check: for which local day the latest one began, and when; when the latest one ended.
    check_day: Mapped[date | None]
    check_began_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The sample at its end: days compared so far, and the latest one that was compared as a whole.
    sampled_so_far: Mapped[int] = mapped_column(default=0)
    sampled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sampled_days: Mapped[int] = mapped_column(default=0)
    names_fingerprint: Mapped[str | None] = mapped_column(String(32))
    problem_reason: Mapped[str | None] = mapped_column(String(40))
    problem_since: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Difference(Base):
    """A figure of a day that was found unlike the source."""

    __tablename__ = "statistics_difference"

    day: Mapped[date] = mapped_column(primary_key=True)
    figure: Mapped[str] = mapped_column(String(20), primary_key=True)  # a field of Tally
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    rolled_up: Mapped[int]
    in_source: Mapped[int]
