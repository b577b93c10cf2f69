"""What waits for the register, what it refused, and what an administrator decides about that."""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.errors import Reason
from services.live import LiveBoard, Topic, bump
from services.storage import Store
from services.telephony.model import Call, EntryState, TelephonyError
from services.telephony.register.compare import DifferenceKind
from services.telephony.register.copy import problem_of
from services.telephony.register.refusals import ROW_GONE
from services.telephony.register.tables import ONLY, DifferenceRow, RegisterLookRow
from services.telephony.rows import to_call
from services.telephony.tables import CallRow, EntryRow

log = logging.getLogger(__name__)


class NotRefused(TelephonyError):
    """The register has not refused this call (any more): there is nothing to decide."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Calls that the register has not learnt all of, and when the first of them came into the ledger."""

    count: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class RefusedEntry:
    """A call that the register will not take as it is.

    `code` is Oracle's (`ORA-12899`), or ours: `row_gone`, its row was there and was deleted or replaced.
    `text` are Oracle's own words, without values of the call; None for our code.
    """

    call: Call
    code: str
    text: str | None
    refused_at: datetime


@dataclass(frozen=True, slots=True)
class Difference:
    """A call of which ledger and register told different things last night.

    `columns` names the columns of T_CALL_INFO in which a row differs, empty for other kinds.
    """

    call: Call
    kind: DifferenceKind
    columns: tuple[str, ...]
    found_at: datetime


@dataclass(frozen=True, slots=True)
class RegisterFreshness:
    """How current the calls of other programs are.

    `looked_at` is None while the register was never read. `problem` tells why it is not read now, and `since`
    from when on. `is_complete`: all of it was read once. `compared_at` is when the last nightly comparison
    ended, whose outcome `Outbox.differences` tells.
    """

    looked_at: datetime | None
    problem: Reason | None
    since: datetime | None
    is_complete: bool
    compared_at: datetime | None


class Outbox:
    """The way of calls into the register, for pages. All methods raise StorageError."""

    def __init__(
        self, store: Store, live: LiveBoard, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = store
        self._live = live
        self._clock = clock

    def waiting(self) -> Waiting:
        """How much waits."""
        waits = EntryRow.state == EntryState.WAITING
        with self._store.read() as session:
            count, oldest_at = session.execute(
                select(func.count(), func.min(EntryRow.created_at)).where(waits)
            ).one()
        return Waiting(count, oldest_at)

    def refused(self, limit: int = 50) -> list[RefusedEntry]:
        """What was refused, latest first."""
        statement = (
            select(EntryRow, CallRow)
            .join(CallRow, CallRow.id == EntryRow.call_id)
            .where(EntryRow.state == EntryState.REFUSED)
            .order_by(EntryRow.next_try_at.desc(), EntryRow.call_id.desc())
            .limit(limit)
        )
        with self._store.read() as session:
            return [
                RefusedEntry(to_call(call), entry.error_code or "", entry.error_text, entry.next_try_at)
                for entry, call in session.execute(statement)
            ]

    def states(self, call_ids: Collection[int]) -> Mapping[int, EntryState]:
        """How far these calls are on their way; those that other programs wrote are left out."""
        if not call_ids:
            return {}
        statement = select(EntryRow.call_id, EntryRow.state).where(EntryRow.call_id.in_(list(call_ids)))
        with self._store.read() as session:
            return {row.call_id: EntryState(row.state) for row in session.execute(statement)}

    def retry(self, call_id: int, by: str) -> None:
        """Try a refused call once more, on behalf of `by`. A row that is gone is then inserted anew.

        Raises:
            NotRefused: it is not refused, or not any more.
        """
        with self._store.write(durable=True) as session:
            entry = _refused(session, call_id)
            if entry.error_code == ROW_GONE:
                entry.is_inserted = False
            entry.state, entry.next_try_at, entry.attempts = EntryState.WAITING, self._clock(), 0
            entry.error_code, entry.error_text = None, None
        log.info("call %d is sent to the register again, as %s decided", call_id, by)

    def drop(self, call_id: int, by: str) -> None:
        """Leave a refused call out of the register, on behalf of `by`; it stays in the portal.

        Raises:
            NotRefused: it is not refused, or not any more.
        """
        with self._store.write(durable=True) as session:
            _refused(session, call_id).state = EntryState.DROPPED
        log.info("call %d stays out of the register, as %s decided", call_id, by)

    def differences(self, limit: int = 50) -> list[Difference]:
        """What the last comparison found, latest call first."""
        statement = (
            select(DifferenceRow, CallRow)
            .join(CallRow, CallRow.id == DifferenceRow.call_id)
            .order_by(CallRow.began_at.desc(), DifferenceRow.id)
            .limit(limit)
        )
        with self._store.read() as session:
            return [
                Difference(
                    to_call(call),
                    DifferenceKind(row.kind),
                    tuple((row.differing or "").split()),
                    row.found_at,
                )
                for row, call in session.execute(statement)
            ]

    def freshness(self) -> RegisterFreshness:
        """When the register was last read, and what keeps it from being read."""
        with self._store.read() as session:
            row = session.get(RegisterLookRow, ONLY) or RegisterLookRow(id=ONLY, is_complete=False)
        problem, since = problem_of(self._live, row.reason) or (None, None)
        return RegisterFreshness(
            looked_at=row.looked_at,
            problem=problem,
            since=since or (row.since if problem else None),
            is_complete=row.is_complete,
            compared_at=row.compared_at,
        )


def _refused(session: Session, call_id: int) -> EntryRow:
    bump(session, Topic.TELEPHONY)
    entry = session.get(EntryRow, call_id)
    if entry is None or entry.state != EntryState.REFUSED:
        raise NotRefused(f"call {call_id} is not refused by the register")
    return entry
