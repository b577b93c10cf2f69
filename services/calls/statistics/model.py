"""What call statistics answer. Days are local days of the centre; hours are local hours of its clock."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Self

from services.calls.model import FIRST_DAY, LAST_DAY, FilterFault, InvalidFilter, Problem

#: Stands for every result or type that is missing or that nobody documented.
UNKNOWN_CODE = -1
#: A share of fewer calls than this says little about an operator.
SMALL_SAMPLE = 30


@dataclass(frozen=True, slots=True)
class Period:
    """Whole local days, both included.

    Raises:
        InvalidFilter: a period that cannot be.
    """

    first: date
    last: date

    def __post_init__(self) -> None:
        for name, day in (("first", self.first), ("last", self.last)):
            if not FIRST_DAY <= day <= LAST_DAY:
                raise InvalidFilter(name, FilterFault.OUT_OF_RANGE)
        if self.first > self.last:
            raise InvalidFilter("last", FilterFault.REVERSED)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of some calls; every one of them adds up over calls.

    `handled` has the result "handled", `failed` any result that amounts to failure, `with_known_result` any
    documented result, `identified` a phone number, `with_card` a client card.
    """

    calls: int = 0
    handled: int = 0
    failed: int = 0
    with_known_result: int = 0
    identified: int = 0
    with_card: int = 0

    def __add__(self, other: Self) -> "Tally":
        return Tally(
            self.calls + other.calls,
            self.handled + other.handled,
            self.failed + other.failed,
            self.with_known_result + other.with_known_result,
            self.identified + other.identified,
            self.with_card + other.with_card,
        )

    @property
    def success_rate(self) -> float | None:
        """Share of handled calls among those with a known result, 0 to 1; None when there is none."""
        return self.handled / self.with_known_result if self.with_known_result else None

    @property
    def failure_rate(self) -> float | None:
        """Share of failed calls among those with a known result, 0 to 1; None when there is none."""
        return self.failed / self.with_known_result if self.with_known_result else None

    @property
    def card_share(self) -> float | None:
        """Share of calls with a client card, 0 to 1; None without calls."""
        return self.with_card / self.calls if self.calls else None

    @property
    def identified_share(self) -> float | None:
        """Share of calls with a phone number, 0 to 1; None without calls."""
        return self.identified / self.calls if self.calls else None


@dataclass(frozen=True, slots=True)
class OperatorTally:
    """The calls of one operator; `operator_id` None stands for the calls without one.

    `name` is None also for an id that the source has no name for any more. `active_hours` counts the local
    hours in which the operator had at least one call.
    """

    operator_id: int | None
    name: str | None
    tally: Tally
    active_hours: int

    @property
    def per_active_hour(self) -> float | None:
        """Calls per active hour; None without one."""
        return self.tally.calls / self.active_hours if self.active_hours else None

    @property
    def is_small_sample(self) -> bool:
        return self.tally.calls < SMALL_SAMPLE


@dataclass(frozen=True, slots=True)
class OutcomeTally:
    """How many calls of one type ended with one result; both may be UNKNOWN_CODE."""

    call_type: int
    result: int
    calls: int


@dataclass(frozen=True, slots=True)
class Duration:
    """Calls whose duration is known, and their seconds together; both 0 when no call's is."""

    calls: int = 0
    seconds: int = 0

    @property
    def average_s(self) -> float | None:
        """Average seconds of a call; None when no duration is known."""
        return self.seconds / self.calls if self.calls else None


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the figures of a period stand on.

    `unknown_days` of the period were not rolled up yet: their calls are missing in every figure, which is
    therefore not to be read as zero. `as_of` is the oldest look at the source that any day of the period
    stands on, None when no day is known. `problem` says why the figures may not be current.
    """

    unknown_days: int
    as_of: datetime | None
    problem: Problem | None

    @property
    def is_complete(self) -> bool:
        return self.unknown_days == 0


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of one period.

    `active_hours` are those of all operators together, calls without an operator aside. `weekday_hours` is
    7 x 24 calls, Monday first; `weekdays` how many days of the period that are over or going on fall on each
    weekday, to make averages of them. `hours` has a tally for each local hour. `has_durations` tells whether
    the source notes an end or a duration at all (None: not looked yet).
    """

    period: Period
    total: Tally
    active_hours: int
    operators: Sequence[OperatorTally]  # most calls first
    outcomes: Sequence[OutcomeTally]
    weekday_hours: Sequence[Sequence[int]]
    weekdays: Sequence[int]
    hours: Sequence[Tally]
    duration: Duration
    has_durations: bool | None
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class MonthTally:
    """One calendar month; `is_complete` is False for the present month and while days are not rolled up."""

    year: int
    month: int
    tally: Tally
    is_complete: bool


@dataclass(frozen=True, slots=True)
class Months:
    """All months since the first call, oldest first, without gaps."""

    months: Sequence[MonthTally]
    coverage: Coverage


@dataclass(frozen=True, slots=True)
class DayDifference:
    """A day whose roll-up was found unlike the source: what was counted here and there.

    `figure` is the field of `Tally` that differs.
    """

    day: date
    found_at: datetime
    rolled_up: int
    in_source: int
    figure: str = "calls"


@dataclass(frozen=True, slots=True)
class RollUpFacts:
    """What administrators see of the roll-ups.

    `progress` is the share of all days since the first call that are rolled up, 0 to 1; None before the first
    look. `checked_at` is when the last nightly check of all older days ended, `sampled_at` when the last
    sample was compared, `sampled_days` how many days it had. `problem` says why older days are not looked at.
    """

    first_day: date | None
    days: int
    known_days: int
    checked_at: datetime | None
    sampled_at: datetime | None
    sampled_days: int
    differences: Sequence[DayDifference] = field(default_factory=tuple)  # newest first
    problem: Problem | None = None

    @property
    def progress(self) -> float | None:
        return self.known_days / self.days if self.days else None
