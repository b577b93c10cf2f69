"""The job that brings calls from the ledger into the register, each exactly once.

Oracle's answers get lost, orders arrive after their line was thought dead, and this process may be killed or
frozen between any two lines of the code below. Each step therefore

1. looks into the register: the rows of the calls that are due, and new keys for those that have none;
2. notes in the ledger what it is about to do: the keys, and that an order may be under way;
3. gives the orders in one transaction of Oracle: INSERT under the noted key, UPDATE of a row that is as seen;
4. notes in the ledger what has come of it.

A row is inserted under the key that was on the disk before, however often: a key that is taken is compared
with what we wanted to insert. What was noted in 2 and not in 4 is looked at again a minute later. Steps 2 and
4 prove the lease; of the orders of a leader that was frozen between them, an INSERT finds its key taken and
an UPDATE no row as it was seen.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from services.errors import Reason, UpstreamError
from services.jobs import Fence, pause_after
from services.live import Topic, bump, report_answer, report_failure
from services.oracle import translated
from services.storage import Store
from services.telephony.model import EntryState, Rules
from services.telephony.register import statements
from services.telephony.register.orders import Fate, Orders, Outcome, Task
from services.telephony.register.statements import SOURCE, RegisterRow
from services.telephony.register.wanted import is_ours, local, wanted_row
from services.telephony.tables import CallRow, EntryRow

log = logging.getLogger(__name__)

#: Calls in one step: each of its two transactions holds the write lock for well under 50 ms.
BATCH = 100
IDLE = timedelta(seconds=0.5)
PROBE_EVERY_S = 8.0
#: So long an order may be under way before what it left is taken for its outcome.
VERIFY_AFTER = timedelta(seconds=60)
#: What has failed so often is tried alone: it may be what makes others fail, e.g. a row somebody has locked.
ALONE_AFTER = 2
_LONGEST_PAUSE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class _View:
    """What the register looked like: the rows of the keys that were asked for, and keys for new rows."""

    asked: Mapping[int, int]  # key of each call that has one
    rows: Mapping[int, RegisterRow]
    highest: int
    drawn: Sequence[int]  # from the sequence


class RegisterDelivery:
    """The job `register.delivery`. It alone tells the live tables how SALES is.

    Nobody else writes there, and it rests longer after each failure, up to ten seconds, with one question in
    between: that is its circuit.
    """

    name = "register.delivery"

    def __init__(
        self,
        store: Store,
        engine: Engine,
        rules: Rules,
        *,
        sequence: str | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; `sequence` is where Oracle draws keys, None to take the highest key and one."""
        self._store = store
        self._engine = engine
        self._orders = Orders(engine)
        self._rules = rules
        self._sequence = sequence
        self._clock = clock
        self._stopwatch = stopwatch
        self._failures = 0
        self._asked_at = float("-inf")

    def step(self, fence: Fence) -> timedelta:
        """Deliver what is due, up to a batch; without anything to do, see from time to time how SALES is."""
        due = self._due()
        if not due and not self._failures and self._stopwatch() - self._asked_at < PROBE_EVERY_S:
            return IDLE
        self._asked_at = began = self._stopwatch()
        try:
            view = self._look(due)
        except UpstreamError as error:
            return self._bear(fence, error)
        tasks = self._claim(fence, due, view) if due else []
        outcomes, failure = self._orders.give(tasks)
        if failure is not None and failure.reason is Reason.TIMEOUT and self._answers():
            failure = None  # well as a whole: somebody has locked one of the rows
        took = timedelta(seconds=self._stopwatch() - began)
        rest = self._finish(fence, tasks, outcomes, failure, took)
        return timedelta(0) if rest == IDLE and tasks else rest

    def _due(self) -> list[CallRow]:
        """Calls to be delivered or looked at again, longest due first."""
        now = self._clock()
        waiting = (
            select(CallRow, EntryRow.attempts)
            .join(EntryRow, EntryRow.call_id == CallRow.id)
            .where(EntryRow.state == EntryState.WAITING, EntryRow.next_try_at <= now)
            .order_by(EntryRow.next_try_at, EntryRow.call_id)
            # One is enough to see whether a system that failed answers again.
            .limit(1 if self._failures else BATCH)
        )
        doubtful = (
            select(CallRow)
            .join(EntryRow, EntryRow.call_id == CallRow.id)
            .where(EntryRow.state == EntryState.WRITTEN, EntryRow.verify_at <= now)
            .order_by(EntryRow.verify_at)
        )
        with self._store.read() as session:
            found = [(call, attempts) for call, attempts in session.execute(waiting)]
            if found and found[0][1] >= ALONE_AFTER:
                return [found[0][0]]
            due = [call for call, attempts in found if attempts < ALONE_AFTER]
            if not self._failures and len(due) < BATCH:
                due += session.scalars(doubtful.limit(BATCH - len(due)))
        return due

    def _look(self, due: Sequence[CallRow]) -> _View:
        asked = {call.id: call.register_key for call in due if call.register_key is not None}
        new = len(due) - len(asked)
        with translated(SOURCE), self._engine.connect() as connection:
            if not due:
                statements.probe(connection)
            highest, drawn = 0, list[int]()
            if new and self._sequence is not None:
                drawn = statements.keys_of_sequence(connection, self._sequence, new)
            elif new:
                highest = statements.highest_key(connection)
            return _View(asked, statements.rows_of(connection, asked.values()), highest, drawn)

    def _claim(self, fence: Fence, due: Sequence[CallRow], view: _View) -> list[Task]:
        """Note in the ledger what is about to be done, and return it."""
        now = self._clock()
        pairs = (
            select(EntryRow, CallRow)
            .join(CallRow, CallRow.id == EntryRow.call_id)
            .where(EntryRow.call_id.in_([call.id for call in due]))
            .order_by(EntryRow.call_id)
        )
        tasks: list[Task] = []
        with fence.write(durable=len(view.asked) < len(due)) as session:
            bump(session, Topic.TELEPHONY)
            found = [(entry, call) for entry, call in session.execute(pairs) if _is_due(entry, now)]
            new = [call for _, call in found if call.register_key is None]
            keys = dict(
                zip((call.id for call in new), self._free_keys(session, view, len(new)), strict=False)
            )
            for entry, call in found:
                if call.id in keys:
                    call.register_key, entry.inserted_begin = keys[call.id], call.began_at
                elif view.asked.get(call.id) != call.register_key or call.register_key is None:
                    continue  # what was seen is not of its key: the next step will see
                tasks.append(self._task(entry, call, view, now))
                entry.verify_at = now + VERIFY_AFTER
        return tasks

    def _free_keys(self, session: Session, view: _View, count: int) -> list[int]:
        """Keys that no call of ours has, copied ones included; fewer than `count` when the sequence lags."""
        if not count:
            return []
        if self._sequence is None:
            ours = session.scalar(select(func.max(CallRow.register_key))) or 0
            first = max(view.highest, ours) + 1
            return list(range(first, first + count))
        taken = set(session.scalars(select(CallRow.register_key).where(CallRow.register_key.in_(view.drawn))))
        return [key for key in view.drawn if key not in taken][:count]

    def _task(self, entry: EntryRow, call: CallRow, view: _View, now: datetime) -> Task:
        assert call.register_key is not None
        assert entry.inserted_begin is not None
        begin = local(entry.inserted_begin, self._rules)
        new = wanted_row(call, call.register_key, call.began_at, self._rules)
        seen = view.rows.get(call.register_key)
        if seen is not None and is_ours(seen, new, begin):
            # Noted before it is changed: from now on its begin may be another one than was inserted.
            entry.is_inserted = True
        return Task(
            call_id=call.id,
            version=entry.wanted,
            seen=seen,
            new=new,
            is_inserted=entry.is_inserted,
            inserted_begin=begin,
            attempts=entry.attempts,
            verify_before=entry.verify_at if entry.verify_at is not None and entry.verify_at > now else None,
        )

    def _answers(self) -> bool:
        try:
            with translated(SOURCE), self._engine.connect() as connection:
                statements.probe(connection)
        except UpstreamError:
            return False
        return True

    def _finish(
        self,
        fence: Fence,
        tasks: Sequence[Task],
        outcomes: Mapping[int, Outcome],
        error: UpstreamError | None,
        took: timedelta,
    ) -> timedelta:
        """Note in the ledger what has come of it and say how long to rest."""
        if error is not None:
            return self._bear(fence, error, tasks, outcomes)
        now = self._clock()
        with fence.write() as session:
            self._note(session, tasks, outcomes, now)
            report_answer(session, SOURCE, took=took, now=now)
        if self._failures:
            log.info("the register answers again")
        self._failures = 0
        return IDLE

    def _bear(
        self,
        fence: Fence,
        error: UpstreamError,
        tasks: Sequence[Task] = (),
        outcomes: Mapping[int, Outcome] | None = None,
    ) -> timedelta:
        """Note why SALES does not answer and say how long to rest."""
        self._failures += 1
        if self._failures == 1:
            log.warning("calls wait for the register: %s", error, exc_info=error)
        pause = pause_after(self._failures, longest=_LONGEST_PAUSE)
        now = self._clock()
        with fence.write() as session:
            self._note(session, tasks, outcomes or {}, now)
            report_failure(session, SOURCE, error, now=now, next_try_at=now + pause)
        return pause

    def _note(
        self, session: Session, tasks: Sequence[Task], outcomes: Mapping[int, Outcome], now: datetime
    ) -> None:
        if not tasks:
            return
        bump(session, Topic.TELEPHONY)
        by_call = {task.call_id: task for task in tasks}
        for entry, call in _with_calls(session, by_call):
            task = by_call[call.id]
            outcome = outcomes.get(call.id, Outcome(Fate.UNTRIED))
            if outcome.fate not in (Fate.LOST, Fate.UNTRIED):
                entry.verify_at = task.verify_before
            _apply(entry, call, task, outcome, now)


