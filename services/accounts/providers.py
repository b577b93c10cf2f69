"""Who can vouch for a login and a password: local accounts now, company systems beside them later."""

from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy import select, update

from services.accounts.keys import is_login
from services.accounts.passwords import Passwords
from services.accounts.tables import PasswordVerifierRow, PersonRow
from services.storage import Store

LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody typed, and whether the account was entered from there before."""

    login: str  # as `clean_login` gives it; perhaps not a login that an account may have
    password: str = field(repr=False)
    is_from_known_origin: bool  # where askers must queue, these go first


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a provider recognised."""

    login: str  # as `clean_login` gives it


class LoginProvider(Protocol):
    """One system that knows people and their passwords."""

    @property
    def name(self) -> str:
        """As stored in a person's `source`: a provider opens only the accounts that are its own."""

    def check(self, credentials: Credentials) -> Identity | None:
        """Whom the credentials belong to; None when login or password is wrong, without saying which.

        Raises:
            UpstreamUnavailable: the system cannot say now.
            HashingBusy: too many passwords are being checked at this moment.
        """


class LocalProvider:
    """Accounts whose passwords the portal itself keeps."""

    name = LOCAL

    def __init__(self, store: Store, passwords: Passwords) -> None:
        self._store = store
        self._passwords = passwords

    def check(self, credentials: Credentials) -> Identity | None:
        """As in `LoginProvider`; costs one hash for any login, known or not."""
        found = self._find(credentials.login)
        verifier = None if found is None else found.verifier
        verdict = self._passwords.verify(
            verifier, credentials.password, known=credentials.is_from_known_origin
        )
        if found is None or not verdict.matches:
            return None
        if verdict.renewed is not None:
            self._renew(found, verdict.renewed)
        return Identity(credentials.login)

    def _find(self, login: str) -> PasswordVerifierRow | None:
        if not is_login(login):
            return None
        with self._store.read() as session:
            return session.scalar(
                select(PasswordVerifierRow)
                .join(PersonRow, PersonRow.id == PasswordVerifierRow.person_id)
                .where(PersonRow.login == login, PersonRow.source == LOCAL, PersonRow.disabled_at.is_(None))
            )

    def _renew(self, old: PasswordVerifierRow, verifier: str) -> None:
        """Keep the same password under today's parameters, unless it was changed meanwhile."""
        with self._store.write() as session:
            session.execute(
                update(PasswordVerifierRow)
                .where(
                    PasswordVerifierRow.person_id == old.person_id,
                    PasswordVerifierRow.verifier == old.verifier,
                )
                .values(verifier=verifier)
            )
