"""Counts over calls by curator, theme, agency and hour. The database counts, however many calls there are."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Float, Row, Select, and_, case, extract, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from services.storage import table_of
from services.telephony.centre.model import (
    AgencyTally,
    CentreStatistics,
    CuratorTally,
    Tally,
    ThemeTally,
)
from services.telephony.model import CallState
from services.telephony.tables import CallRow

#: Agencies that are told one by one.
MOST_AGENCIES = 50
_CALL = table_of(CallRow)
_HOUR = timedelta(hours=1)
#: Changes of clocks before that are left aside: other programs may register any date.
_LONGEST_WAY_BACK = timedelta(days=30 * 365)


class seconds_between(FunctionElement[float]):
    """The seconds from one moment to another, which every database names in its own way."""

    type = Float()
    inherit_cache = True


@compiles(seconds_between, "sqlite")
def _sqlite_seconds(element: seconds_between, compiler: SQLCompiler, **kw: Any) -> str:
    begin, end = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"((julianday({end}) - julianday({begin})) * 86400.0)"


@compiles(seconds_between, "postgresql")
def _postgresql_seconds(element: seconds_between, compiler: SQLCompiler, **kw: Any) -> str:
    begin, end = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"CAST(EXTRACT(EPOCH FROM ({end} - {begin})) AS DOUBLE PRECISION)"


@compiles(seconds_between, "mysql", "mariadb")
def _mysql_seconds(element: seconds_between, compiler: SQLCompiler, **kw: Any) -> str:
    begin, end = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"(TIMESTAMPDIFF(MICROSECOND, {begin}, {end}) / 1000000.0)"


_IS_TIMED = and_(_CALL.c.state == CallState.ENDED.value, _CALL.c.ended_at.is_not(None))
_FIGURES: tuple[ColumnElement[Any], ...] = (
    func.count().label("calls"),
    func.count(_CALL.c.agency_id).label("with_agency"),
    func.count(_CALL.c.answered).label("told"),
    func.sum(case((_CALL.c.answered.is_(True), 1), else_=0)).label("answered"),
    func.sum(case((_IS_TIMED, 1), else_=0)).label("timed"),
    func.sum(case((_IS_TIMED, seconds_between(_CALL.c.began_at, _CALL.c.ended_at)), else_=0.0)).label(
        "seconds"
    ),
)
Conditions = Sequence[ColumnElement[bool]]


def statistics_of(
    session: Session, conditions: Conditions, zone: ZoneInfo, until: datetime
) -> CentreStatistics:
    """All figures over the calls that meet `conditions`, none of which began after `until`.

    Hours are those of the clock of `zone`.
    """
    total, hours = Tally(), [Tally() for _hour in range(24)]
    curators: defaultdict[str, Tally] = defaultdict(Tally)
    themes: defaultdict[str, Tally] = defaultdict(Tally)
    # Few groups, however many calls: one pass through them costs less than one for each figure.
    for row in session.execute(_by_hour_and_others(session, conditions, zone, until)):
        tally = _tally(row)
        total += tally
        hours[int(row.at_hour)] += tally
        curators[row.of_curator] += tally
        themes[row.of_theme] += tally
    agencies = _by(session, _CALL.c.agency_id, 0, conditions)
    told = [(id_, tally) for id_, tally in agencies if id_][:MOST_AGENCIES]
    names = _names(session, [id_ for id_, _tally in told])
    one_by_one = {0, *(id_ for id_, _tally in told)}
    return CentreStatistics(
        total=total,
        curators=[CuratorTally(curator, tally) for curator, tally in _ordered(curators.items())],
        themes=[ThemeTally(theme or None, tally) for theme, tally in _ordered(themes.items())],
        agencies=[
            *(AgencyTally(None, None, tally) for id_, tally in agencies if not id_),
            *(AgencyTally(id_, names.get(id_), tally) for id_, tally in told),
        ],
        others=[tally for id_, tally in agencies if id_ not in one_by_one],
        hours=hours,
    )


def by_curator(session: Session, conditions: Conditions) -> list[CuratorTally]:
    """The calls of each curator, most first."""
    return [CuratorTally(curator, tally) for curator, tally in _by(session, _CALL.c.curator, "", conditions)]


def _by(
    session: Session, key: ColumnElement[Any], none: object, conditions: Conditions
) -> list[tuple[Any, Tally]]:
    """The calls by a column, most first; `none` stands for those without a value of it."""
    # An expression: with the bare column SQLite would go through the table in the order of an index on it,
    # which takes several times longer than sorting what it read.
    group = func.coalesce(key, none)
    rows = session.execute(select(group.label("of_group"), *_FIGURES).where(*conditions).group_by("of_group"))
    return _ordered((row.of_group, _tally(row)) for row in rows)


def _ordered(tallies: Iterable[tuple[Any, Tally]]) -> list[tuple[Any, Tally]]:
    """Most calls first; a stable order among equals, so that an unchanged page is not redrawn."""
    return sorted(tallies, key=lambda one: (-one[1].calls, str(one[0])))


def _names(session: Session, agency_ids: Sequence[int]) -> dict[int, str]:
    """The latest name of each agency."""
    is_named = and_(_CALL.c.agency_id.in_(agency_ids), _CALL.c.agency_name.is_not(None))
    latest = (
        select(_CALL.c.agency_id, func.max(_CALL.c.began_at).label("at"))
        .where(is_named)
        .group_by(_CALL.c.agency_id)
        .subquery()
    )
    is_latest = and_(_CALL.c.agency_id == latest.c.agency_id, _CALL.c.began_at == latest.c.at)
    statement = select(_CALL.c.agency_id, _CALL.c.agency_name).join(latest, is_latest).where(is_named)
    return {row.agency_id: row.agency_name for row in session.execute(statement)}


def _by_hour_and_others(
    session: Session, conditions: Conditions, zone: ZoneInfo, until: datetime
) -> Select[Any]:
    """The figures by hour, curator and theme.

    The database knows UTC alone: to its hour comes what the clock of `zone` was ahead when a call began. (A
    distance of half hours would split an hour; no centre of ours has one.)
    """
    known = session.scalar(select(func.min(_CALL.c.began_at))) or until
    earliest = max(known, until - _LONGEST_WAY_BACK)
    ahead = _hours_ahead(earliest, until, zone)
    hour = (extract("hour", _CALL.c.began_at) + 24 + ahead) % 24
    curator, theme = func.coalesce(_CALL.c.curator, ""), func.coalesce(_CALL.c.theme, "")
    told = hour.label("at_hour"), curator.label("of_curator"), theme.label("of_theme")
    # By name: PostgreSQL takes the same expression with its values bound once more for another one.
    return select(*told, *_FIGURES).where(*conditions).group_by("at_hour", "of_curator", "of_theme")


def _hours_ahead(first: datetime, last: datetime, zone: ZoneInfo) -> ColumnElement[int]:
    """By how many hours the clock of `zone` was ahead of UTC when a call began."""
    stretches = _stretches(first, last, zone)
    # The latest first: most calls that are asked for are of the latest years.
    whens = [(_CALL.c.began_at >= begin, minutes // 60) for begin, _end, minutes in reversed(stretches)]
    return case(*whens, else_=stretches[0][2] // 60)


def _stretches(first: datetime, last: datetime, zone: ZoneInfo) -> list[tuple[datetime, datetime, int]]:
    """The time from `first` to `last` in pieces in which the clock of `zone` was not changed."""
    found: list[tuple[datetime, datetime, int]] = []
    begin = first.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    end = last.astimezone(UTC) + _HOUR
    while begin < end:
        minutes = _minutes(begin, zone)
        until = begin
        while until < end and _minutes(until, zone) == minutes:
            until += timedelta(days=1)
        if until < end or _minutes(until, zone) != minutes:
            # The change is within the last day: clocks are changed at a full hour.
            until -= timedelta(days=1)
            while _minutes(until, zone) == minutes:
                until += _HOUR
        found.append((begin, until, minutes))
        begin = until
    return found


def _minutes(moment: datetime, zone: ZoneInfo) -> int:
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None  # a zone knows it
    return round(offset.total_seconds()) // 60


def _tally(row: Row[Any]) -> Tally:
    """Sums of no rows are NULL; those of MariaDB are decimals."""
    return Tally(
        calls=row.calls,
        with_agency=row.with_agency,
        told=row.told,
        answered=int(row.answered or 0),
        timed=int(row.timed or 0),
        seconds=round(float(row.seconds or 0), 3),
    )
