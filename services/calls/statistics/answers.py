"""Answers of the roll-ups, each from one moment of the portal database."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.calls.model import Problem
from services.calls.source import AnyRow
from services.calls.statistics.model import (
    Coverage,
    DayDifference,
    Duration,
    MonthTally,
    OperatorTally,
    OutcomeTally,
    Period,
    Report,
    RollUpFacts,
    Tally,
)
from services.calls.statistics.reading import add_up, pieces_of, tally_of
from services.calls.statistics.tables import (
    Difference,
    DurationSum,
    Grain,
    HourSum,
    OperatorSum,
    OutcomeSum,
    RolledDay,
    RollUpState,
    TotalSum,
)
from services.calls.statistics.writing import state_of
from services.calls.tables import CallOperator
from services.errors import Reason
from services.storage import table_of

_MOST_DIFFERENCES = 50
_NOTHING_KNOWN = Coverage(0, None, None)
_ONE_DAY = timedelta(days=1)


def report(session: Session, period: Period, today: date) -> Report:
    """The report, with no coverage yet."""
    pieces = pieces_of(period.first, period.last)
    state = state_of(session)
    names = {row.id: row.name for row in session.execute(select(CallOperator.id, CallOperator.name))}
    hours = add_up(session, HourSum, pieces)
    operators = _operators(add_up(session, OperatorSum, pieces), names)
    [total] = add_up(session, TotalSum, pieces)
    [durations] = add_up(session, DurationSum, pieces)
    return Report(
        period=period,
        total=tally_of(total),
        active_hours=sum(one.active_hours for one in operators if one.operator_id is not None),
        operators=operators,
        outcomes=_outcomes(add_up(session, OutcomeSum, pieces)),
        weekday_hours=_weekday_hours(hours),
        weekdays=_weekdays(period.first, min(period.last, today)),
        hours=_hours(hours),
        duration=Duration(*(int(measure or 0) for measure in durations)),
        has_durations=None if state is None else state.has_durations,
        coverage=_NOTHING_KNOWN,
    )


def _operators(rows: Sequence[AnyRow], names: Mapping[int, str]) -> tuple[OperatorTally, ...]:
    found = [
        OperatorTally(id_ or None, names.get(id_), tally_of(measures), int(measures[-1]))
        for id_, *measures in rows
        if measures[0]
    ]
    return tuple(sorted(found, key=lambda one: (-one.tally.calls, one.name or "", one.operator_id or 0)))


def _outcomes(rows: Sequence[AnyRow]) -> tuple[OutcomeTally, ...]:
    return tuple(
        OutcomeTally(call_type, result, int(calls)) for call_type, result, calls in sorted(rows) if calls
    )


def _weekday_hours(rows: Sequence[AnyRow]) -> tuple[tuple[int, ...], ...]:
    calls = {(weekday, hour): int(count) for weekday, hour, count, *_ in rows}
    return tuple(tuple(calls.get((weekday, hour), 0) for hour in range(24)) for weekday in range(7))


def _hours(rows: Sequence[AnyRow]) -> tuple[Tally, ...]:
    hours = [Tally()] * 24
    for _weekday, hour, *measures in rows:
        hours[hour] += tally_of(measures)
    return tuple(hours)


def _weekdays(first: date, last: date) -> tuple[int, ...]:
    """How many of the days fall on each weekday, Monday first; none when `last` is before `first`."""
    weeks, rest = divmod(max(0, (last - first).days + 1), 7)
    return tuple(weeks + ((weekday - first.weekday()) % 7 < rest) for weekday in range(7))


def months(session: Session, today: date, zone: ZoneInfo) -> tuple[MonthTally, ...]:
    """All months since the first call, oldest first, up to the present one."""
    table = table_of(TotalSum)
    rows = session.execute(select(table).where(table.c.grain == Grain.MONTH).order_by(table.c.start)).all()
    sums = {row.start: row for row in rows}
    begins = [row.start for row in rows if row.calls]
    first = _first_that_counts(state_of(session), zone)
    if first is not None and begins:
        begins += [first.replace(day=1), today.replace(day=1)]
    found = []
    month, end = min(begins, default=today), max(begins, default=today - _ONE_DAY)
    while month <= end:
        row = sums.get(month)
        tally = Tally() if row is None else tally_of(row[2:])
        is_complete = False if row is None else _is_complete(session, month, row.days, first, today)
        found.append(MonthTally(month.year, month.month, tally, is_complete))
        month = _end_of(month)
    return tuple(found)


def _is_complete(session: Session, month: date, days: int, first: date | None, today: date) -> bool:
    """Whether a month is over and all of its days since the first call are rolled up; `days` of all are."""
    end = _end_of(month)
    if end > today or first is None:
        return False
    if month < first < end:
        days = _rolled_up(session, first, end - _ONE_DAY)[0]
    return days >= (end - max(month, first)).days


def _end_of(month: date) -> date:
    """The first day of the next month."""
    return month + timedelta(days=monthrange(month.year, month.month)[1])


def coverage(session: Session, first: date, last: date, today: date, zone: ZoneInfo) -> Coverage:
    """What the days from `first` to `last` rest on; the problem is that of the roll-up itself.

    Days before the first call are known to have none, and days to come rest on today.
    """
    first, last = min(first, today), min(last, today)
    state = state_of(session)
    counts_from = _first_that_counts(state, zone)
    begin = first if counts_from is None else max(first, counts_from)
    known, oldest_look = _rolled_up(session, first, last)
    if begin > first:
        known, _ = _rolled_up(session, begin, last)
    looks = [oldest_look]
    if state is not None and begin > first:
        looks.append(state.first_looked_at)
    return Coverage(
        unknown_days=max(0, (last - begin).days + 1 - known),
        as_of=min((look for look in looks if look is not None), default=None),
        problem=_problem(state),
    )


def facts(session: Session, today: date, zone: ZoneInfo) -> RollUpFacts:
    """How far days are rolled up, and what the nightly check found."""
    state = state_of(session)
    first = _first_that_counts(state, zone)
    if state is None or first is None:
        return RollUpFacts(None, 0, 0, None, None, 0)
    newest_first = select(Difference).order_by(Difference.found_at.desc(), Difference.day.desc())
    return RollUpFacts(
        first_day=state.first_day,
        days=max(0, (today - first).days + 1),
        known_days=_rolled_up(session, first, today)[0],
        checked_at=state.checked_at,
        sampled_at=state.sampled_at,
        sampled_days=state.sampled_days,
        differences=tuple(
            DayDifference(row.day, row.found_at, row.rolled_up, row.in_source, row.figure)
            for row in session.scalars(newest_first.limit(_MOST_DIFFERENCES))
        ),
        problem=_problem(state),
    )


def _first_that_counts(state: RollUpState | None, zone: ZoneInfo) -> date | None:
    """The day of the first call; where there was none, the day of that look: the days before have none.

    None before the first look.
    """
    if state is None or state.first_looked_at is None:
        return None
    return state.first_day or state.first_looked_at.astimezone(zone).date()


def _rolled_up(session: Session, first: date, last: date) -> tuple[int, datetime | None]:
    """How many days from `first` to `last` are rolled up, and the oldest look they rest on."""
    known, oldest_look = session.execute(
        select(func.count(), func.min(RolledDay.looked_at)).where(
            RolledDay.day >= first, RolledDay.day <= last
        )
    ).one()
    return known, oldest_look


def _problem(state: RollUpState | None) -> Problem | None:
    if state is None or state.problem_reason is None:
        return None
    return Problem(Reason(state.problem_reason), state.problem_since)
