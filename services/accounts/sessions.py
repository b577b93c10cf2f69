"""Login sessions: kept in the portal database, revocable, and found from memory on every tick."""

import logging
import secrets
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from services.accounts.keys import ADDRESS_LENGTH, USER_AGENT_LENGTH, printable, sha256_hex
from services.accounts.people import read_person
from services.accounts.rights import Person
from services.accounts.tables import LoginSessionRow, PersonRow
from services.live import LiveBoard, Topic, bump
from services.storage import StorageError, Store

log = logging.getLogger(__name__)

_TOKEN_BYTES = 32
_TOKEN_LENGTH = 43  # the same in URL-safe base64 without padding
_TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Lifetime:
    """A session ends when its person has not acted for `idle`, and at the age of `age` in any case."""

    idle: timedelta
    age: timedelta

    def ends_at(self, created_at: datetime, seen_at: datetime) -> datetime:
        """When a session ends if its person does nothing more."""
        return min(seen_at + self.idle, created_at + self.age)


ORDINARY = Lifetime(idle=timedelta(hours=8), age=timedelta(hours=24))
REMEMBERED = Lifetime(idle=timedelta(days=30), age=timedelta(days=90))


def ended_sessions(now: datetime) -> ColumnElement[bool]:
    """The condition for sessions whose time is over."""
    return or_(*(_ended(remembered, now) for remembered in (False, True)))


def _ended(remembered: bool, now: datetime) -> ColumnElement[bool]:
    lifetime = REMEMBERED if remembered else ORDINARY
    return and_(
        LoginSessionRow.remembered.is_(remembered),
        or_(LoginSessionRow.seen_at <= now - lifetime.idle, LoginSessionRow.created_at <= now - lifetime.age),
    )


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session that holds, and whose it is."""

    session_id: str  # hexadecimal; tells nothing about the token, so it may be shown and signed
    person: Person
    remembered: bool


@dataclass(slots=True)
class _Kept:
    """A session in memory. Other processes may have seen its person act later, never earlier."""

    view: SessionView
    created_at: datetime
    seen_at: datetime
    ends_at: datetime
    touch_tried_at: datetime | None = None

    def has_ended(self, now: datetime) -> bool:
        return now >= self.ends_at

    def see(self, seen_at: datetime) -> None:
        lifetime = REMEMBERED if self.view.remembered else ORDINARY
        self.seen_at, self.ends_at = seen_at, lifetime.ends_at(self.created_at, seen_at)


@dataclass(slots=True)
class _Generation:
    """The sessions found while ACCOUNTS had one version.

    A finder that began under an older version puts what it read into the older generation, which nobody
    looks into any more: a session revoked meanwhile does not come back.
    """

    version: int
    kept: dict[str, _Kept] = field(default_factory=dict)


class Sessions:
    """Creates, finds and ends sessions.

    What was found stays in memory while nothing about accounts changes anywhere: whoever ends a session or
    changes a person bumps the topic ACCOUNTS in the same transaction.
    """

    def __init__(self, store: Store, live: LiveBoard, *, keep_at_most: int = 10_000) -> None:
        self._store = store
        self._live = live
        self._keep_at_most = keep_at_most
        self._lock = threading.Lock()
        self._generation = _Generation(version=-1)

    def find(self, token: str, now: datetime) -> SessionView | None:
        """The session of `token`; None when it never was, has ended, or its person is disabled.

        Raises:
            StorageError: the portal database cannot be read.
        """
        kept = self._find(token, now)
        return None if kept is None else kept.view

    def touch(self, token: str, *, idle: timedelta, now: datetime) -> None:
        """Note that the person acted `idle` ago; stored at most once a minute.

        A portal database that cannot be written is logged, not raised: reading goes on.
        """
        kept = self._find(token, now)
        if kept is None:
            return
        seen_at = now - max(idle, timedelta())
        if seen_at - kept.seen_at < _TOUCH_EVERY:
            return
        if kept.touch_tried_at is not None and now - kept.touch_tried_at < _TOUCH_EVERY:
            return
        kept.touch_tried_at = now
        try:
            self._store_seen(kept.view.session_id, seen_at)
        except StorageError as error:
            log.warning("when a person last acted could not be stored: %s", error)
        else:
            kept.see(seen_at)

    def end(self, token: str) -> None:
        """End the session of `token` in every process; no such session is no error."""
        with self._store.write() as session:
            row = session.get(LoginSessionRow, sha256_hex(token))
            if row is not None:
                session.delete(row)
                bump(session, Topic.ACCOUNTS)

    def _find(self, token: str, now: datetime) -> _Kept | None:
        if len(token) != _TOKEN_LENGTH:
            return None
        # The version is taken before the database is read: see _Generation.
        version = self._live.snapshot().version(Topic.ACCOUNTS)
        generation = self._generation
        if generation.version != version:
            generation = self._generation = _Generation(version)
        digest = sha256_hex(token)
        kept = generation.kept.get(digest)
        if kept is None or kept.has_ended(now):  # its person may have acted through another process
            kept = self._load(digest)
            if kept is None or kept.has_ended(now):
                return None
            self._keep(generation, digest, kept)
        return kept

    def _load(self, digest: str) -> _Kept | None:
        with self._store.read() as session:
            found = session.execute(
                select(LoginSessionRow, PersonRow)
                .join(PersonRow, PersonRow.id == LoginSessionRow.person_id)
                .where(LoginSessionRow.token_digest == digest, PersonRow.disabled_at.is_(None))
            ).one_or_none()
            if found is None:
                return None
            row, person_row = found
            person = read_person(session, person_row)
        kept = _Kept(
            view=SessionView(row.token_digest, person, row.remembered),
            created_at=row.created_at,
            seen_at=row.seen_at,
            ends_at=row.seen_at,
        )
        kept.see(row.seen_at)
        return kept

    def _keep(self, generation: _Generation, digest: str, kept: _Kept) -> None:
        with self._lock:
            while len(generation.kept) >= self._keep_at_most:
                generation.kept.pop(next(iter(generation.kept)))
            generation.kept[digest] = kept

    def _store_seen(self, digest: str, seen_at: datetime) -> None:
        with self._store.write() as session:
            session.execute(
                update(LoginSessionRow)
                .where(LoginSessionRow.token_digest == digest, LoginSessionRow.seen_at < seen_at)
                .values(seen_at=seen_at)
            )


def start_session(
    session: Session, person_id: int, *, address: str, user_agent: str, remembered: bool, now: datetime
) -> str:
    """Store a new session in the caller's transaction and return its token, which is stored nowhere."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    session.add(
        LoginSessionRow(
            token_digest=sha256_hex(token),
            person_id=person_id,
            created_at=now,
            seen_at=now,
            remembered=remembered,
            address=printable(address, ADDRESS_LENGTH),
            user_agent=printable(user_agent, USER_AGENT_LENGTH),
        )
    )
    return token


def end_sessions_of(session: Session, person_id: int, *, keep_token: str | None = None) -> None:
    """End a person's sessions in the caller's transaction, which must bump ACCOUNTS."""
    ended = delete(LoginSessionRow).where(LoginSessionRow.person_id == person_id)
    if keep_token is not None:
        ended = ended.where(LoginSessionRow.token_digest != sha256_hex(keep_token))
    session.execute(ended)
