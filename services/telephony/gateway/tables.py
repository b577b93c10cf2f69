"""What the gateway told of agencies, in the portal database: it outlives an outage and a restart.

Web processes and the job `telephony.names` write here; the latest to do so is right.
"""

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped, mapped_column

from services.storage import Base, BigKey, UtcDateTime


class CardRow(Base):
    """One agency's card as JSON: it is only ever read as a whole."""

    __tablename__ = "agency_card"

    agency_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    fetched_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    card: Mapped[str] = mapped_column(Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb"))
