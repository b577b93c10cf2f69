"""The job that ends what no event ends, and takes up again what could not be applied."""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from services.jobs import Fence
from services.live import Topic, bump
from services.storage import Store
from services.telephony.applying import apply
from services.telephony.entries import enter, want
from services.telephony.ledger import make_token
from services.telephony.machine import JOINED_WITHIN, absorbed, repeated_end, without_begin
from services.telephony.model import CallState, Outcome, Rules
from services.telephony.rows import put_facts, to_facts, told_from_json
from services.telephony.tables import CallRow, EventRow

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=5)
#: What fails once more waits so long, or for a collector that understands more.
TRY_FAILED_EVERY = timedelta(minutes=10)
#: Calls or events in one transaction: the write lock is held for well under 50 ms.
BATCH = 20


class CallExpiry:
    """The job `telephony.expiry`."""

    name = "telephony.expiry"

    def __init__(
        self,
        store: Store,
        rules: Rules,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        make_token: Callable[[], str] = make_token,
    ) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock
        self._make_token = make_token
        self._tried_to = 0  # the id of the last failed event that was tried in this round
        self._next_round_at: datetime | None = None

    def step(self, fence: Fence) -> timedelta:
        """Handle some of what is due; goes on at once while there is more."""
        now = self._clock()
        if self._next_round_at is None or now >= self._next_round_at:
            self._tried_to, self._next_round_at = 0, now + TRY_FAILED_EVERY
        overdue, orphans, failed = self._due(now)
        if overdue or orphans:
            with fence.write(durable=True) as session:
                bump(session, Topic.TELEPHONY)
                self._expire(session, overdue)
                self._settle(session, orphans, now)
        for event_id in failed:
            self._try_again(fence, event_id)
        is_more = BATCH in (len(overdue), len(orphans), len(failed))
        return timedelta(0) if is_more else EVERY

    def _due(self, now: datetime) -> tuple[Sequence[int], Sequence[int], Sequence[int]]:
        """The ids of calls that went on for too long, of ends without a begin, and of failed events."""
        span = self._rules.call_span
        reported = (
            select(CallRow.id).where(CallRow.token.is_not(None)).order_by(CallRow.began_at).limit(BATCH)
        )
        overdue = reported.where(CallRow.state == CallState.OPEN.value, CallRow.began_at < now - span)
        orphans = reported.where(
            CallRow.state == CallState.AWAITS_BEGIN.value, CallRow.began_at < now - JOINED_WITHIN
        )
        failed = (
            select(EventRow.id)
            .where(EventRow.outcome == Outcome.FAILED.value, EventRow.id > self._tried_to)
            .order_by(EventRow.id)
            .limit(BATCH)
        )
        with self._store.read() as session:
            return (
                session.scalars(overdue).all(),
                session.scalars(orphans).all(),
                session.scalars(failed).all(),
            )

    @staticmethod
    def _expire(session: Session, ids: Sequence[int]) -> None:
        # An end may have come since they were found.
        still_open = (CallRow.id.in_(ids), CallRow.state == CallState.OPEN.value)
        session.execute(update(CallRow).where(*still_open).values(state=CallState.EXPIRED.value))

    def _settle(self, session: Session, ids: Sequence[int], now: datetime) -> None:
        """Decide what ends are whose begin did not come in time."""
        waiting = (CallRow.id.in_(ids), CallRow.state == CallState.AWAITS_BEGIN.value)
        for orphan in session.scalars(select(CallRow).where(*waiting)).all():
            others = self._others(session, orphan)
            place = repeated_end(to_facts(orphan), [to_facts(one) for one in others], self._rules.call_span)
            if place is None:
                put_facts(orphan, without_begin(to_facts(orphan)))
                enter(session, [orphan.id], now)
            else:
                _fold(session, orphan, others[place], now)
        session.flush()

    def _others(self, session: Session, orphan: CallRow) -> Sequence[CallRow]:
        """The other calls of its number and curator that may have ended within the span before it."""
        found = session.scalars(
            select(CallRow)
            .where(
                CallRow.token.is_not(None),
                CallRow.number == orphan.number,
                CallRow.curator == orphan.curator,
                CallRow.began_at >= orphan.began_at - 2 * self._rules.call_span,
                CallRow.id != orphan.id,
            )
            .order_by(CallRow.began_at)
        )
        return [one for one in found if one.curator == orphan.curator]  # MariaDB takes "a" for "A"

    def _try_again(self, fence: Fence, event_id: int) -> None:
        """Apply an event that could not be applied when it came."""
        self._tried_to = event_id
        with fence.write(durable=True) as session:
            bump(session, Topic.TELEPHONY)
            event = session.get(EventRow, event_id)
            if event is None or event.outcome != Outcome.FAILED.value:
                return
            try:
                with session.begin_nested():
                    told = told_from_json(event.report, event.received_at)
                    [receipt] = apply(session, [told], self._rules, self._make_token)
            except OperationalError:  # of the database, not of the event
                raise
            except Exception:
                log.exception("event %d cannot be applied yet", event_id)
                return
            event.outcome = receipt.outcome.value
            event.call_id = receipt.call.id if receipt.call else None
            log.info("event %d is applied: %s", event_id, receipt.outcome)


def _fold(session: Session, orphan: CallRow, call: CallRow, now: datetime) -> None:
    """Drop an end that only repeats the one of `call`; what was told or chosen with it stays."""
    put_facts(call, absorbed(to_facts(call), to_facts(orphan)))
    if call.theme is None and orphan.theme is not None:
        call.theme = orphan.theme
        want(session, [call.id], now)
    session.execute(
        update(EventRow)
        .where(EventRow.call_id == orphan.id)
        .values(call_id=call.id, outcome=Outcome.REPEATED.value)
    )
    session.execute(delete(CallRow).where(CallRow.id == orphan.id))
