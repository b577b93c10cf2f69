"""Passwords: hashing with argon2, a few at a time, and what a new password must be."""

import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from services.accounts.errors import HashingBusy, PasswordProblem, PasswordRejected
from services.accounts.keys import clean_login

MIN_LENGTH = 10
MAX_LENGTH = 256


def check_new_password(password: str, *, login: str, allow_weak: bool = False) -> None:
    """Accept a password that a person or an administrator has chosen.

    Args:
        allow_weak: for demo accounts: anything but an empty password will do.

    Raises:
        PasswordRejected: it is too short, too long, or the login itself.
    """
    if len(password) < (1 if allow_weak else MIN_LENGTH):
        raise PasswordRejected(PasswordProblem.TOO_SHORT)
    if len(password) > MAX_LENGTH:
        raise PasswordRejected(PasswordProblem.TOO_LONG)
    if clean_login(password) == clean_login(login) and not allow_weak:
        raise PasswordRejected(PasswordProblem.LIKE_LOGIN)


class Hasher(Protocol):
    """What is used of `argon2.PasswordHasher`."""

    def hash(self, password: bytes, /) -> str:
        """A salted verifier of `password`, with its parameters."""

    def verify(self, verifier: str, password: bytes, /) -> bool:
        """True, or raise VerifyMismatchError."""

    def check_needs_rehash(self, verifier: str, /) -> bool:
        """Whether `verifier` was made with other parameters than today's."""


def argon2_hasher() -> Hasher:
    """Argon2id with 46 MiB, above the least that OWASP's "Password Storage Cheat Sheet" asks for.

    One lane: the portal runs several hashes side by side itself, and each should cost one core.
    """
    return PasswordHasher(time_cost=2, memory_cost=46 * 1024, parallelism=1)


class HashGate:
    """Lets a few hashes run at a time, and keeps a flood of strangers from holding up people we know."""

    def __init__(
        self, *, slots: int = 2, patience: timedelta = timedelta(seconds=3), strangers: int = 6
    ) -> None:
        """
        Args:
            slots: hashes at a time.
            patience: the longest wait for a slot.
            strangers: at most this many strangers wait; each holds a thread of the web server.
        """
        self._changed = threading.Condition()
        self._free = slots
        self._patience_s = patience.total_seconds()
        self._max_strangers = strangers
        self._strangers = 0
        self._known = 0

    @property
    def waiting(self) -> int:
        """How many wait for a slot now."""
        return self._strangers + self._known

    @contextmanager
    def slot(self, *, known: bool) -> Iterator[None]:
        """Hold one of the slots; those who are known go before all strangers.

        Raises:
            HashingBusy: no slot became free in time, or too many strangers wait already.
        """
        self._take(known)
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()

    def _take(self, known: bool) -> None:
        with self._changed:
            if not known and not self._may_go(known) and self._strangers >= self._max_strangers:
                raise HashingBusy
            self._count(known, 1)
            try:
                if not self._changed.wait_for(lambda: self._may_go(known), self._patience_s):
                    raise HashingBusy
                self._free -= 1
            finally:
                self._count(known, -1)
                self._changed.notify_all()  # strangers wait for the known to be served, too

    def _may_go(self, known: bool) -> bool:
        return self._free > 0 and (known or self._known == 0)

    def _count(self, known: bool, change: int) -> None:
        if known:
            self._known += change
        else:
            self._strangers += change


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a password was right, and its verifier under today's parameters if those have changed."""

    matches: bool
    renewed: str | None = field(default=None, repr=False)


class Passwords:
    """Makes and checks verifiers. Have one in a process: its gate is the limit of that process."""

    def __init__(self, hasher: Hasher | None = None, gate: HashGate | None = None) -> None:
        self._hasher = hasher or argon2_hasher()
        self._gate = gate or HashGate()
        # Made beforehand, so that even the first unknown login costs exactly one hash.
        self._nobodys = self._hasher.hash(secrets.token_bytes())

    def hash(self, password: str) -> str:
        """A new verifier of `password`.

        Raises:
            HashingBusy: no slot became free in time.
        """
        with self._gate.slot(known=True):
            return self._hasher.hash(_bytes(password))

    def verify(self, verifier: str | None, password: str, *, known: bool) -> Verdict:
        """Check `password`; without a verifier the same work is done, so that the answer takes as long.

        Args:
            known: whether the asker goes before strangers.

        Raises:
            HashingBusy: no slot became free in time.
        """
        with self._gate.slot(known=known):
            matches = self._matches(verifier or self._nobodys, password)
            if verifier is None or not matches:
                return Verdict(matches=False)
            if self._hasher.check_needs_rehash(verifier):
                return Verdict(matches=True, renewed=self._hasher.hash(_bytes(password)))
            return Verdict(matches=True)

    def _matches(self, verifier: str, password: str) -> bool:
        try:
            # No password is longer; its whole length need not be hashed to know that it is wrong.
            return self._hasher.verify(verifier, _bytes(password[: MAX_LENGTH + 1]))
        except VerifyMismatchError:
            return False


def _bytes(password: str) -> bytes:
    """One form for one password: systems write "й" as one character or as two."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