def _with_calls(session: Session, call_ids: Iterable[int]) -> list[tuple[EntryRow, CallRow]]:
    pairs = (
        select(EntryRow, CallRow)
        .join(CallRow, CallRow.id == EntryRow.call_id)
        .where(EntryRow.call_id.in_(list(call_ids)))
        .order_by(EntryRow.call_id)
    )
    return [(entry, call) for entry, call in session.execute(pairs)]


def _is_due(entry: EntryRow, now: datetime) -> bool:
    """Whether it still is: people decide about entries while we look."""
    if entry.state == EntryState.WAITING:
        return entry.next_try_at <= now
    return entry.state == EntryState.WRITTEN and entry.verify_at is not None and entry.verify_at <= now


def _apply(entry: EntryRow, call: CallRow, task: Task, outcome: Outcome, now: datetime) -> None:
    fate = outcome.fate
    if fate in (Fate.DONE, Fate.PRESENT):
        entry.is_inserted = True
        entry.attempts, entry.error_code, entry.error_text = 0, None, None
    if fate is Fate.DONE:
        entry.written = task.version
    elif fate is Fate.FOREIGN:
        call.register_key, entry.inserted_begin = None, None
    elif fate in (Fate.AGAIN, Fate.LOST, Fate.REFUSED):
        entry.attempts += 1
        entry.error_code, entry.error_text = outcome.code, outcome.text
        entry.next_try_at = now if fate is Fate.REFUSED else now + pause_after(entry.attempts)
    if entry.state == EntryState.DROPPED:
        return  # decided while the order was under way
    if fate is Fate.REFUSED:
        entry.state, entry.verify_at = EntryState.REFUSED, None
    elif fate is Fate.DONE and entry.written == entry.wanted:
        entry.state = EntryState.WRITTEN
    elif fate is not Fate.UNTRIED:
        entry.state = EntryState.WAITING
