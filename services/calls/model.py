"""What the call log answers and what it may be asked. All moments are aware UTC."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from services.calls.codes import KNOWN_RESULTS, Outcome, outcome_of
from services.calls.phones import phone_key
from services.errors import Reason

LONGEST_PHONE_SEARCH = 64
LARGEST_PAGE = 500
#: Read-through of older periods is bounded; a period that is wholly in the copy is not.
LONGEST_READ_THROUGH_DAYS = 366
SORTS = ("id", "time", "phone", "operator", "result", "type")
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2999, 12, 31)
_LARGEST_ID = 2**63 - 1
_LARGEST_CODE = 2**31 - 1


class FilterFault(StrEnum):
    """Why a filter or page is refused."""

    REVERSED = "reversed"  # the period ends before it begins
    TOO_LONG = "too_long"
    OUT_OF_RANGE = "out_of_range"
    UNKNOWN = "unknown"  # not one of the possible values
    UNREADABLE = "unreadable"  # characters that no database stores
    TOO_BROAD = "too_broad"  # fits more than can be looked through
    EMPTY = "empty"  # nothing to look for is left without punctuation
    CONTRADICTION = "contradiction"  # excludes another filter


class InvalidFilter(ValueError):
    """A filter or page that cannot be answered: `field` is at fault, `code` says why."""

    def __init__(self, field: str, code: FilterFault) -> None:
        super().__init__(f"{field}: {code}")
        self.field = field
        self.code = code


class NotConfigured(Exception):
    """There is no call-centre database in the settings."""


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls are asked for. The period is whole local days of the centre, both included.

    `phone` is a part of a number with any punctuation; `no_operator` asks for calls that have none,
    `unknown_type` and `unknown_result` for those without a code or with one that nobody documented.
    `identified` tells with from without a phone number. `hour` (0 to 23) and `weekday` (1 for Monday to 7 for
    Sunday) go by the centre's clock; `result` is a documented code, in place of an `outcome`.

    Raises:
        InvalidFilter: a value that cannot be.
    """

    first: date
    last: date
    phone: str = ""
    operator_id: int | None = None
    no_operator: bool = False
    outcome: Outcome | None = None
    call_type: int | None = None
    unknown_type: bool = False
    with_card: bool | None = None
    hour: int | None = None
    weekday: int | None = None
    result: int | None = None
    unknown_result: bool = False
    identified: bool | None = None

    def __post_init__(self) -> None:
        for field, day in (("first", self.first), ("last", self.last)):
            _require(FIRST_DAY <= day <= LAST_DAY, field, FilterFault.OUT_OF_RANGE)
        _require(self.first <= self.last, "last", FilterFault.REVERSED)
        _require(len(self.phone) <= LONGEST_PHONE_SEARCH, "phone", FilterFault.TOO_LONG)
        _require(_is_storable(self.phone), "phone", FilterFault.UNREADABLE)
        # Punctuation alone would match every number.
        _require(not self.phone or phone_key(self.phone) != "", "phone", FilterFault.EMPTY)
        if self.operator_id is not None:
            _require(0 < self.operator_id <= _LARGEST_ID, "operator_id", FilterFault.OUT_OF_RANGE)
            _require(not self.no_operator, "no_operator", FilterFault.CONTRADICTION)
        if self.call_type is not None:
            _require(abs(self.call_type) <= _LARGEST_CODE, "call_type", FilterFault.OUT_OF_RANGE)
            _require(not self.unknown_type, "unknown_type", FilterFault.CONTRADICTION)
        if self.hour is not None:
            _require(0 <= self.hour <= 23, "hour", FilterFault.OUT_OF_RANGE)
        if self.weekday is not None:
            _require(1 <= self.weekday <= 7, "weekday", FilterFault.OUT_OF_RANGE)
        if self.result is not None:
            _require(self.result in KNOWN_RESULTS, "result", FilterFault.UNKNOWN)
            _require(self.outcome is None, "result", FilterFault.CONTRADICTION)
        if self.unknown_result:
            is_alone = self.outcome is None and self.result is None
            _require(is_alone, "unknown_result", FilterFault.CONTRADICTION)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of the matching calls is asked for, in which order.

    Calls without a value of the sort key come last either way. With `until_id` calls of a higher id are left
    out and only counted, so that a page someone reads does not move when calls arrive.

    Raises:
        InvalidFilter: a value that cannot be.
    """

    offset: int
    limit: int
    sort: str = "time"
    descending: bool = True
    until_id: int | None = None

    def __post_init__(self) -> None:
        _require(0 <= self.offset <= _LARGEST_CODE, "offset", FilterFault.OUT_OF_RANGE)
        _require(1 <= self.limit <= LARGEST_PAGE, "limit", FilterFault.OUT_OF_RANGE)
        require_sort(self.sort)
        if self.until_id is not None:
            _require(0 <= self.until_id <= _LARGEST_ID, "until_id", FilterFault.OUT_OF_RANGE)


def require_sort(sort: str) -> None:
    """Raises InvalidFilter unless calls can be sorted by `sort`."""
    _require(sort in SORTS, "sort", FilterFault.UNKNOWN)


def is_possible_id(value: int) -> bool:
    """Whether a row of any database could have this id."""
    return 0 < value <= _LARGEST_ID


def _require(condition: bool, field: str, code: FilterFault) -> None:
    if not condition:
        raise InvalidFilter(field, code)


def _is_storable(text: str) -> bool:
    """Half of a surrogate pair and NUL pass through no driver."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an answer is not current, and since when."""

    reason: Reason
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Freshness:
    """How current an answer is.

    `origin` tells whether it is from the portal's copy or was read through from the source just now; `as_of`
    is the last successful look at the source that covers the whole answer, None when there was none.
    """

    origin: Literal["copy", "source"]
    as_of: datetime | None
    problem: Problem | None


