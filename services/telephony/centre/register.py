"""The search in the whole register: calls that were reported here and those of other programs."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select

from services.calls import FilterFault, InvalidFilter, Period
from services.storage import Store, table_of
from services.telephony.centre.model import ListedCall, RegisterPage, RegisterQuery, RegisterSlice
from services.telephony.centre.names import KnownNames, folded, holding
from services.telephony.directory.typed import digits_in, plain
from services.telephony.model import CallState, EntryState, Rules
from services.telephony.numbers import clean_number
from services.telephony.rows import to_call
from services.telephony.tables import CallRow, EntryRow

#: Rows that are read at once for a file: each read is a short transaction of its own.
CHUNK = 2_000
#: SQLite takes 32,766 values in a statement.
MOST_NAMES = 30_000
_LONGEST_AGENCY = 8  # digits: T_AGENCY_PHONE.AGENCY_ID is NUMBER(8)
_NUMBER = re.compile(r"[0-9\s+()./\-\u2010-\u2015\u2212]+")
_CALL, _ENTRY = table_of(CallRow), table_of(EntryRow)
#: An end whose begin is still under way is not yet known to be a call.
IS_CALL = _CALL.c.state != CallState.AWAITS_BEGIN.value
LISTED = (
    select(_CALL, _ENTRY.c.state.label("entry_state"))
    .outerjoin(_ENTRY, _ENTRY.c.call_id == _CALL.c.id)
    .where(IS_CALL)
    .order_by(_CALL.c.began_at.desc(), _CALL.c.id.desc())
)


def listed(row: Row[Any]) -> ListedCall:
    """What a row of `LISTED` tells."""
    return ListedCall(to_call(row), None if row.entry_state is None else EntryState(row.entry_state))


def begin_of(day: date, zone: ZoneInfo) -> datetime:
    """When a local day begins."""
    return datetime.combine(day, datetime.min.time(), zone).astimezone(UTC)


def within(period: Period, zone: ZoneInfo) -> ColumnElement[bool]:
    """The calls that began in the period."""
    began_at = _CALL.c.began_at
    until = begin_of(period.last + timedelta(days=1), zone)
    return and_(began_at >= begin_of(period.first, zone), began_at < until)


class Register:
    """Reads the calls. Every method raises StorageError, and InvalidFilter for a text that fits too many."""

    def __init__(self, store: Store, rules: Rules, names: KnownNames) -> None:
        self._store = store
        self._rules = rules
        self._names = names

    def page(self, query: RegisterQuery, part: RegisterSlice, now: datetime) -> RegisterPage:
        """One part of the matching calls."""
        conditions = self.conditions(query, now)
        with self._store.read() as session:
            latest_id = session.scalar(select(func.max(_CALL.c.id))) or 0
            known = conditions if part.until_id is None else [*conditions, _CALL.c.id <= part.until_id]
            total = session.scalar(select(func.count()).select_from(_CALL).where(IS_CALL, *known)) or 0
            rows = session.execute(LISTED.where(*known).offset(part.offset).limit(part.limit)).all()
        return RegisterPage(tuple(listed(row) for row in rows), total, latest_id)

    def count(self, query: RegisterQuery, now: datetime) -> int:
        """How many calls match."""
        counted = select(func.count()).select_from(_CALL).where(IS_CALL, *self.conditions(query, now))
        with self._store.read() as session:
            return session.scalar(counted) or 0

    def stream(self, query: RegisterQuery, now: datetime) -> Iterator[ListedCall]:
        """All matching calls, latest first; one that arrives meanwhile may be missing, none comes twice."""
        return self._pieces(LISTED.where(*self.conditions(query, now)).limit(CHUNK))

    def _pieces(self, statement: Select[Any]) -> Iterator[ListedCall]:
        piece = statement
        while True:
            with self._store.read() as session:
                rows = session.execute(piece).all()
            yield from (listed(row) for row in rows)
            if len(rows) < CHUNK:
                return
            at, id_ = rows[-1].began_at, rows[-1].id
            # The first condition is the one that an index can use.
            below = or_(_CALL.c.began_at < at, _CALL.c.id < id_)
            piece = statement.where(_CALL.c.began_at <= at, below)

    def conditions(self, query: RegisterQuery, now: datetime) -> list[ColumnElement[bool]]:
        """What the calls that match fulfil."""
        conditions: list[ColumnElement[bool]] = []
        if query.period is not None:
            conditions.append(within(query.period, self._rules.zone))
        if query.curator is not None:
            conditions.append(_CALL.c.curator == query.curator)
        if query.theme is not None:
            conditions.append(_CALL.c.theme == query.theme if query.theme else _CALL.c.theme.is_(None))
        if query.agency_id is not None:
            conditions.append(_CALL.c.agency_id == query.agency_id)
        if query.text:
            conditions.append(or_(*self._fitting(query.text, now)))
        return conditions

    def _fitting(self, text: str, now: datetime) -> Sequence[ColumnElement[bool]]:
        """What a call with this text fulfils, one of these."""
        names = self._names.names(now)
        words = folded(text).split()
        agencies, people = holding(words, names.agencies), holding(words, names.people)
        if len(agencies) + len(people) > MOST_NAMES:
            raise InvalidFilter("text", FilterFault.TOO_BROAD)
        fitting: list[ColumnElement[bool]] = [_CALL.c.agency_name.in_(agencies), _CALL.c.manager.in_(people)]
        if _NUMBER.fullmatch(plain(text)) and (digits := digits_in(text)):
            fitting.append(_CALL.c.number.contains(digits, autoescape=True))
            # In national form its beginning differs: 8 600 00417 is +370 600 00417.
            whole = clean_number(text, self._rules.country)
            fitting += [_CALL.c.number == whole] if whole else []
            fitting += [_CALL.c.agency_id == int(digits)] if len(digits) <= _LONGEST_AGENCY else []
        return fitting
