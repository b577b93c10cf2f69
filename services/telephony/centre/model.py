"""What the centre's page asks and is told. All moments are aware UTC, days are local days of the centre."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from services.calls import FilterFault, InvalidFilter, Period
from services.telephony.model import LONGEST_CURATOR, Call, EntryState
from services.telephony.tables import DETAIL_LENGTH

LONGEST_SEARCH = 100
LARGEST_PAGE = 500
_HIGHEST_ID = 2**63 - 1
_HIGHEST_OFFSET = 2**31 - 1


@dataclass(frozen=True, slots=True)
class ListedCall:
    """A call and how far it is on its way into the register; `entry` is None for one of another program."""

    call: Call
    entry: EntryState | None


@dataclass(frozen=True, slots=True)
class Caller:
    """A number that called today: so many times, the last of them at `last_at`."""

    number: str
    calls: int
    last_at: datetime
    agency_name: str | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of some calls; every one of them adds up over calls.

    `told` are those of which the platform told whether somebody answered, `answered` those of them that
    somebody did. `timed` are those whose end is known, `seconds` how long these lasted together.
    """

    calls: int = 0
    with_agency: int = 0
    told: int = 0
    answered: int = 0
    timed: int = 0
    seconds: float = 0.0

    def __add__(self, other: Self) -> "Tally":
        return Tally(
            self.calls + other.calls,
            self.with_agency + other.with_agency,
            self.told + other.told,
            self.answered + other.answered,
            self.timed + other.timed,
            self.seconds + other.seconds,
        )

    @property
    def agency_share(self) -> float | None:
        """Share of calls whose agency is known, 0 to 1; None without calls."""
        return self.with_agency / self.calls if self.calls else None

    @property
    def answered_share(self) -> float | None:
        """Share of answered calls among those of which it was told; None when it was told of none."""
        return self.answered / self.told if self.told else None

    @property
    def mean_seconds(self) -> float | None:
        """Mean duration of the calls whose end is known; None when no end is."""
        return self.seconds / self.timed if self.timed else None


@dataclass(frozen=True, slots=True)
class CuratorTally:
    """The calls of one curator, whom the platform knows by a number alone; it may be empty."""

    curator: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class ThemeTally:
    """The calls of one theme; None stands for those without one."""

    theme: str | None
    tally: Tally


@dataclass(frozen=True, slots=True)
class AgencyTally:
    """The calls of one agency under its latest known name; `agency_id` None stands for unknown callers."""

    agency_id: int | None
    name: str | None
    tally: Tally


@dataclass(frozen=True, slots=True)
class Board:
    """The centre at one moment.

    `last` is the latest call, going on or not, and `before` the last five besides it that are over.
    `callbacks` are today's numbers that nobody answered since they last were; None while the platform does
    not tell whether calls are answered. `unknown` are today's callers whose agency is not known.
    """

    as_of: datetime
    today: date
    last: ListedCall | None
    before: Sequence[ListedCall]  # latest first
    in_progress: Sequence[Call]  # latest first
    callbacks: Sequence[Caller] | None  # latest first
    unknown: Sequence[Caller]  # latest first
    curators: Sequence[CuratorTally]  # most calls first
    total: Tally

    @property
    def last_event_at(self) -> datetime | None:
        """When something last happened that is shown here; None at a centre without calls."""
        calls = [*([self.last] if self.last else []), *self.before]
        return max((one.call.ended_at or one.call.began_at for one in calls), default=None)


@dataclass(frozen=True, slots=True)
class PastCalls:
    """Earlier calls of a caller, latest first, and how many there were within the year before."""

    calls: tuple[Call, ...]
    in_year: int


@dataclass(frozen=True, slots=True)
class CentreStatistics:
    """All figures over some calls.

    `agencies` are unknown callers, where there are any, and the agencies with most calls; `others` are all
    further agencies. `hours` has a tally for each of the 24 hours of the centre's clock.
    """

    total: Tally
    curators: Sequence[CuratorTally]  # most calls first
    themes: Sequence[ThemeTally]  # most calls first
    agencies: Sequence[AgencyTally]
    others: Sequence[Tally]
    hours: Sequence[Tally]


@dataclass(frozen=True, slots=True)
class RegisterQuery:
    """Which calls of the register are asked for; what is None (or an empty `text`) asks for nothing.

    `text` is a part of a number with any punctuation, or words of which each is to be found in the name of
    the agency, or each in that of the caller. An empty `curator` or `theme` asks for calls that have none.

    Raises:
        InvalidFilter: a value that cannot be.
    """

    text: str = ""
    curator: str | None = None
    theme: str | None = None
    agency_id: int | None = None
    period: Period | None = None

    def __post_init__(self) -> None:
        for name, text, longest in (
            ("text", self.text, LONGEST_SEARCH),
            ("curator", self.curator or "", LONGEST_CURATOR),
            ("theme", self.theme or "", DETAIL_LENGTH),
        ):
            if len(text) > longest:
                raise InvalidFilter(name, FilterFault.TOO_LONG)
            if not _is_storable(text):
                raise InvalidFilter(name, FilterFault.UNREADABLE)
        if self.text and not any(sign.isalnum() for sign in self.text):
            # Punctuation alone would match every call.
            raise InvalidFilter("text", FilterFault.EMPTY)
        if self.agency_id is not None and not 0 < self.agency_id <= _HIGHEST_ID:
            raise InvalidFilter("agency_id", FilterFault.OUT_OF_RANGE)


@dataclass(frozen=True, slots=True)
class RegisterSlice:
    """Which part of the matching calls is asked for, latest first.

    With `until_id` calls that came into the portal later are left out, so that a list someone reads does not
    move when calls arrive.

    Raises:
        InvalidFilter: a value that cannot be.
    """

    offset: int = 0
    limit: int = 100
    until_id: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.offset <= _HIGHEST_OFFSET:
            raise InvalidFilter("offset", FilterFault.OUT_OF_RANGE)
        if not 1 <= self.limit <= LARGEST_PAGE:
            raise InvalidFilter("limit", FilterFault.OUT_OF_RANGE)
        if self.until_id is not None and not 0 <= self.until_id <= _HIGHEST_ID:
            raise InvalidFilter("until_id", FilterFault.OUT_OF_RANGE)


@dataclass(frozen=True, slots=True)
class RegisterPage:
    """A part of the matching calls, latest first; `total` counts all of them.

    `latest_id` is the highest id of any call at this moment, to ask for further parts of the same list.
    """

    calls: tuple[ListedCall, ...]
    total: int
    latest_id: int


@dataclass(frozen=True, slots=True)
class Choices:
    """Curators and themes that calls have, to choose a filter from; sorted, without empty ones."""

    curators: Sequence[str]
    themes: Sequence[str]


def _is_storable(text: str) -> bool:
    """Half of a surrogate pair and NUL pass through no driver."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False
