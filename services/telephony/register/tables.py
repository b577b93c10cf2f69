"""How the copy of the register fares, and where ledger and register do not agree.

Only the jobs `register.copy` and `register.compare` write here.
"""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from services.storage import Base, BigKey, UtcDateTime


class RegisterLookRow(Base):
    """How far the two jobs are; one row.

    Copy: `looked_at` is when the latest rows were last read; `reason` and `since` tell why later looks
    failed. The walk through the register is about to read what lies below `walk_below` (NULL: it begins
    anew); `is_complete`: it has reached the lowest key once. `known_top`: the highest key seen.
    Comparison: `compared_at` is when the last one ended; the one of `night` (a date) has come to
    `compared_key`, NULL when it is over.
    """

    __tablename__ = "register_look"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    looked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str | None] = mapped_column(String(40))
    since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    known_top: Mapped[int | None] = mapped_column(BigInteger)
    walk_below: Mapped[int | None] = mapped_column(BigInteger)
    is_complete: Mapped[bool] = mapped_column(default=False)
    night: Mapped[str | None] = mapped_column(String(10))
    compared_key: Mapped[int | None] = mapped_column(BigInteger)
    compared_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DifferenceRow(Base):
    """One call of which ledger and register tell different things, as the comparison of `night` found it."""

    __tablename__ = "register_difference"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    night: Mapped[str] = mapped_column(String(10), index=True)
    call_id: Mapped[int] = mapped_column(ForeignKey("telephony_call.id"))
    kind: Mapped[str] = mapped_column(String(20))
    differing: Mapped[str | None] = mapped_column(String(200))  # columns, with a blank between two
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)


#: The id of the one row.
ONLY = 1
