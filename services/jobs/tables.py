"""Tables of the collector: who leads, and how its jobs fare."""

from datetime import datetime

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from services.storage import Base, UtcDateTime


class LeaseRow(Base):
    """Who leads until when, by the database's clock; the epoch grows with every change of the leader."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(120))
    epoch: Mapped[int] = mapped_column(BigInteger)
    expires_at_ms: Mapped[int] = mapped_column(BigInteger)


class JobRunRow(Base):
    """The latest step of one job."""

    __tablename__ = "job_run"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # None: the first step goes on
    ok_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when a step last ended well
    duration_ms: Mapped[int | None]
    failures: Mapped[int]  # in a row
    failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error_class: Mapped[str | None] = mapped_column(String(80))
    error_text: Mapped[str | None] = mapped_column(String(200))
    progress: Mapped[float | None]
