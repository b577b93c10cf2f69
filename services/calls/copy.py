"""Answers from the copy of recent calls. Needs nothing but the portal database."""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.calls import queries
from services.calls.model import AgencyInfo, Call, CallFilter, ClientCard, CopiedDay, OperatorCount, Page
from services.calls.payload import agencies_from_json, card_from_json
from services.calls.queries import Figures, Span
from services.calls.resolve import present_id, to_utc
from services.calls.source import AnyRow
from services.calls.tables import CallOperator, CopiedDayRow, RecentCall, RecentCallDetail
from services.storage import Store, table_of

_COLUMNS = queries.copy_columns()
_CALL = table_of(RecentCall).columns
_AS_CALL = select(
    _CALL.id,
    _CALL.at,
    _CALL.number,
    _CALL.operator_id,
    _COLUMNS.operator_name,
    _CALL.card_id,
    _CALL.pp_id,
    _CALL.has_card,
    _CALL.has_agency,
    _CALL.result,
    _CALL.call_type,
)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the copy holds of a period.

    `is_full`: every call. `is_known`: every day belongs to the copy and something of the period is there.
    `as_of`: the oldest of the looks at the source that the days rest on, None when a day was never complete.
    """

    is_full: bool
    is_known: bool
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class CopiedDays:
    """All days of the copy at one moment."""

    rows: Mapping[date, CopiedDayRow]

    def coverage(self, first: date, last: date, today: date) -> Coverage:
        """Days after today rest on today's: the copy of today is open to the future."""
        first, last = min(first, today), min(last, today)
        oldest = min(self.rows, default=None)
        if oldest is None or first < oldest:
            return Coverage(False, False, None)
        days = [self.rows.get(first + timedelta(days=age)) for age in range((last - first).days + 1)]
        found = [row for row in days if row is not None]
        if len(found) < len(days):
            return Coverage(False, False, None)
        looks = [row.checked_at for row in found if row.checked_at is not None]
        return Coverage(
            is_full=all(row.is_full for row in found),
            is_known=any(row.is_full or row.checked_at or row.filled_until for row in found),
            as_of=min(looks) if len(looks) == len(found) else None,
        )


class Copy:
    """Reads the copy. Every method raises StorageError when the portal database cannot be read."""

    def __init__(self, store: Store, zone: ZoneInfo) -> None:
        self._store = store
        self._zone = zone

    def days(self) -> CopiedDays:
        with self._store.read() as session:
            return CopiedDays({row.day: row for row in session.scalars(select(CopiedDayRow))})

    def day_facts(self) -> list[CopiedDay]:
        """Every copied day with its number of calls, newest first."""
        with self._store.read() as session:
            rows = session.scalars(select(CopiedDayRow).order_by(CopiedDayRow.day.desc())).all()
            return [
                CopiedDay(
                    day=row.day,
                    is_full=row.is_full,
                    filled_until=None if row.is_full else row.filled_until,
                    calls=_calls_of(session, row.day),
                    checked_at=row.checked_at,
                )
                for row in rows
            ]

    def page(self, filter_: CallFilter, page: Page) -> tuple[Call, ...]:
        with self._store.read() as session:
            rows = session.execute(queries.page_of(_AS_CALL, _COLUMNS, filter_, page)).all()
        return tuple(self._call(row) for row in rows)

    def count(self, filter_: CallFilter, until_id: int | None) -> tuple[int, int]:
        """All matching calls, and those above `until_id`."""
        with self._store.read() as session:
            total, newer = session.execute(queries.count_of(_COLUMNS, filter_, until_id)).one()
        return int(total), int(newer or 0)

    def operator_counts(self, filter_: CallFilter) -> tuple[OperatorCount, ...]:
        with self._store.read() as session:
            rows = session.execute(queries.per_operator(_COLUMNS, filter_)).all()
            names = _operator_names(session)
        return queries.operator_counts(rows, names)

    def figures(self, filter_: CallFilter, span: Span | None = None) -> Figures:
        with self._store.read() as session:
            return queries.figures(session.execute(queries.per_hour(_COLUMNS, filter_, span)))

    def ids(self, filter_: CallFilter, sort: str, descending: bool) -> "array[int]":
        """The ids of all matching calls in order, eight bytes each."""
        statement = queries.ids_of(_COLUMNS, filter_, sort, descending).execution_options(yield_per=10_000)
        with self._store.read() as session:
            return array("q", session.scalars(statement))

    def calls(self, ids: Sequence[int]) -> list[Call]:
        """The calls of these ids that are in the copy, in the order of `ids`."""
        with self._store.read() as session:
            rows = session.execute(_AS_CALL.where(_CALL.id.in_(ids))).all()
        found = {row[0]: row for row in rows}
        return [self._call(found[id_]) for id_ in ids if id_ in found]

    def details(self, call_id: int) -> tuple[ClientCard | None, tuple[AgencyInfo, ...]] | None:
        """Client card and agencies of a call; None when the copy does not have the call."""
        return self._details(RecentCall.id == call_id)

    def details_of_processing(self, pp_id: int) -> tuple[AgencyInfo, ...] | None:
        """The agencies rung for a processing, as its newest call has them; None if no copied call has it."""
        found = self._details(RecentCall.pp_id == pp_id)
        return None if found is None else found[1]

    def _details(self, condition: Any) -> tuple[ClientCard | None, tuple[AgencyInfo, ...]] | None:
        detail = RecentCallDetail
        statement = (
            select(detail.card, detail.agencies)
            .select_from(table_of(RecentCall).outerjoin(table_of(detail), detail.call_id == RecentCall.id))
            .where(condition)
            .order_by(RecentCall.at.desc(), RecentCall.id.desc())
            .limit(1)
        )
        with self._store.read() as session:
            row = session.execute(statement).one_or_none()
        if row is None:
            return None
        card, agencies = row
        return card_from_json(card) if card else None, agencies_from_json(agencies) if agencies else ()

    def _call(self, row: AnyRow) -> Call:
        id_, at, number, operator_id, operator, card_id, pp_id, has_card, has_agency, result, call_type = row
        return Call(
            id=id_,
            at=to_utc(at, self._zone),
            number=number,
            operator_id=present_id(operator_id),
            operator=operator,
            card_id=present_id(card_id),
            pp_id=present_id(pp_id),
            has_card=has_card,
            has_agency=has_agency,
            result=result,
            call_type=call_type,
        )


def _operator_names(session: Session) -> dict[int, str]:
    return {row.id: row.name for row in session.execute(select(CallOperator.id, CallOperator.name))}


def _calls_of(session: Session, day: date) -> int:
    span = queries.span_of(day, day)
    return session.scalar(select(func.count()).where(_CALL.at >= span.since, _CALL.at < span.until)) or 0
