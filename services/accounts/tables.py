"""The tables of accounts. Nothing here holds a password or a session token, only what proves them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped, mapped_column

from services.accounts.keys import ADDRESS_LENGTH, DISPLAY_NAME_LENGTH, LOGIN_LENGTH, USER_AGENT_LENGTH
from services.storage import Base, BigKey, UtcDateTime

_DIGEST_LENGTH = 64  # sha256 in hexadecimal
# MariaDB takes "é" for "e" unless told otherwise, and would open one account to another's login.
_Login = String(LOGIN_LENGTH).with_variant(
    mysql.VARCHAR(LOGIN_LENGTH, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
)


class PersonRow(Base):
    """A person; never deleted, so that what they did keeps its author."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(_Login, unique=True)  # as `clean_login` gives it
    display_name: Mapped[str] = mapped_column(String(DISPLAY_NAME_LENGTH))
    role: Mapped[str] = mapped_column(String(20))
    source: Mapped[str] = mapped_column(String(20))  # name of the login provider
    language: Mapped[str | None] = mapped_column(String(10))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_login_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_login_address: Mapped[str | None] = mapped_column(String(ADDRESS_LENGTH))


class PersonRightRow(Base):
    """A right granted to or revoked from one person, whatever the role says."""

    __tablename__ = "person_right"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    right_name: Mapped[str] = mapped_column(String(40), primary_key=True)
    allowed: Mapped[bool]


class PasswordVerifierRow(Base):
    """The argon2 hash of a local password; people of other providers have none."""

    __tablename__ = "password_verifier"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    verifier: Mapped[str] = mapped_column(String(255))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LoginSessionRow(Base):
    """A login that holds; it is deleted when it ends."""

    __tablename__ = "login_session"

    token_digest: Mapped[str] = mapped_column(String(_DIGEST_LENGTH), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)  # when the person last acted
    remembered: Mapped[bool]
    address: Mapped[str] = mapped_column(String(ADDRESS_LENGTH))
    user_agent: Mapped[str] = mapped_column(String(USER_AGENT_LENGTH))


class LoginFailureRow(Base):
    """An attempt to enter that failed, or that is being decided at this moment."""

    __tablename__ = "login_failure"
    __table_args__ = (Index(None, "account", "failed_at"), Index(None, "origin", "failed_at"))

    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    account: Mapped[str] = mapped_column(String(_DIGEST_LENGTH))  # `account_key`
    origin: Mapped[str] = mapped_column(String(ADDRESS_LENGTH))  # `origin_of`
    failed_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class KnownOriginRow(Base):
    """Where an account was entered from successfully."""

    __tablename__ = "known_origin"

    account: Mapped[str] = mapped_column(String(_DIGEST_LENGTH), primary_key=True)
    origin: Mapped[str] = mapped_column(String(ADDRESS_LENGTH), primary_key=True)
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
