"""The figures of one day, asked for in one statement, of the copy and of the source alike.

One statement sees one moment: a day that is edited while it is rolled up has figures that agree with each
other, and the next look brings what came after.
"""

import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    DateTime,
    bindparam,
    case,
    func,
    literal_column,
    select,
    union_all,
)

from services.calls import source
from services.calls.codes import FAILURE_RESULTS, HANDLED, KNOWN_RESULTS, KNOWN_TYPES
from services.calls.durations import known_seconds
from services.calls.queries import CallColumns, span_of
from services.calls.source import AnyRow, AnySelect, CallsTable
from services.calls.statistics.model import UNKNOWN_CODE
from services.calls.statistics.tables import HourSum, OperatorSum, OutcomeSum, TotalSum
from services.storage import Base

#: What follows grain and start in a key, and the measures, both in the order of the table.
Key: TypeAlias = tuple[int, ...]
Measures: TypeAlias = tuple[int, ...]
Sums: TypeAlias = dict[Key, Measures]

_TALLY = 6  # measures of `Tally`
_BY_HOUR_AND_OPERATOR, _BY_OUTCOME = 0, 1


@dataclass(frozen=True, slots=True)
class DayFigures:
    """All sums of a day by table.

    `durations` is None where they were not asked for, and empty where the source notes none.
    """

    sums: Mapping[type[Base], Sums]
    durations: Sums | None

    @property
    def calls(self) -> int:
        [(calls, *_)] = self.sums[TotalSum].values()
        return calls

    def fingerprint(self) -> str:
        """Differs when any figure but the durations does."""
        figures = [sorted(sums.items()) for sums in self.sums.values()]
        return blake2b(repr(figures).encode(), digest_size=16).hexdigest()


class DayQuestion:
    """Asks for a day's figures over the columns of one way to the calls; made once, as that takes its time.

    `table` tells whether the source notes durations; None: they are not asked for.
    """

    def __init__(self, columns: CallColumns, table: CallsTable | None = None) -> None:
        self._seconds = None if table is None else known_seconds(table)
        self._asks_for_durations = table is not None
        by_hour = _by_hour_and_operator(columns, self._seconds)
        by_outcome = _by_outcome(columns, len(by_hour.selected_columns))
        parts = union_all(by_hour, by_outcome).subquery("figures")
        self.statement: AnySelect = select(parts)

    def figures(self, day: date, rows: Iterable[AnyRow]) -> DayFigures:
        """The answer's rows added up by table."""
        hours: Sums = {}
        operators: Sums = {}
        outcomes: Sums = {}
        known, seconds = 0, 0.0
        for part, first, second, *figures in rows:
            if part == _BY_OUTCOME:
                outcomes[first, second] = (figures[0],)
                continue
            tally = tuple(figures[:_TALLY])
            _add(hours, (day.weekday(), int(first)), tally)
            _add(operators, (second,), (*tally, 1))
            if self._seconds is not None:
                known += figures[_TALLY]
                seconds += float(figures[_TALLY + 1] or 0)
        total = tuple(map(sum, zip(*hours.values(), strict=True))) if hours else (0,) * _TALLY
        return DayFigures(
            sums={
                TotalSum: {(): (*total, 1)},
                HourSum: hours,
                OperatorSum: operators,
                OutcomeSum: outcomes,
            },
            durations=self._durations(known, seconds),
        )

    def _durations(self, known: int, seconds: float) -> Sums | None:
        if not self._asks_for_durations:
            return None
        return {} if self._seconds is None else {(): (known, round(seconds))}


def parameters_of(day: date) -> dict[str, datetime]:
    """The begin and the end of a local day, for statements that have `since` and `until`."""
    span = span_of(day, day)
    return {"since": span.since, "until": span.until}


def duration_question(table: CallsTable) -> AnySelect | None:
    """Selects how many calls have a known duration, and their seconds; None where nothing notes it."""
    seconds = known_seconds(table)
    if seconds is None:
        return None
    call = source.calls.c
    return select(func.count(seconds), func.sum(seconds)).where(*_of_the_day(call.datetime))


def _by_hour_and_operator(columns: CallColumns, seconds: ColumnElement[Any] | None) -> AnySelect:
    hour = columns.hour.label("key_1")
    # NULL, 0 and below all mean that nobody took the call.
    taken_by = case((columns.operator_id > 0, columns.operator_id), else_=0).label("key_2")
    durations = [] if seconds is None else [func.count(seconds), func.sum(seconds)]
    return (
        select(
            literal_column(str(_BY_HOUR_AND_OPERATOR)).label("part"),
            hour,
            taken_by,
            func.count().label("calls"),
            _count_if(columns.result == HANDLED).label("handled"),
            _count_if(columns.result.in_(sorted(FAILURE_RESULTS))).label("failed"),
            _count_if(columns.result.in_(sorted(KNOWN_RESULTS))).label("with_known_result"),
            _count_if(columns.is_identified).label("identified"),
            _count_if(columns.has_card).label("with_card"),
            *durations,
        )
        .where(*_of_the_day(columns.at))
        .group_by(hour, taken_by)
    )


def _by_outcome(columns: CallColumns, width: int) -> AnySelect:
    """`width` is how many columns there are in all."""
    call_type = _known(columns.call_type, KNOWN_TYPES).label("key_1")
    result = _known(columns.result, KNOWN_RESULTS).label("key_2")
    nothing: list[ColumnElement[int]] = [literal_column("0") for _ in range(width - 4)]
    return (
        select(literal_column(str(_BY_OUTCOME)), call_type, result, func.count(), *nothing)
        .where(*_of_the_day(columns.at))
        .group_by(call_type, result)
    )


def _of_the_day(at: ColumnElement[datetime]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return at >= bindparam("since", type_=DateTime), at < bindparam("until", type_=DateTime)


def _known(code: ColumnElement[int | None], known: frozenset[int]) -> ColumnElement[int]:
    return case((code.in_(sorted(known)), code), else_=UNKNOWN_CODE)


def _count_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    # Counted, not summed up: a sum comes as a decimal, which is slow to read by the thousand.
    return func.count(case((condition, 1)))


def _add(sums: Sums, key: Key, measures: Measures) -> None:
    before = sums.get(key)
    sums[key] = measures if before is None else tuple(map(operator.add, before, measures))
