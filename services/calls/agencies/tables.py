"""The copy of the agencies in the portal database.

Only the job `agencies.sync` writes here.
"""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from services.calls.tables import LongText
from services.storage import Base, BigKey, UtcDateTime


class AgencyRow(Base):
    """One agency that may be shown, as JSON: it is only ever read as a whole."""

    __tablename__ = "agency"

    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)  # agentstvo.id
    listed: Mapped[str] = mapped_column(LongText)


class AgencyLookRow(Base):
    """How the copy came to be; one row.

    `looked_at` is the begin of the last look at the source that took in all agencies. `reason` and `since`
    tell why later looks failed; NULL when the last one did not.
    """

    __tablename__ = "agency_look"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    looked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str | None] = mapped_column(String(40))
    since: Mapped[datetime | None] = mapped_column(UtcDateTime)


#: The id of the one row.
ONLY = 1
