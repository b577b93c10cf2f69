"""How often somebody may try to enter.

Three limits, all judged before anything is hashed, and alike for logins that exist and those that do not:

- one account from one origin: nobody guesses a password there;
- one origin: nobody tries a few passwords on every account;
- one account from everywhere: many origins do not help either. This limit spares the origins from which
  the account was entered lately, so that an attack from elsewhere does not shut the rightful person out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from services.accounts.tables import KnownOriginRow, LoginFailureRow
from services.storage import Store, table_of, upsert


@dataclass(frozen=True, slots=True)
class Limit:
    """`failures` within `window` close the login for `closes_for`, counted from the last of them."""

    failures: int
    window: timedelta
    closes_for: timedelta

    def closed_until(self, latest_first: Sequence[datetime], now: datetime) -> datetime | None:
        """When the login opens again; None when it is open.

        Args:
            latest_first: times of the latest `failures` failures, or fewer if there are no more.
        """
        if len(latest_first) < self.failures or latest_first[0] - latest_first[-1] >= self.window:
            return None
        until = latest_first[0] + self.closes_for
        return until if now < until else None


PAIR_LIMIT = Limit(failures=5, window=timedelta(minutes=5), closes_for=timedelta(minutes=5))
ORIGIN_LIMIT = Limit(failures=50, window=timedelta(minutes=5), closes_for=timedelta(minutes=5))
ACCOUNT_LIMIT = Limit(failures=20, window=timedelta(minutes=15), closes_for=timedelta(minutes=15))
#: An origin is known to an account for this long after an entry.
ORIGIN_KNOWN_FOR = timedelta(days=30)
#: No limit looks further back.
FAILURES_COUNT_FOR = ACCOUNT_LIMIT.window + ACCOUNT_LIMIT.closes_for


@dataclass(frozen=True, slots=True)
class Closed:
    """Nobody is let in by this way before `until` (aware UTC), whatever the password."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that may go on. It counts as failed until it is forgotten or withdrawn."""

    failure_id: int
    account: str
    origin: str
    is_from_known_origin: bool


class Attempts:
    """Counts attempts in the portal database: several web processes share the limits."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def begin(self, account: str, origin: str, now: datetime) -> Attempt | Closed:
        """Let an attempt go on, or say that the way is closed.

        The attempt is stored as a failure at once: many at the same moment cannot slip through together.
        Attempts on a closed way are not stored, so that hammering does not keep it closed for ever.

        Args:
            account: as `account_key` gives it.
            origin: as `origin_of` gives it.
        """
        with self._store.read() as session:  # a flood is turned away without the database's write lock
            known = _is_known(session, account, origin, now)
            closed = _closed_until(session, account, origin, known, now)
        if closed is not None:
            return Closed(closed)
        with self._store.write() as session:
            closed = _closed_until(session, account, origin, known, now)
            if closed is not None:
                return Closed(closed)
            failure = LoginFailureRow(account=account, origin=origin, failed_at=now)
            session.add(failure)
            session.flush()
            return Attempt(failure.id, account, origin, known)

    def withdraw(self, attempt: Attempt) -> None:
        """Do not count an attempt that nobody could decide."""
        with self._store.write() as session:
            session.execute(delete(LoginFailureRow).where(LoginFailureRow.id == attempt.failure_id))


def forget_failures(session: Session, attempt: Attempt) -> None:
    """Begin anew for this account and origin, in the caller's transaction: the password was right."""
    session.execute(
        delete(LoginFailureRow).where(
            LoginFailureRow.account == attempt.account, LoginFailureRow.origin == attempt.origin
        )
    )


def remember_origin(session: Session, attempt: Attempt, now: datetime) -> None:
    """Note in the caller's transaction that the account was entered from this origin."""
    row = {"account": attempt.account, "origin": attempt.origin, "entered_at": now}
    upsert(session, table_of(KnownOriginRow), [row])


def _is_known(session: Session, account: str, origin: str, now: datetime) -> bool:
    entered_at = session.scalar(
        select(KnownOriginRow.entered_at).where(
            KnownOriginRow.account == account, KnownOriginRow.origin == origin
        )
    )
    return entered_at is not None and now - entered_at < ORIGIN_KNOWN_FOR


def _closed_until(session: Session, account: str, origin: str, known: bool, now: datetime) -> datetime | None:
    of_account, of_origin = LoginFailureRow.account == account, LoginFailureRow.origin == origin
    ways = [(PAIR_LIMIT, [of_account, of_origin]), (ORIGIN_LIMIT, [of_origin])]
    if not known:
        ways.append((ACCOUNT_LIMIT, [of_account]))
    ends = [limit.closed_until(_latest(session, limit, where, now), now) for limit, where in ways]
    return max((end for end in ends if end is not None), default=None)


def _latest(
    session: Session, limit: Limit, where: Sequence[ColumnElement[bool]], now: datetime
) -> Sequence[datetime]:
    return session.scalars(
        select(LoginFailureRow.failed_at)
        .where(*where, LoginFailureRow.failed_at > now - limit.window - limit.closes_for)
        .order_by(LoginFailureRow.failed_at.desc())
        .limit(limit.failures)
    ).all()
