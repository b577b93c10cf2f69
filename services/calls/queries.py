"""Filters, orders and counts of calls: one set of rules for the copy and for the source.

Both ways must give the same answer, so a rule is written once, over `CallColumns`, and each way only says
what its columns are.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    case,
    extract,
    func,
    literal_column,
    not_,
    or_,
    select,
)

from services.calls import source
from services.calls.codes import (
    FAILURE_RESULTS,
    HANDLED,
    KNOWN_RESULTS,
    KNOWN_TYPES,
    SUCCESS_RESULTS,
    Outcome,
)
from services.calls.model import CallFilter, OperatorCount, Page
from services.calls.phones import LONGEST_NUMBER, phone_key
from services.calls.source import AnyRow, AnySelect
from services.calls.sql import contains, in_text_order, source_phone_key, weekday_of
from services.calls.tables import LONGEST_NAME, CallOperator, RecentCall
from services.storage import table_of


@dataclass(frozen=True, slots=True)
class CallColumns:
    """What a way to the calls offers to filter, sort and count by."""

    id: ColumnElement[int]
    at: ColumnElement[datetime]
    hour: ColumnElement[int]
    weekday: ColumnElement[int]  # 1 for Monday
    operator_id: ColumnElement[int | None]
    result: ColumnElement[int | None]
    call_type: ColumnElement[int | None]
    number: ColumnElement[str | None]
    phone_key: ColumnElement[Any]
    operator_name: ColumnElement[str | None]
    is_identified: ColumnElement[bool]
    has_card: ColumnElement[bool]


def copy_columns() -> CallColumns:
    """Of the tables, not of the mapped classes: the ORM has nothing to do here and would take its time."""
    call, operator = table_of(RecentCall).c, table_of(CallOperator).c
    name = select(operator.name).where(operator.id == call.operator_id).scalar_subquery()
    return CallColumns(
        id=call.id,
        at=call.at,
        hour=call.hour,
        weekday=weekday_of(call.at),
        operator_id=call.operator_id,
        result=call.result,
        call_type=call.call_type,
        number=call.number,
        phone_key=call.phone_key,
        operator_name=name,
        is_identified=call.is_identified,
        has_card=call.has_card,
    )


def source_columns() -> CallColumns:
    """Scalar subqueries by primary key, no joins and no EXISTS: every plan begins with `calls`."""
    call = source.calls.c
    own_number = (
        select(_cleaned(source.telephone.c.number, LONGEST_NUMBER))
        .select_from(
            source.cards.join(source.telephone, source.telephone.c.id == source.cards.c.telephone_id)
        )
        .where(source.cards.c.id == call.card_id)
        .scalar_subquery()
    )
    name = _cleaned(source.operators.c.name, LONGEST_NAME)
    pp = source.privat_processing.c.id
    processing = select(pp).where(pp > 0, pp == call.privat_processing_id).scalar_subquery()
    return CallColumns(
        id=call.id,
        at=call.datetime,
        hour=extract("hour", call.datetime),
        weekday=weekday_of(call.datetime),
        operator_id=call.operator_id,
        result=call.result,
        call_type=call.type_call,
        number=own_number,
        phone_key=source_phone_key(own_number),
        operator_name=select(name).where(source.operators.c.id == call.operator_id).scalar_subquery(),
        is_identified=own_number.is_not(None),
        # Never NULL: its negation must find the calls without a card id.
        has_card=and_(func.coalesce(call.card_id, 0) > 0, processing.is_not(None)),
    )


def _cleaned(text: ColumnElement[str], longest: int) -> ColumnElement[str | None]:
    """`phones.cleaned` in SQL."""
    cut = func.substr(func.trim(text), 1, longest)
    # Not a comparison with "": some collations hold other texts equal to it.
    return case((func.length(cut) > 0, cut), else_=None)


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of local time."""

    since: datetime
    until: datetime


def span_of(first: date, last: date) -> Span:
    """Whole local days, both included."""
    midnight = datetime.min.time()
    return Span(datetime.combine(first, midnight), datetime.combine(last + timedelta(days=1), midnight))


def conditions(
    columns: CallColumns, filter_: CallFilter, span: Span | None = None
) -> list[ColumnElement[bool]]:
    """What a call must meet; `span` replaces the filter's own period."""
    span = span or span_of(filter_.first, filter_.last)
    found = [columns.at >= span.since, columns.at < span.until]
    if filter_.phone:
        found.append(contains(columns.phone_key, phone_key(filter_.phone)))
    if filter_.operator_id is not None:
        found.append(columns.operator_id == filter_.operator_id)
    if filter_.no_operator:
        found.append(or_(columns.operator_id.is_(None), columns.operator_id <= 0))
    if filter_.outcome is not None:
        found.append(_has_outcome(columns.result, filter_.outcome))
    if filter_.call_type is not None:
        found.append(columns.call_type == filter_.call_type)
    if filter_.unknown_type:
        found.append(or_(columns.call_type.is_(None), columns.call_type.not_in(sorted(KNOWN_TYPES))))
    if filter_.with_card is not None:
        found.append(columns.has_card if filter_.with_card else not_(columns.has_card))
    if filter_.hour is not None:
        found.append(columns.hour == filter_.hour)
    if filter_.weekday is not None:
        found.append(columns.weekday == filter_.weekday)
    if filter_.result is not None:
        found.append(columns.result == filter_.result)
    if filter_.unknown_result:
        found.append(or_(columns.result.is_(None), columns.result.not_in(sorted(KNOWN_RESULTS))))
    if filter_.identified is not None:
        found.append(columns.is_identified if filter_.identified else not_(columns.is_identified))
    return found