@dataclass(frozen=True, slots=True)
class Call:
    """One call as the log shows it. `number`, `operator` and all ids are None when they are missing."""

    id: int
    at: datetime
    number: str | None
    operator_id: int | None
    operator: str | None  # None also for an id that nobody has
    card_id: int | None
    pp_id: int | None
    has_card: bool
    has_agency: bool
    result: int | None
    call_type: int | None

    @property
    def outcome(self) -> Outcome:
        return outcome_of(self.result)


@dataclass(frozen=True, slots=True)
class CallPage:
    """A part of the matching calls; `total` counts all of them up to `until_id`, `newer` those after it.

    `total` is None where counting took too long; `newer` is then 0.
    """

    calls: tuple[Call, ...]
    total: int | None
    newer: int
    freshness: Freshness


@dataclass(frozen=True, slots=True)
class OperatorCount:
    """How many calls an operator had; both None for the calls without one."""

    operator_id: int | None
    name: str | None
    calls: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """The same weekday one week earlier, under the same filters.

    When the day compared is today, the counts go up to the same time of day; `per_hour` is always the whole
    day.
    """

    day: date
    total: int
    handled: int
    with_known_result: int
    per_hour: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CallSummary:
    """The figures above the log.

    `identified` has a number (None: too many calls to look their numbers up), `handled` the result "handled",
    `with_known_result` any documented result. `operators` leaves the operator filter aside, most calls first
    (None: counting these took too long). `per_hour` has 24 counts by local hour.
    """

    total: int
    identified: int | None
    handled: int
    with_known_result: int
    operators: tuple[OperatorCount, ...] | None
    per_hour: tuple[int, ...]
    before: Comparison | None
    freshness: Freshness


@dataclass(frozen=True, slots=True)
class ClientCard:
    """What the operator noted about the client of a call."""

    call_id: int
    at: datetime
    operator: str | None
    processing_id: int
    client_name: str | None
    client_city: str | None
    manager_name: str | None
    metro_name: str | None
    country_name: str | None
    ad_name: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class AgencyPhone:
    """One of an agency's telephones."""

    number: str
    comment: str | None


@dataclass(frozen=True, slots=True)
class Ringing:
    """How an agency was rung for a client; `outcome` is `calls_result.result`."""

    outcome: int | None
    at: datetime | None
    client_name: str | None
    country: str | None
    metro: str | None
    manager: str | None
    operator: str | None


@dataclass(frozen=True, slots=True)
class Agency:
    """A travel agency. `time_zone` is its offset from Moscow in hours."""

    id: int
    name: str | None
    english_name: str | None
    address: str | None
    city: str | None
    metro: str | None
    district: str | None
    area: str | None
    region: str | None
    time_zone: int | None
    bank_card: bool
    tickets: bool
    english: bool
    station_not_set: bool
    switch_msk_agency: bool
    stambul: bool
    austria: bool
    comment: str | None
    phones: tuple[AgencyPhone, ...]


@dataclass(frozen=True, slots=True)
class AgencyInfo(Agency):
    """An agency and how it was rung."""

    ringing: Ringing


@dataclass(frozen=True, slots=True)
class CallStats:
    """All calls ever, and the average duration of those whose duration is known."""

    total: int
    average_seconds: float | None


@dataclass(frozen=True, slots=True)
class CopiedDay:
    """One local day of the copy; `filled_until` is how far back a fill has come in it (local time)."""

    day: date
    is_full: bool
    filled_until: datetime | None
    calls: int
    checked_at: datetime | None


@dataclass(frozen=True, slots=True)
class LogFacts:
    """What the health page says about the copy."""

    days: Sequence[CopiedDay]  # newest first
    filled_share: float  # of the days that are to be copied, 0 to 1
