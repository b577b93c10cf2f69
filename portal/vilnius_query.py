"""What the centre's page shows of the register as text: in its address, in its requests, in the file's link.

Keys: `q` (a part of a number, words of an agency or a caller), `curator`, `theme` (or `without` for calls
that have none), `agency` (its number), `period` (today, week, month, year, all; absent: month) or days of
one's own in `from` and `to` (YYYY-MM-DD, the centre's days, both included). `view` (calls, statistics,
entries; absent: calls) is for the page alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from portal.calls_query import day_of
from services.calls import FilterFault, InvalidFilter, Period
from services.telephony import RegisterQuery

KEYS = ("q", "curator", "theme", "agency", "period", "from", "to", "view")
#: Asks for calls without a curator or theme.
WITHOUT = "without"
#: The choice in a select that asks for nothing; it never reaches the query.
ANY = "any"
#: Values of `view`; the last one is for administrators.
CALLS, STATISTICS, ENTRIES = "calls", "statistics", "entries"
_ID = re.compile("[1-9][0-9]{0,17}")


class Reach(StrEnum):
    """How far back the register is looked through; all but the first end today."""

    ALL = "all"
    TODAY = "today"
    WEEK = "week"  # the last 7 days
    MONTH = "month"  # the last 30 days
    YEAR = "year"  # the last 365 days


_DAYS = {Reach.TODAY: 1, Reach.WEEK: 7, Reach.MONTH: 30, Reach.YEAR: 365}


@dataclass(frozen=True, slots=True)
class VilniusQuery:
    """What is asked for. `reach` is None for days of one's own."""

    register: RegisterQuery
    reach: Reach | None

    @property
    def is_narrowed(self) -> bool:
        """Whether anything beside the period is asked for."""
        asked = self.register
        return bool(asked.text) or (asked.curator, asked.theme, asked.agency_id) != (None, None, None)


def parse(query: Mapping[str, str], today: date) -> VilniusQuery:
    """Read a query; absent or empty keys ask for nothing, but the period is then the last 30 days.

    Raises:
        InvalidFilter: naming the key at fault. A wrong value never means "everything".
    """
    reach, period = _period(query, today)
    agency = query.get("agency", "")
    if agency and not _ID.fullmatch(agency):
        raise InvalidFilter("agency", FilterFault.UNKNOWN)
    asked = RegisterQuery(
        text=query.get("q", "").strip(),
        curator=_choice(query, "curator"),
        theme=_choice(query, "theme"),
        agency_id=int(agency) if agency else None,
        period=period,
    )
    return VilniusQuery(asked, reach)


def days_of(reach: Reach, today: date) -> Period | None:
    """The days a reach means on the day `today`; None for all there are."""
    if reach is Reach.ALL:
        return None
    return Period(today - timedelta(days=_DAYS[reach] - 1), today)


def wider(query: VilniusQuery, today: date) -> Reach | None:
    """The next reach that takes in all days of `query` and more; None when there is none."""
    period = query.register.period
    if period is None:
        return None
    year = days_of(Reach.YEAR, today)
    assert year is not None
    is_within = year.first < period.first and period.last <= year.last
    return Reach.YEAR if is_within else Reach.ALL


def _period(query: Mapping[str, str], today: date) -> tuple[Reach | None, Period | None]:
    first, last = day_of(query, "from"), day_of(query, "to")
    named = query.get("period", "")
    if first is None and last is None:
        try:
            reach = Reach(named or Reach.MONTH)
        except ValueError as error:
            raise InvalidFilter("period", FilterFault.UNKNOWN) from error
        return reach, days_of(reach, today)
    if named:
        raise InvalidFilter("period", FilterFault.CONTRADICTION)
    begin = first or last or today
    return None, Period(begin, last or begin)


def _choice(query: Mapping[str, str], key: str) -> str | None:
    """The value of a filter; an empty text asks for calls without any."""
    text = query.get(key, "")
    if text == WITHOUT:
        return ""
    return text or None
