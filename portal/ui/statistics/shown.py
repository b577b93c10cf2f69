"""What one answer of the statistics page is drawn from."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from portal.statistics_query import StatisticsQuery
from services.calls import Months, Period, Report


@dataclass(frozen=True, slots=True)
class Shown:
    """A question and all its answers.

    `before` is None without a comparison. `now` is in the centre's zone. `is_current`: the source is looked
    at as it should be, so today's figures are today's.
    """

    query: StatisticsQuery
    report: Report
    before: Report | None
    months: Months
    now: datetime
    is_current: bool

    @property
    def today(self) -> date:
        return self.now.date()

    @property
    def period(self) -> Period:
        return self.query.period

    @property
    def is_known(self) -> bool:
        """Whether any day of the period is counted; without one every figure is unknown, not zero."""
        return has_known_days(self.report)

    def days_with_hour(self, weekday: int, hour: int) -> int:
        """How many times `hour` of `weekday` (0 is Monday) has come in the period, also if it goes on."""
        days = self.report.weekdays[weekday]
        is_ahead = (
            self.period.first <= self.today <= self.period.last
            and weekday == self.today.weekday()
            and hour > self.now.hour
        )
        return days - 1 if is_ahead else days


def has_known_days(report: Report) -> bool:
    """Whether at least one day of the report's period is counted."""
    coverage = report.coverage
    return coverage.as_of is not None and coverage.unknown_days < report.period.days


def last_day_of_month(first: date) -> date:
    """The last day of the month that `first` begins."""
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
