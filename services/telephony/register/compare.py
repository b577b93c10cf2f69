"""The nightly job that compares ledger and register, call by call, and keeps what differs for people to see.

It changes neither: other programs may have had their reasons.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from services.errors import UpstreamError
from services.jobs import Fence, pause_after
from services.live import LiveBoard, Topic, bump
from services.oracle import translated
from services.storage import Store
from services.telephony.model import EntryState, Rules
from services.telephony.register import statements
from services.telephony.register.copy import look_row
from services.telephony.register.statements import MOST_KEYS, SOURCE, RegisterRow
from services.telephony.register.tables import ONLY, DifferenceRow, RegisterLookRow
from services.telephony.register.wanted import differing, local, wanted_row
from services.telephony.tables import CallRow, EntryRow

log = logging.getLogger(__name__)

#: By the centre's clock; a night that was missed is made up for when the collector is back.
NIGHT_BEGINS = timedelta(hours=3)
LOOK_EVERY = timedelta(minutes=1)
#: The register has other work to do.
REST = timedelta(seconds=0.2)
_COMPARED = (EntryState.WRITTEN, EntryState.DROPPED)


class DifferenceKind(StrEnum):
    """In what way ledger and register differ about a call."""

    MISSING = "missing"  # written, and not in the register
    DIFFERS = "differs"  # written, and not as we wrote it
    UNWANTED = "unwanted"  # dropped by an administrator, and in the register all the same
    TWICE = "twice"  # another program has the same call under another key


class RegisterCompare:
    """The job `register.compare`."""

    name = "register.compare"

    def __init__(
        self,
        store: Store,
        engine: Engine,
        live: LiveBoard,
        rules: Rules,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._engine = engine
        self._live = live
        self._rules = rules
        self._clock = clock
        self._failures = 0

    def step(self, fence: Fence) -> timedelta:
        """Compare the next calls of tonight; rest until the next night when that is done."""
        now = self._clock()
        night = (now.astimezone(self._rules.zone) - NIGHT_BEGINS).date().isoformat()
        after = self._place(night)
        if after is None or not self._live.snapshot().source(SOURCE).is_current:
            return LOOK_EVERY
        pairs = self._next(after)
        keys = [call.register_key for _, call in pairs if call.register_key is not None]
        try:
            with translated(SOURCE), self._engine.connect() as connection:
                rows = statements.rows_of(connection, keys)
        except UpstreamError as error:
            self._failures += 1
            log.warning("the register cannot be compared: %s", error, exc_info=error)
            return pause_after(self._failures, longest=LOOK_EVERY)
        self._failures = 0
        found = self._found(pairs, rows)
        with fence.write() as session:
            self._store_differences(session, pairs, found, night, now)
            self._move_on(session, night, keys, now)
        return REST

    def _place(self, night: str) -> int | None:
        """The key up to which tonight's calls are compared; None when all are."""
        with self._store.read() as session:
            row = session.get(RegisterLookRow, ONLY)
        return 0 if row is None or row.night != night else row.compared_key

    def _next(self, after: int) -> list[tuple[EntryRow, CallRow]]:
        statement = (
            select(EntryRow, CallRow)
            .join(CallRow, CallRow.id == EntryRow.call_id)
            .where(CallRow.register_key > after)
            .order_by(CallRow.register_key)
            .limit(MOST_KEYS)
        )
        with self._store.read() as session:
            return [(entry, call) for entry, call in session.execute(statement)]

    def _found(
        self, pairs: Sequence[tuple[EntryRow, CallRow]], rows: dict[int, RegisterRow]
    ) -> list[tuple[EntryRow, DifferenceKind, tuple[str, ...]]]:
        theirs = self._calls_of_others([call for _, call in pairs])
        found: list[tuple[EntryRow, DifferenceKind, tuple[str, ...]]] = []
        for entry, call in pairs:
            assert call.register_key is not None
            if entry.state not in _COMPARED:
                continue
            row = rows.get(call.register_key)
            wanted = wanted_row(call, call.register_key, call.began_at, self._rules)
            if entry.state == EntryState.DROPPED:
                if row is not None and entry.is_inserted:
                    found.append((entry, DifferenceKind.UNWANTED, ()))
                continue
            if row is None:
                found.append((entry, DifferenceKind.MISSING, ()))
            elif row != wanted:
                found.append((entry, DifferenceKind.DIFFERS, differing(row, wanted)))
            if (wanted.phone_number, wanted.currator, wanted.time_begin) in theirs:
                found.append((entry, DifferenceKind.TWICE, ()))
        return found

    def _calls_of_others(
        self, calls: Sequence[CallRow]
    ) -> set[tuple[str | None, str | None, datetime | None]]:
        """Number, curator and begin of the copied calls of the same time."""
        if not calls:
            return set()
        begins = [call.began_at for call in calls]
        second = timedelta(seconds=1)
        statement = select(CallRow.number, CallRow.curator, CallRow.began_at).where(
            CallRow.token.is_(None), CallRow.began_at.between(min(begins) - second, max(begins) + second)
        )
        with self._store.read() as session:
            return {
                (row.number, row.curator, local(row.began_at, self._rules))
                for row in session.execute(statement)
            }

    def _store_differences(
        self,
        session: Session,
        pairs: Sequence[tuple[EntryRow, CallRow]],
        found: Sequence[tuple[EntryRow, DifferenceKind, tuple[str, ...]]],
        night: str,
        now: datetime,
    ) -> None:
        """Store what was found, but for calls that changed while the register was read."""
        ids = [entry.call_id for entry, _, _ in found]
        present = {
            row.call_id: row for row in session.scalars(select(EntryRow).where(EntryRow.call_id.in_(ids)))
        }
        for entry, kind, columns in found:
            row = present[entry.call_id]
            if (row.state, row.wanted) != (entry.state, entry.wanted):
                continue
            session.add(
                DifferenceRow(
                    night=night,
                    call_id=entry.call_id,
                    kind=kind,
                    differing=" ".join(columns) or None,
                    found_at=now,
                )
            )

    def _move_on(self, session: Session, night: str, keys: Sequence[int], now: datetime) -> None:
        row = look_row(session)
        row.night = night
        row.compared_key = keys[-1] if len(keys) == MOST_KEYS else None
        if row.compared_key is None:
            row.compared_at = now
            session.execute(delete(DifferenceRow).where(DifferenceRow.night != night))
            bump(session, Topic.TELEPHONY)
