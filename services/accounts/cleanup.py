"""The collector's job that deletes what accounts need no more."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, delete, inspect, select, tuple_
from sqlalchemy.orm import Session

from services.accounts.attempts import FAILURES_COUNT_FOR, ORIGIN_KNOWN_FOR
from services.accounts.sessions import ended_sessions
from services.accounts.tables import KnownOriginRow, LoginFailureRow, LoginSessionRow
from services.jobs import Fence
from services.storage import Base

_BATCH = 500
_REST = timedelta(minutes=10)


class AccountsCleanup:
    """Deletes ended sessions, failures that no limit counts, and origins that are known no more.

    Topics are not bumped: none of this is valid any longer in any process.
    """

    name = "accounts.cleanup"

    def __init__(
        self, *, batch: int = _BATCH, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._batch = batch
        self._clock = clock

    def step(self, fence: Fence) -> timedelta:
        """Delete at most one batch of each; come back at once if there is more."""
        now = self._clock()
        outdated: list[tuple[type[Base], ColumnElement[bool]]] = [
            (LoginSessionRow, ended_sessions(now)),
            (LoginFailureRow, LoginFailureRow.failed_at <= now - FAILURES_COUNT_FOR),
            (KnownOriginRow, KnownOriginRow.entered_at <= now - ORIGIN_KNOWN_FOR),
        ]
        with fence.write() as session:
            deleted = [self._delete_batch(session, table, where) for table, where in outdated]
        return timedelta() if self._batch in deleted else _REST

    def _delete_batch(self, session: Session, row: type[Base], where: ColumnElement[bool]) -> int:
        """Delete up to a batch of rows and return how many; MariaDB cannot limit a DELETE's subquery."""
        key = inspect(row).primary_key
        found = session.execute(select(*key).where(where).limit(self._batch)).all()
        if found:
            session.execute(delete(row).where(tuple_(*key).in_([tuple(each) for each in found])))
        return len(found)
