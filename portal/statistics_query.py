"""What `/statistics` shows as text in the page's address: which days, compared with which, in which order.

Keys: `period` (today, yesterday, week, month, previous-month, year; absent: month) or days of one's own in
`from` and `to` (YYYY-MM-DD, the centre's days, both included); `compare` (previous, year, none; absent:
previous); `sort` (a column of the operators' table, with a minus the largest first; absent: -calls).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode

from portal.calls_query import day_of
from services.calls import FilterFault, InvalidFilter, Period

KEYS = ("period", "from", "to", "compare", "sort")
#: Columns of the operators' table, in the order they are shown.
SORTS = ("name", "calls", "handled", "success", "card", "identified", "rate", "sample")
DEFAULT_SORT = "-calls"

_Choice = TypeVar("_Choice", bound=StrEnum)


class Shortcut(StrEnum):
    """A period that follows the calendar; its last day is never later than today."""

    TODAY = "today"
    YESTERDAY = "yesterday"
    WEEK = "week"  # the last seven days
    MONTH = "month"
    PREVIOUS_MONTH = "previous-month"
    YEAR = "year"


class Base(StrEnum):
    """What a period is compared with."""

    PREVIOUS = "previous"  # as many days right before it
    YEAR = "year"  # the same days a year earlier
    NONE = "none"


@dataclass(frozen=True, slots=True)
class StatisticsQuery:
    """What is asked for. `shortcut` is None for days of one's own."""

    period: Period
    shortcut: Shortcut | None
    base: Base = Base.PREVIOUS
    sort: str = DEFAULT_SORT

    @property
    def column(self) -> str:
        """The column of the operators' table that gives the order."""
        return self.sort.removeprefix("-")

    @property
    def is_descending(self) -> bool:
        return self.sort.startswith("-")

    @property
    def before(self) -> Period | None:
        """The period compared with; None for none, and where the calendar has no such days."""
        return compared(self.period, self.base)

    def values(self) -> dict[str, str]:
        """The query as the address has it; what is as usual is left out."""
        days = {
            "period": "" if self.shortcut in (None, Shortcut.MONTH) else str(self.shortcut),
            "from": "" if self.shortcut else self.period.first.isoformat(),
            "to": "" if self.shortcut else self.period.last.isoformat(),
        }
        others = {
            "compare": "" if self.base is Base.PREVIOUS else str(self.base),
            "sort": "" if self.sort == DEFAULT_SORT else self.sort,
        }
        return {key: value for key, value in (days | others).items() if value}

    def text(self) -> str:
        """The query as the address has it, as one text: `period=week&sort=name`."""
        return urlencode(self.values())

    def with_shortcut(self, shortcut: Shortcut, today: date) -> "StatisticsQuery":
        return replace(self, shortcut=shortcut, period=days_of(shortcut, today))


def parse(query: Mapping[str, str], today: date) -> StatisticsQuery:
    """Read a query; absent or empty keys mean the usual.

    Raises:
        InvalidFilter: naming the key at fault. A wrong value never means "everything".
    """
    first, last = day_of(query, "from"), day_of(query, "to")
    base = _choice(Base, query.get("compare") or Base.PREVIOUS, "compare")
    sort = query.get("sort") or DEFAULT_SORT
    if sort.removeprefix("-") not in SORTS:
        raise InvalidFilter("sort", FilterFault.UNKNOWN)
    if first is None and last is None:
        shortcut = _choice(Shortcut, query.get("period") or Shortcut.MONTH, "period")
        return StatisticsQuery(days_of(shortcut, today), shortcut, base, sort)
    if query.get("period"):
        raise InvalidFilter("period", FilterFault.CONTRADICTION)
    begin = first or last or today
    return StatisticsQuery(Period(begin, last or begin), None, base, sort)


def days_of(shortcut: Shortcut, today: date) -> Period:
    """The days a shortcut means on the day `today`."""
    yesterday, month = today - timedelta(days=1), today.replace(day=1)
    month_before = month - timedelta(days=1)
    return {
        Shortcut.TODAY: Period(today, today),
        Shortcut.YESTERDAY: Period(yesterday, yesterday),
        Shortcut.WEEK: Period(today - timedelta(days=6), today),
        Shortcut.MONTH: Period(month, today),
        Shortcut.PREVIOUS_MONTH: Period(month_before.replace(day=1), month_before),
        Shortcut.YEAR: Period(today.replace(month=1, day=1), today),
    }[shortcut]


def compared(period: Period, base: Base) -> Period | None:
    """The days `period` is compared with; None for none, and where the calendar has no such days."""
    if base is Base.NONE:
        return None
    try:
        if base is Base.YEAR:
            return Period(_year_before(period.first), _year_before(period.last))
        return Period(period.first - timedelta(days=period.days), period.first - timedelta(days=1))
    except InvalidFilter:
        return None


def _year_before(day: date) -> date:
    """The 29 February has no like in the year before: the 28 stands for it."""
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if is_leap_day else day.day)


def _choice(kind: type[_Choice], text: str, key: str) -> _Choice:
    try:
        return kind(text)
    except ValueError as error:
        raise InvalidFilter(key, FilterFault.UNKNOWN) from error
