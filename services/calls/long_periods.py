"""Questions about long periods, asked so that the source reads as little as its index of time allows.

That index leads to a call by its key, one at a time, which for a million calls is slower than reading them
all; and the database then reads the whole table instead. But ids grow with time, but for calls that were
inserted late: the calls of a period lie close together. The index alone tells the range of their ids, and
between these the table is read from one end to the other.
"""

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from services.calls import source
from services.calls.memo import Memo
from services.calls.model import CallFilter, Page
from services.calls.queries import span_of
from services.calls.source import AnySelect, Reader

#: Up to here the index of time is the better way.
LONGEST_BY_TIME_DAYS = 31
#: Above this the numbers of the calls are not looked up, call by call, in the tables that hold them.
MOST_LOOKED_UP = 1_000_000
#: Reading a call by its key costs so many times as much as reading the next one.
_LEAP = 5
_KEPT_RANGES = 64
_KEEP_RANGE_S = 3.0
_HINT = "FORCE INDEX (PRIMARY)"


def is_long(filter_: CallFilter) -> bool:
    """Whether its calls are better read in the order of their ids."""
    return filter_.days > LONGEST_BY_TIME_DAYS


def needs_rows(filter_: CallFilter) -> bool:
    """Whether the index of time alone does not tell which calls meet the filter."""
    by_time = CallFilter(filter_.first, filter_.last, hour=filter_.hour, weekday=filter_.weekday)
    return filter_ != by_time


def is_plain(filter_: CallFilter) -> bool:
    """Whether it asks for all calls of a period short enough for the index of time to lead to each."""
    return not is_long(filter_) and not needs_rows(filter_)


def looks_up_numbers(filter_: CallFilter) -> bool:
    """Whether the number of each call decides."""
    return bool(filter_.phone) or filter_.identified is not None


def is_by_time(page: Page, matches: int | None) -> bool:
    """Whether going back in time finds a page soon: its calls are no small part of all that match.

    `matches` is None where nobody knows: then a few of very many are looked for.
    """
    return page.sort == "time" and (matches is None or matches > _LEAP * (page.offset + page.limit))


class KeyRanges:
    """Knows the ranges of ids in which the calls of periods lie."""

    def __init__(self, zone: ZoneInfo, clock: Callable[[], datetime]) -> None:
        self._zone = zone
        self._clock = clock
        self._memo = Memo(_KEPT_RANGES)

    def by_key(self, reader: Reader, statement: AnySelect, filter_: CallFilter) -> AnySelect:
        """`statement` over calls of the filter's period, read in the order of their ids where it is long.

        Raises UpstreamError.
        """
        if not is_long(filter_):
            return statement
        key = filter_.first, filter_.last
        low, high = self._memo.get(key, _KEEP_RANGE_S, lambda: self._range(reader, *key))
        if low is None:  # no calls: the index tells it at once
            return statement
        call = source.calls
        in_range = call.c.id >= low if high is None else call.c.id.between(low, high)
        return statement.where(in_range).with_hint(call, _HINT, "mysql").with_hint(call, _HINT, "mariadb")

    def _range(self, reader: Reader, first: date, last: date) -> tuple[int | None, int | None]:
        """The lowest and the highest id of a period: None without calls, the highest while more may come."""
        call, span = source.calls.c, span_of(first, last)
        [(low, high)] = reader.all(
            select(func.min(call.id), func.max(call.id)).where(
                call.datetime >= span.since, call.datetime < span.until
            )
        )
        is_over = last < self._clock().astimezone(self._zone).date()
        return low, high if is_over else None
