"""The call log: one answer to the web, from the copy or read through, with how current it is."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from services.calls.copy import CopiedDays, Copy, Coverage
from services.calls.days import midnight
from services.calls.long_periods import is_plain
from services.calls.memo import Memo
from services.calls.model import (
    FIRST_DAY,
    LONGEST_READ_THROUGH_DAYS,
    AgencyInfo,
    Call,
    CallFilter,
    CallPage,
    CallStats,
    CallSummary,
    ClientCard,
    Comparison,
    FilterFault,
    Freshness,
    InvalidFilter,
    LogFacts,
    NotConfigured,
    OperatorCount,
    Page,
    Problem,
    is_possible_id,
    require_sort,
)
from services.calls.queries import Figures, Span
from services.calls.read_through import SLOTS, ReadThrough
from services.calls.source_errors import upstream_error
from services.calls.sync import SOURCE
from services.errors import Reason, UpstreamError
from services.live import LiveBoard, SourceState, SourceStatus, Topic
from services.storage import Store

T = TypeVar("T")
#: All matching calls, None where counting them took too long, and those of them that are newer.
_Count: TypeAlias = tuple[int | None, int]

_KEPT_ANSWERS = 512
#: An answer of the copy holds until the topic's version changes; after this its memory is given back.
_KEEP_COPIED_S = 60.0
_KEEP_READ_S = 3.0
#: What the source was long at work on is asked again only after so many times as long.
_REST = 10.0
_KEEP_DAYS_S = 0.5
_KEEP_STATS_S = 300.0
_STREAM_BATCH = 500
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Centre:
    """A call-centre database, and how many days before today the portal copies into its own."""

    store: Store
    database_url: str = field(repr=False)  # may hold a password
    copy_days: int


class CallLog:
    """The calls of one centre.

    Every method that asks for calls may raise, besides what it says itself:
    NotConfigured (there is no call-centre database), InvalidFilter (no such question can be answered),
    UpstreamError (the source does not answer and nothing is known), StorageError (the portal database cannot
    be read).
    """

    def __init__(
        self,
        centre: Centre | None,
        live: LiveBoard,
        zone: ZoneInfo,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; no connection is opened. `centre` is None when there is no call-centre database.

        Raises:
            ValueError: `centre` leads to a kind of database that the call centre does not have.
        """
        self._centre = centre
        self._maybe_copy = None if centre is None else Copy(centre.store, zone)
        self._maybe_through = None if centre is None else ReadThrough(centre.database_url, zone, clock)
        self._live = live
        self.zone = zone
        self._clock = clock
        self._memo = Memo(_KEPT_ANSWERS, stopwatch)
        self._beside = ThreadPoolExecutor(SLOTS, "count")

    @property
    def centre(self) -> Centre:
        """Where the calls are. Raises NotConfigured."""
        if self._centre is None:
            raise NotConfigured("call_centre")
        return self._centre

    def close(self) -> None:
        """Close all connections to the call-centre database."""
        if self._maybe_through is not None:
            self._maybe_through.close()

    def today(self) -> date:
        """The present day in the centre's zone."""
        return self._local_now().date()

    def page(self, filter_: CallFilter, page: Page) -> CallPage:
        """A part of the matching calls, with the number of all of them."""
        copy, through = self._copy, self._through
        count_key, page_key = ("count", filter_, page.until_id), ("page", filter_, page)

        def copied() -> tuple[tuple[Call, ...], _Count]:
            count = self._copied(count_key, lambda: copy.count(filter_, page.until_id))
            return self._copied(page_key, lambda: copy.page(filter_, page)), count

        def counted() -> tuple[_Count, datetime]:
            return self._read_count(count_key, lambda: through.count(filter_, page.until_id))

        def read() -> tuple[tuple[tuple[Call, ...], _Count], datetime]:
            if is_plain(filter_):  # the page needs no count to be found: the source works at both at once
                counting = self._beside.submit(counted)
                calls, _ = self._read(page_key, lambda: through.page(filter_, page))
                count, as_of = counting.result()
                return (calls, count), as_of
            with through.together():
                count, as_of = counted()
                calls, _ = self._read(page_key, lambda: through.page(filter_, page, count[0]))
            return (calls, count), as_of

        (calls, (total, newer)), freshness = self._answer(filter_, copied, read)
        return CallPage(calls, None if total is None else total - newer, newer, freshness)

    def copied_today(self) -> int | None:
        """How many calls of today the copy has; None without a copy of today. Never asks the source."""
        if self._maybe_copy is None:
            return None
        copy, today = self._maybe_copy, self.today()
        filter_ = CallFilter(today, today)
        if not self._coverage(filter_).is_known:
            return None
        total, _ = self._copied(("count", filter_, None), lambda: copy.count(filter_, None))
        return total

    def summary(self, filter_: CallFilter) -> CallSummary:
        """The figures of all matching calls."""
        figures, freshness = self._figures(filter_)
        try:
            counts, _ = self.operator_counts(filter_)
        except UpstreamError as error:
            if error.reason is not Reason.TOO_SLOW:
                raise
            counts = None
        return CallSummary(
            total=figures.total,
            identified=figures.identified,
            handled=figures.handled,
            with_known_result=figures.with_known_result,
            operators=counts,
            per_hour=figures.per_hour,
            before=self._before(filter_),
            freshness=freshness,
        )

    def operator_counts(self, filter_: CallFilter) -> tuple[tuple[OperatorCount, ...], Freshness]:
        """The calls of each operator, most calls first, the operator filter aside."""
        copy, through = self._copy, self._through
        key = ("operators", replace(filter_, operator_id=None, no_operator=False))
        return self._answer(
            filter_,
            lambda: self._copied(key, lambda: copy.operator_counts(filter_)),
            lambda: self._read(key, lambda: through.operator_counts(filter_)),
        )

    def client_card(self, call_id: int) -> ClientCard | None:
        """The client card of a call; None when there is no such call or it has no card."""
        found = self._details(call_id)
        return None if found is None else found[0]

    def agency_of_call(self, call_id: int) -> AgencyInfo | None:
        """The agency that was rung last in a call; None when there is no such call or agency."""
        found = self._details(call_id)
        return found[1][0] if found is not None and found[1] else None

    def agencies_of_processing(self, pp_id: int) -> tuple[AgencyInfo, ...]:
        """All agencies rung for a processing, each once, the one rung last first."""
        copy, through = self._copy, self._through
        if not is_possible_id(pp_id):
            return ()
        found = self._looked_up(
            lambda: copy.details_of_processing(pp_id), lambda: through.details_of_processing(pp_id)
        )
        return found or ()

    def stream(self, filter_: CallFilter, sort: str = "time", *, descending: bool = True) -> Iterator[Call]:
        """All matching calls in order, a batch at a time.

        Errors of the question come from this call, before the first row. Which calls match is settled by
        then; a call that is deleted meanwhile is skipped. The iteration may raise UpstreamError or
        StorageError.
        """
        copy, through = self._copy, self._through
        require_sort(sort)
        (ids, calls), _ = self._answer(
            filter_,
            lambda: (copy.ids(filter_, sort, descending), copy.calls),
            lambda: ((through.ids(filter_, sort, descending), through.calls), self._clock()),
        )
        return _batched(ids, calls)

    def call_stats(self) -> CallStats:
        """All calls ever and their average duration; a few minutes old at most, as it reads all of them."""
        through = self._through
        self._raise_if_down()
        return self._memo.get("stats", _KEEP_STATS_S, through.stats)

    def facts(self) -> LogFacts:
        """What the health page says about the copy; never asks the source."""
        days = self._copy.day_facts()
        return LogFacts(days, sum(day.is_full for day in days) / (self.centre.copy_days + 1))

    @property
    def _copy(self) -> Copy:
        if self._maybe_copy is None:
            raise NotConfigured("call_centre")
        return self._maybe_copy

    @property
    def _through(self) -> ReadThrough:
        if self._maybe_through is None:
            raise NotConfigured("call_centre")
        return self._maybe_through

    def _local_now(self) -> datetime:
        return self._clock().astimezone(self.zone).replace(tzinfo=None)

    def _status(self) -> SourceStatus:
        return self._live.snapshot().source(SOURCE)

    def _coverage(self, filter_: CallFilter) -> Coverage:
        days: CopiedDays = self._memo.get("days", _KEEP_DAYS_S, self._copy.days)
        return days.coverage(filter_.first, filter_.last, self.today())

    def _copied(self, key: object, ask: Callable[[], T]) -> T:
        """An answer of the copy, asked once while nothing changes."""
        # The version is taken before the copy is read: what is kept under it is never older.
        version = self._live.snapshot().version(Topic.CALLS)
        return self._memo.get(("copy", key, version), _KEEP_COPIED_S, ask)

    def _read(self, key: object, ask: Callable[[], T]) -> tuple[T, datetime]:
        """An answer of the source and when it was asked, asked once in some seconds.

        That it gave up the question is kept like an answer.
        """

        def dated() -> tuple[T | UpstreamError, datetime]:
            asked_at = self._clock()
            try:
                return ask(), asked_at
            except UpstreamError as error:
                if error.reason is not Reason.TOO_SLOW:
                    raise
                return error, asked_at

        found, asked_at = self._memo.get(("source", key), _KEEP_READ_S, dated, rest=_REST)
        if isinstance(found, UpstreamError):
            raise upstream_error(found.reason) from found
        return found, asked_at

    def _read_count(self, key: object, ask: Callable[[], _Count]) -> tuple[_Count, datetime]:
        """A count of the source; rows are worth having without it where it takes too long."""
        try:
            return self._read(key, ask)
        except UpstreamError as error:
            if error.reason is not Reason.TOO_SLOW:
                raise
            return (None, 0), self._clock()

    def _answer(
        self,
        filter_: CallFilter,
        copied: Callable[[], T],
        read: Callable[[], tuple[T, datetime]],
    ) -> tuple[T, Freshness]:
        """Choose the way: the copy when it is complete, else the source, else what is known.

        A source that the collector knows to be down is not asked: nobody waits for its silence. Nor is one
        while the collector is not at work and the copy is complete: how often it is asked must not depend on
        how many people look.
        """
        status, coverage = self._status(), self._coverage(filter_)
        if status.is_current and coverage.is_full:
            return copied(), Freshness("copy", coverage.as_of, None)
        if status.state is SourceState.UNWATCHED and coverage.is_full:
            return copied(), Freshness("copy", coverage.as_of, Problem(Reason.UNWATCHED, status.since))
        if filter_.days > LONGEST_READ_THROUGH_DAYS and not coverage.is_known:
            raise InvalidFilter("last", FilterFault.TOO_LONG)
        try:
            self._raise_if_down()
            value, as_of = read()
        except UpstreamError as error:
            if not coverage.is_known:
                raise
            since = status.since if status.state is SourceState.DOWN else status.answered_at
            return copied(), Freshness("copy", coverage.as_of, Problem(error.reason, since))
        return value, Freshness("source", as_of, None)

    def _raise_if_down(self) -> None:
        status = self._status()
        if status.state is SourceState.DOWN:
            raise upstream_error(status.reason or Reason.FAILED)

    def _figures(self, filter_: CallFilter, span: Span | None = None) -> tuple[Figures, Freshness]:
        copy, through = self._copy, self._through
        key = ("figures", filter_, span)
        return self._answer(
            filter_,
            lambda: self._copied(key, lambda: copy.figures(filter_, span)),
            lambda: self._read(key, lambda: through.figures(filter_, span)),
        )

    def _before(self, filter_: CallFilter) -> Comparison | None:
        """The comparison for a single day; None when it is not to be had without waiting."""
        day = filter_.first - _WEEK
        if filter_.days > 1 or day < FIRST_DAY:
            return None
        past = replace(filter_, first=day, last=day)
        if not self._coverage(past).is_full and self._status().state is SourceState.SLOW:
            return None
        try:
            whole, _ = self._figures(past)
            so_far = whole
            if filter_.first == self.today():
                so_far, _ = self._figures(past, self._so_far(day))
        except UpstreamError:
            return None
        return Comparison(day, so_far.total, so_far.handled, so_far.with_known_result, whole.per_hour)

    def _so_far(self, day: date) -> Span:
        """The part of `day` up to the present time of day, in whole minutes."""
        now = self._local_now()
        return Span(midnight(day), midnight(day) + timedelta(hours=now.hour, minutes=now.minute))

    def _details(self, call_id: int) -> tuple[ClientCard | None, tuple[AgencyInfo, ...]] | None:
        copy, through = self._copy, self._through
        if not is_possible_id(call_id):
            return None
        return self._looked_up(lambda: copy.details(call_id), lambda: through.details(call_id))

    def _looked_up(self, copied: Callable[[], T | None], read: Callable[[], T | None]) -> T | None:
        """One row, from the copy if that is kept current or the source is silent, else from the source."""
        if self._status().is_current and (found := copied()) is not None:
            return found
        try:
            self._raise_if_down()
            return read()
        except UpstreamError:
            if (found := copied()) is not None:
                return found
            raise


def _batched(ids: Sequence[int], calls: Callable[[Sequence[int]], list[Call]]) -> Iterator[Call]:
    for start in range(0, len(ids), _STREAM_BATCH):
        yield from calls(ids[start : start + _STREAM_BATCH])
