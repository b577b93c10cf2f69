"""Events, calls and the outbox of the register, in the portal database.

Written by the ledger (web processes) and by jobs of the collector; both take the row of the TELEPHONY topic
first (`bump`), so that two transactions never decide about one call at the same time.
"""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.storage import Base, BigKey, UtcDateTime
from services.telephony.model import LONGEST_CURATOR

TOKEN_LENGTH = 43  # 32 random bytes in URL-safe base64
NUMBER_LENGTH = 15  # digits of E.164
NAME_LENGTH = 255
DETAIL_LENGTH = 128


class EventRow(Base):
    """One event as it was reported; never changed but for what became of it."""

    __tablename__ = "telephony_event"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    report: Mapped[str] = mapped_column(Text)  # JSON: the report, the number read from it, whose it was
    outcome: Mapped[str] = mapped_column(String(20), index=True)
    call_id: Mapped[int | None] = mapped_column(ForeignKey("telephony_call.id"), index=True)


class CallRow(Base):
    """One call: reported to us (it has a token), or copied from the register (it has none)."""

    __tablename__ = "telephony_call"
    __table_args__ = (
        Index(None, "number", "began_at"),
        Index(None, "agency_id", "began_at"),
        Index(None, "curator", "began_at"),
        Index(None, "state", "began_at"),
    )

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    token: Mapped[str | None] = mapped_column(String(TOKEN_LENGTH), unique=True)
    register_key: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    platform_id: Mapped[str | None] = mapped_column(String(DETAIL_LENGTH), index=True)
    number: Mapped[str] = mapped_column(String(NUMBER_LENGTH))
    curator: Mapped[str] = mapped_column(String(LONGEST_CURATOR))
    state: Mapped[str] = mapped_column(String(20))
    began_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_begin_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the latest begin event, repeats too
    agency_id: Mapped[int | None] = mapped_column(BigInteger)
    match_kind: Mapped[str] = mapped_column(String(20))
    agency_name: Mapped[str | None] = mapped_column(String(NAME_LENGTH))
    manager: Mapped[str | None] = mapped_column(String(NAME_LENGTH))
    # When the collector asks the gateway for the names next; NULL: there is nothing to ask (any more).
    names_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    theme: Mapped[str | None] = mapped_column(String(DETAIL_LENGTH))
    queue: Mapped[str | None] = mapped_column(String(DETAIL_LENGTH))
    cause: Mapped[str | None] = mapped_column(String(DETAIL_LENGTH))
    answered: Mapped[bool | None]


class EntryRow(Base):
    """The outbox: what the register is to have of one reported call.

    `wanted` grows with every change of the call that the register has to learn, `written` is the value it has
    learnt. `is_inserted`: the row is known to be there. The key is `telephony_call.register_key`, committed
    before the INSERT; the four values a row is recognised by are fixed with it.
    """

    __tablename__ = "telephony_entry"
    __table_args__ = (Index(None, "state", "next_try_at"),)

    call_id: Mapped[int] = mapped_column(
        ForeignKey("telephony_call.id"), primary_key=True, autoincrement=False
    )
    state: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    next_try_at: Mapped[datetime] = mapped_column(UtcDateTime)
    wanted: Mapped[int] = mapped_column(default=1)
    written: Mapped[int] = mapped_column(default=0)
    is_inserted: Mapped[bool] = mapped_column(default=False)
    # TIME_BEGIN as it is inserted; a begin that was put right later follows by UPDATE.
    inserted_begin: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)  # failed ones in a row
    # An answer was lost: what it was the answer to may still be carried out, so the row is looked at again.
    verify_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    error_code: Mapped[str | None] = mapped_column(String(40))
    error_text: Mapped[str | None] = mapped_column(String(400))
