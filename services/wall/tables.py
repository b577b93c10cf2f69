"""The table of screens. It holds no token, only the digest that proves one."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from services.storage import Base, UtcDateTime
from services.wall.model import LONGEST_NAME

_DIGEST_LENGTH = 64  # sha256 in hexadecimal


class WallScreenRow(Base):
    """A screen; never deleted, so that its television can be told why it shows nothing any more."""

    __tablename__ = "wall_screen"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_digest: Mapped[str] = mapped_column(String(_DIGEST_LENGTH), unique=True)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    language: Mapped[str] = mapped_column(String(10))
    theme: Mapped[str] = mapped_column(String(10))
    rotation_s: Mapped[int]
    created_by: Mapped[str | None] = mapped_column(String(64))  # a login
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
