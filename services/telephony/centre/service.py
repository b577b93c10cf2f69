"""Reads the calls of the centre for its page, the card and the front page. Nothing is written here."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import func, or_, select

from services.storage import Store, table_of
from services.telephony.centre.callers import missed_callers, unknown_callers
from services.telephony.centre.model import (
    Board,
    CentreStatistics,
    Choices,
    ListedCall,
    PastCalls,
    RegisterPage,
    RegisterQuery,
    RegisterSlice,
    Tally,
)
from services.telephony.centre.names import KnownNames
from services.telephony.centre.register import IS_CALL, LISTED, Register, begin_of, listed
from services.telephony.centre.tallies import by_curator, statistics_of
from services.telephony.model import Call, CallState, Rules
from services.telephony.rows import to_call
from services.telephony.tables import CallRow

LAST = 5
#: Calls shown as going on, and looked through for the last five: more are at no centre at once.
MOST_IN_PROGRESS = 200
_YEAR = timedelta(days=365)
#: Whether the platform tells of answers is seen by the calls of so many days.
_TOLD_WITHIN = timedelta(days=7)
_CALL = table_of(CallRow)
_CALLS = select(_CALL).where(IS_CALL).order_by(_CALL.c.began_at.desc(), _CALL.c.id.desc())


class Centre:
    """The calls of the centre in the portal database. Every method raises StorageError."""

    def __init__(
        self, store: Store, rules: Rules, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.rules = rules
        self._store = store
        self._clock = clock
        self._names = KnownNames(store)
        self._register = Register(store, rules, self._names)

    @property
    def today(self) -> date:
        """The present day at the centre."""
        return self._clock().astimezone(self.rules.zone).date()

    def board(self) -> Board:
        """The present moment: what goes on, the last calls, and today's figures."""
        now, today = self._clock(), self.today
        is_today = _CALL.c.began_at >= begin_of(today, self.rules.zone)
        is_over = _CALL.c.state != CallState.OPEN.value
        told = select(_CALL.c.id).where(
            _CALL.c.began_at >= now - _TOLD_WITHIN, _CALL.c.answered.is_not(None), IS_CALL
        )
        with self._store.read() as session:
            last = [listed(row) for row in session.execute(LISTED.limit(1))]
            over = [listed(row) for row in session.execute(LISTED.where(is_over).limit(LAST + 1))]
            open_rows = session.execute(
                _CALLS.where(_CALL.c.state == CallState.OPEN.value).limit(MOST_IN_PROGRESS)
            )
            in_progress = [to_call(row) for row in open_rows]
            calls = [to_call(row) for row in session.execute(_CALLS.where(is_today))]
            tells = session.scalar(told.limit(1)) is not None
            curators = by_curator(session, [IS_CALL, is_today])
        return Board(
            as_of=now,
            today=today,
            last=last[0] if last else None,
            before=[one for one in over if not last or one.call.id != last[0].call.id][:LAST],
            in_progress=in_progress,
            callbacks=missed_callers(calls) if tells else None,
            unknown=unknown_callers(calls),
            curators=curators,
            total=sum((one.tally for one in curators), Tally()),
        )

    def latest(self, count: int) -> tuple[Call, ...]:
        """The last calls, whether they go on or not, latest first."""
        with self._store.read() as session:
            return tuple(to_call(row) for row in session.execute(_CALLS.limit(count)))

    def past_calls(
        self, *, number: str, agency_id: int | None, before: datetime, limit: int = 6
    ) -> PastCalls:
        """Calls of the number or its agency that began before `before`, latest first."""
        of_caller = [_CALL.c.number == number]
        if agency_id is not None:
            of_caller.append(_CALL.c.agency_id == agency_id)
        earlier = _CALL.c.began_at < before
        counted = (
            select(func.count())
            .select_from(_CALL)
            .where(IS_CALL, or_(*of_caller), earlier, _CALL.c.began_at >= before - _YEAR)
        )
        with self._store.read() as session:
            # One look for each condition: each is answered by an index of its own in the right order.
            found = {
                row.id: to_call(row)
                for condition in of_caller
                for row in session.execute(_CALLS.where(condition, earlier).limit(limit))
            }
            in_year = session.scalar(counted) or 0
        latest = sorted(found.values(), key=lambda call: (call.began_at, call.id), reverse=True)
        return PastCalls(tuple(latest[:limit]), in_year)

    def in_progress(self) -> int:
        """How many calls go on."""
        counted = select(func.count()).select_from(_CALL).where(_CALL.c.state == CallState.OPEN.value)
        with self._store.read() as session:
            return session.scalar(counted) or 0

    def statistics(self, query: RegisterQuery) -> CentreStatistics:
        """All figures over the calls that match. Raises InvalidFilter as `search`."""
        now = self._clock()
        conditions = [IS_CALL, *self._register.conditions(query, now)]
        with self._store.read() as session:
            return statistics_of(session, conditions, self.rules.zone, now)

    def search(self, query: RegisterQuery, part: RegisterSlice) -> RegisterPage:
        """One part of the calls in the whole register that match, latest first.

        Raises:
            InvalidFilter: the text fits too many names.
        """
        return self._register.page(query, part, self._clock())

    def count(self, query: RegisterQuery) -> int:
        """How many calls in the whole register match. Raises InvalidFilter as `search`."""
        return self._register.count(query, self._clock())

    def stream(self, query: RegisterQuery) -> Iterator[ListedCall]:
        """All calls that match, latest first; raises InvalidFilter as `search`, before the first of them."""
        return self._register.stream(query, self._clock())

    def curators(self) -> Sequence[str]:
        """The numbers of all curators who ever had a call."""
        return self.choices().curators

    def choices(self) -> Choices:
        """What a filter is chosen from: the curators of all calls; their themes and the configured ones."""
        names = self._names.names(self._clock())
        others = sorted(names.themes - set(self.rules.themes))
        return Choices(sorted(names.curators, key=_by_number), [*self.rules.themes, *others])


def _by_number(curator: str) -> tuple[bool, int, str]:
    """Numbers by their value, all others after them."""
    is_number = curator.isascii() and curator.isdigit()
    return not is_number, len(curator.lstrip("0")) if is_number else 0, curator
