"""Adds up the stored sums of a period: years, months at their sides, and days at the edges."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Date, SmallInteger, bindparam, func, select, union_all
from sqlalchemy.orm import Session

from services.calls.source import AnyRow, AnySelect
from services.calls.statistics.model import Tally
from services.calls.statistics.tables import Grain, measures_of, own_keys
from services.storage import Base, table_of

_ONE_DAY, _LONGEST_MONTH = timedelta(days=1), timedelta(days=31)
_MIDDLE_DAY, _MIDDLE_MONTH = 15, 6


@dataclass(frozen=True, slots=True)
class Piece:
    """Sums of one grain from `first` up to, but without, `end`; to be taken away where `is_minus`."""

    grain: Grain
    first: date
    end: date
    is_minus: bool = False


def pieces_of(first: date, last: date) -> list[Piece]:
    """Few sums that make up the days from `first` to `last`.

    A month or year of which less than half is wanted is left out, and of the others the rest is taken away:
    no period needs more than about 15 days and 6 months at either side of its years.
    """
    end = last + _ONE_DAY
    if end - first <= _LONGEST_MONTH:
        return [Piece(Grain.DAY, first, end)]
    months = _nearest_month(first), _nearest_month(end)
    return [
        *_between(Grain.DAY, first, months[0]),
        *_pieces_of_months(*months),
        *_between(Grain.DAY, months[1], end),
    ]


def _pieces_of_months(first: date, end: date) -> list[Piece]:
    if end <= first.replace(year=first.year + 1):
        return _between(Grain.MONTH, first, end)
    years = _nearest_year(first), _nearest_year(end)
    return [
        *_between(Grain.MONTH, first, years[0]),
        *_between(Grain.YEAR, *years),
        *_between(Grain.MONTH, years[1], end),
    ]


def _between(grain: Grain, first: date, end: date) -> list[Piece]:
    """From `first` to `end`, or back from it."""
    if first == end:
        return []
    return [Piece(grain, first, end) if first < end else Piece(grain, end, first, is_minus=True)]


def add_up(session: Session, row: type[Base], pieces: list[Piece]) -> list[AnyRow]:
    """Rows of the table's own key, then its measures, added up over `pieces`.

    A table whose key is grain and start alone gives one row, of None where it has none to add.
    """
    parameters: dict[str, Any] = {}
    for place, piece in enumerate(pieces):
        parameters[f"grain_{place}"] = int(piece.grain)
        parameters[f"first_{place}"], parameters[f"end_{place}"] = piece.first, piece.end
    statement = _sum_of(row, tuple(piece.is_minus for piece in pieces))
    return list(session.execute(statement, parameters).all())


def tally_of(measures: Any) -> Tally:
    """The tally at the begin of some measures; MariaDB adds up to decimals, and nothing to NULL."""
    return Tally(*(int(measure or 0) for measure in measures[:6]))


@cache
def _sum_of(row: type[Base], minuses: tuple[bool, ...]) -> AnySelect:
    """Made once for each table and pattern of pieces: that takes longer than asking."""
    table = table_of(row)
    keys, measures = own_keys(table), measures_of(table)
    parts = union_all(
        *(
            select(*keys, *(-one if is_minus else one for one in measures)).where(
                table.c.grain == bindparam(f"grain_{place}", type_=SmallInteger),
                table.c.start >= bindparam(f"first_{place}", type_=Date),
                table.c.start < bindparam(f"end_{place}", type_=Date),
            )
            for place, is_minus in enumerate(minuses)
        )
    ).subquery("parts")
    columns = list(parts.c)
    own = columns[: len(keys)]
    return select(*own, *map(func.sum, columns[len(keys) :])).group_by(*own)


def _nearest_month(day: date) -> date:
    """The first of this month or the next, whichever is nearer."""
    first = day.replace(day=1)
    return first if day.day <= _MIDDLE_DAY else (first + _LONGEST_MONTH).replace(day=1)


def _nearest_year(month: date) -> date:
    """The begin of this year or the next, whichever is nearer."""
    return date(month.year + (month.month > _MIDDLE_MONTH), 1, 1)