def _has_outcome(result: ColumnElement[int | None], outcome: Outcome) -> ColumnElement[bool]:
    if outcome is Outcome.OTHER:
        return or_(result.is_(None), result.not_in(sorted(SUCCESS_RESULTS | FAILURE_RESULTS)))
    return result.in_(sorted(SUCCESS_RESULTS if outcome is Outcome.SUCCESS else FAILURE_RESULTS))


def order(columns: CallColumns, sort: str, descending: bool) -> list[ColumnElement[Any]]:
    """By `sort`, calls without a value last, then by time and id in the same direction."""
    keys = _SORT_KEYS[sort]
    found: list[ColumnElement[Any]] = []
    for name in keys:
        column: ColumnElement[Any] = getattr(columns, name)
        if name in _TEXTS or name in _MAY_MISS:
            found.append(case((column.is_(None), 1), else_=0))
        key = in_text_order(column) if name in _TEXTS else column
        found.append(key.desc() if descending else key.asc())
    return found


_SORT_KEYS: Mapping[str, tuple[str, ...]] = {
    "id": ("id",),
    "time": ("at", "id"),
    "phone": ("number", "id"),
    "operator": ("operator_name", "at", "id"),
    "result": ("result", "at", "id"),
    "type": ("call_type", "at", "id"),
}
_TEXTS = {"number", "operator_name"}
_MAY_MISS = {"result", "call_type"}


def page_of(statement: AnySelect, columns: CallColumns, filter_: CallFilter, page: Page) -> AnySelect:
    """`statement` over the calls of one page, in its order."""
    statement = statement.where(*conditions(columns, filter_))
    if page.until_id is not None:
        statement = statement.where(columns.id <= page.until_id)
    return (
        statement.order_by(*order(columns, page.sort, page.descending)).limit(page.limit).offset(page.offset)
    )


def ids_of(columns: CallColumns, filter_: CallFilter, sort: str, descending: bool) -> AnySelect:
    """The ids of all matching calls, in order."""
    return select(columns.id).where(*conditions(columns, filter_)).order_by(*order(columns, sort, descending))


def count_of(columns: CallColumns, filter_: CallFilter, until_id: int | None) -> AnySelect:
    """One row: all matching calls, and those with an id above `until_id`."""
    newer = (
        func.sum(case((columns.id > until_id, 1), else_=0)) if until_id is not None else literal_column("0")
    )
    return select(func.count(), newer).where(*conditions(columns, filter_))


def per_operator(columns: CallColumns, filter_: CallFilter) -> AnySelect:
    """Rows of operator id and calls, the operator filter aside."""
    filter_ = replace(filter_, operator_id=None, no_operator=False)
    return (
        select(columns.operator_id, func.count())
        .where(*conditions(columns, filter_))
        .group_by(columns.operator_id)
    )


def per_hour(
    columns: CallColumns, filter_: CallFilter, span: Span | None = None, *, with_numbers: bool = True
) -> AnySelect:
    """Rows of hour, calls, identified (0 unless `with_numbers`), handled, with a known result."""
    hour = columns.hour.label("hour")
    return (
        select(
            hour,
            func.count(),
            _count_if(columns.is_identified) if with_numbers else literal_column("0"),
            _count_if(columns.result == HANDLED),
            _count_if(columns.result.in_(sorted(KNOWN_RESULTS))),
        )
        .where(*conditions(columns, filter_, span))
        .group_by(hour)
    )


def _count_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


@dataclass(frozen=True, slots=True)
class Figures:
    """What `per_hour` adds up to; `identified` is None where it was not asked for."""

    total: int
    identified: int | None
    handled: int
    with_known_result: int
    per_hour: tuple[int, ...]


def figures(rows: Iterable[AnyRow]) -> Figures:
    """Add up the rows of `per_hour`."""
    hours = [0] * 24
    sums = [0, 0, 0]
    for hour, calls, *parts in rows:
        hours[int(hour)] += calls
        sums = [before + int(part) for before, part in zip(sums, parts, strict=True)]
    identified, handled, with_known_result = sums
    return Figures(sum(hours), identified, handled, with_known_result, tuple(hours))


def operator_counts(rows: Iterable[AnyRow], names: Mapping[int, str]) -> tuple[OperatorCount, ...]:
    """The rows of `per_operator` with names, most calls first; ids that mean "none" become one entry."""
    counts: dict[int | None, int] = {}
    for operator_id, calls in rows:
        key = operator_id if operator_id and operator_id > 0 else None
        counts[key] = counts.get(key, 0) + calls
    found = [OperatorCount(key, names.get(key) if key else None, calls) for key, calls in counts.items()]
    return tuple(sorted(found, key=lambda one: (-one.calls, one.name or "", one.operator_id or 0)))
