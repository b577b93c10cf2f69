"""What changed, and how each outside system is: the two small tables every open page is fed from.

A job bumps a topic's version in the same transaction that stores the new data, so a reader who sees the
version sees the data. Web processes read both tables through `LiveBoard`, at most twice a second a process,
however many pages are open.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from services.errors import Reason, UpstreamError
from services.storage import Base, StorageError, Store, UtcDateTime, table_of, upsert

log = logging.getLogger(__name__)

#: An answer that took longer than this makes an upstream "slow".
SLOW_AFTER = timedelta(seconds=2)
#: No check for this long: the collector itself is not at work.
UNWATCHED_AFTER = timedelta(seconds=20)


class Topic(StrEnum):
    """Things a page can listen to."""

    CALLS = "calls"
    STATISTICS = "statistics"
    AGENCIES = "agencies"
    WALL = "wall"
    TELEPHONY = "telephony"
    PHONES = "phones"
    SOURCES = "sources"
    ACCOUNTS = "accounts"


class TopicRow(Base):
    """A topic's version; it only grows."""

    __tablename__ = "topic"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    version: Mapped[int] = mapped_column(default=1)


def bump(session: Session, topic: Topic) -> None:
    """Say that `topic` has new data, in the caller's transaction."""
    table = table_of(TopicRow)
    raised = {"version": table.c.version + 1}
    upsert(session, table, [{"name": topic.value, "version": 1}], changes=raised)


class SourceState(StrEnum):
    """How an outside system is, as far as the portal knows."""

    OK = "ok"
    SLOW = "slow"
    DOWN = "down"
    UNWATCHED = "unwatched"  # the collector has not looked lately
    NEVER = "never"  # configured, and never looked at yet


class UpstreamRow(Base):
    """The collector's latest knowledge of one outside system."""

    __tablename__ = "upstream"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    state: Mapped[str] = mapped_column(String(20))
    since: Mapped[datetime] = mapped_column(UtcDateTime)  # when it came into this state
    checked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    latency_ms: Mapped[int | None]
    reason: Mapped[str | None] = mapped_column(String(40))
    remark: Mapped[str | None] = mapped_column(String(40))
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """One outside system as a page shows it. All times are aware UTC."""

    name: str
    state: SourceState
    since: datetime | None
    checked_at: datetime | None
    answered_at: datetime | None
    latency: timedelta | None
    reason: Reason | None
    next_try_at: datetime | None
    remark: str | None = None  # a capability's own code for what is not as it should be while it answers

    @property
    def is_current(self) -> bool:
        """Whether data taken from it may be called current."""
        return self.state in (SourceState.OK, SourceState.SLOW)


def report_answer(
    session: Session, name: str, *, took: timedelta, now: datetime, remark: str | None = None
) -> None:
    """Note that `name` answered within `took`; bumps SOURCES when its state or the remark changed."""
    state = SourceState.SLOW if took > SLOW_AFTER else SourceState.OK
    row = _report(session, name, state, now)
    row.answered_at, row.latency_ms = now, round(took.total_seconds() * 1000)
    if row.remark != remark:
        row.remark = remark
        bump(session, Topic.SOURCES)


def report_failure(
    session: Session, name: str, error: UpstreamError, *, now: datetime, next_try_at: datetime
) -> None:
    """Note that `name` failed; bumps SOURCES when its state or the reason changed."""
    _report(session, name, SourceState.DOWN, now, reason=error.reason, next_try_at=next_try_at)


def _report(
    session: Session,
    name: str,
    state: SourceState,
    now: datetime,
    *,
    reason: Reason | None = None,
    next_try_at: datetime | None = None,
) -> UpstreamRow:
    row = session.get(UpstreamRow, name)
    changed = row is None or row.state != state or row.reason != reason
    if row is None:
        row = UpstreamRow(name=name, since=now)
        session.add(row)
    if row.state != state:
        row.since = now
    row.state, row.reason, row.checked_at, row.next_try_at = state, reason, now, next_try_at
    if changed:
        bump(session, Topic.SOURCES)
    return row


@dataclass(frozen=True, slots=True)
class LiveSnapshot:
    """One moment of both tables."""

    versions: Mapping[str, int]
    sources: Mapping[str, SourceStatus]

    def version(self, topic: Topic) -> int:
        """The topic's version; 0 when nothing was ever stored for it."""
        return self.versions.get(topic, 0)

    def source(self, name: str) -> SourceStatus:
        """The status of `name`; NEVER when the collector has not looked yet."""
        return self.sources.get(name) or SourceStatus(
            name, SourceState.NEVER, None, None, None, None, None, None
        )


class LiveBoard:
    """Reads the live tables for all requests of a process, at most once per `keep` seconds."""

    def __init__(
        self,
        store: Store,
        *,
        keep: float = 0.5,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._keep = keep
        self._clock = clock
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._tables: _Tables | None = None
        self._snapshot: LiveSnapshot | None = None
        self._failure: StorageError | None = None
        self._read_at = float("-inf")

    def snapshot(self) -> LiveSnapshot:
        """The present state, at most `keep` seconds old; while the database does not answer, the last known.

        Raises:
            StorageError: the portal database cannot be read and nothing was read before.
        """
        self._refresh()
        if self._snapshot is None:
            assert self._failure is not None
            raise type(self._failure)(*self._failure.args) from self._failure
        return self._snapshot

    def _refresh(self) -> None:
        """Read the tables if it is time; whoever has an earlier answer does not wait for a slow database."""
        if self._is_fresh() or not self._lock.acquire(blocking=self._snapshot is None):
            return
        try:
            if not self._is_fresh():
                self._read()
        finally:
            self._lock.release()

    def _is_fresh(self) -> bool:
        return self._monotonic() - self._read_at < self._keep

    def _read(self) -> None:
        try:
            with self._store.read() as session:
                versions = {row.name: row.version for row in session.scalars(select(TopicRow))}
                self._tables = _Tables(versions, session.scalars(select(UpstreamRow)).all())
            self._failure = None
        except StorageError as error:
            if self._failure is None:
                log.warning("the live tables cannot be read, the last answer stays", exc_info=error)
            self._failure = error
        if self._tables is not None:
            # Also from old rows: their sources become "unwatched" with time.
            self._snapshot = self._tables.as_of(self._clock())
        # After a failure too: a dead database is asked once per `keep`, not once per request.
        self._read_at = self._monotonic()


@dataclass(frozen=True, slots=True)
class _Tables:
    """Both tables as they were read."""

    versions: Mapping[str, int]
    upstreams: Sequence[UpstreamRow]

    def as_of(self, now: datetime) -> LiveSnapshot:
        """What they mean at `now`."""
        return LiveSnapshot(self.versions, {row.name: _status(row, now) for row in self.upstreams})


def _status(row: UpstreamRow, now: datetime) -> SourceStatus:
    state, since = SourceState(row.state), row.since
    due = max(row.checked_at, row.next_try_at or row.checked_at)
    if now - due > UNWATCHED_AFTER:
        state, since = SourceState.UNWATCHED, row.checked_at
    return SourceStatus(
        name=row.name,
        state=state,
        since=since,
        checked_at=row.checked_at,
        answered_at=row.answered_at,
        latency=None if row.latency_ms is None else timedelta(milliseconds=row.latency_ms),
        reason=Reason(row.reason) if row.reason else None,
        next_try_at=row.next_try_at,
        remark=row.remark,
    )
