"""The copy of the agencies' telephones in the portal database.

Only the job `phones.sync` writes here.
"""

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped, mapped_column

from services.storage import Base, BigKey, UtcDateTime

# MySQL's TEXT ends at 64 KB: an agency that others are collected under may have thousands of numbers.
_Numbers = Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")


class PhoneRow(Base):
    """The numbers of one agency, as digits of E.164 with a blank between two.

    `exact` were typed in international form, `probable` in national form of the configured country.
    `typed_digest` is of what was typed and of the rules it was read by: while it stays, nothing is read anew.
    """

    __tablename__ = "agency_phone"

    agency_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    typed_digest: Mapped[str] = mapped_column(String(32))
    exact: Mapped[str] = mapped_column(_Numbers)
    probable: Mapped[str] = mapped_column(_Numbers)


class PhoneLookRow(Base):
    """How current the copy is; one row. `looked_at`: the begin of the last look at all telephones."""

    __tablename__ = "phone_look"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    looked_at: Mapped[datetime] = mapped_column(UtcDateTime)


#: The id of the one row.
ONLY = 1
