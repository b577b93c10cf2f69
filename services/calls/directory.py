"""What calls refer to and what seldom changes: agencies with their telephones, and the names of places."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Table, bindparam, or_, select

from services.calls import source
from services.calls.phones import cleaned
from services.calls.source import AGENCY_TELEPHONES, AnyRow, AnySelect, Reader
from services.calls.tables import LONGEST_NAME

#: Technical agencies that are never shown.
TECHNICAL_AGENCIES = (280, 318)
AGENCIES_KEPT = timedelta(minutes=1)
PLACES_KEPT = timedelta(minutes=5)
_PLACES = (source.city, source.metro, source.district, source.areas, source.regions, source.country)


@dataclass(frozen=True, slots=True)
class Agencies:
    """All agencies that may be shown, as rows of `agentstvo`, and whose each telephone id is."""

    by_id: Mapping[int, AnyRow]
    of_telephone: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Places:
    """Names by table and id."""

    _names: Mapping[str, Mapping[int, str]]

    def name(self, table: Table, id_: int | None) -> str | None:
        """The name; None for an id that is absent or nobody has."""
        return self._names[table.name].get(id_) if id_ else None


class Directory:
    """Keeps agencies for a minute and places for five; a question after that reads them anew."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._agencies: tuple[Agencies, datetime] | None = None
        self._places: tuple[Places, datetime] | None = None

    def agencies(self, reader: Reader) -> Agencies:
        """Raises UpstreamError when they must be read and cannot."""
        kept = self._agencies
        if kept is None or self._clock() - kept[1] >= AGENCIES_KEPT:
            kept = read_agencies(reader), self._clock()
            with self._lock:
                self._agencies = kept
        return kept[0]

    def places(self, reader: Reader) -> Places:
        """Raises UpstreamError when they must be read and cannot."""
        kept = self._places
        if kept is None or self._clock() - kept[1] >= PLACES_KEPT:
            kept = read_places(reader), self._clock()
            with self._lock:
                self._places = kept
        return kept[0]


def names_of(reader: Reader, table: Table, ids: Iterable[int] | None = None) -> dict[int, str]:
    """Names by id from a table of ids and names: all of them, or those of `ids`. Blank names are left out."""
    every, chosen = _names(table)
    rows = reader.all(every) if ids is None else rows_by_id(reader, chosen, ids)
    return {row[0]: name for row in rows if (name := cleaned(row[1], LONGEST_NAME))}


@cache
def _names(table: Table) -> tuple[AnySelect, AnySelect]:
    """Selects ids and names: all of them, and those of some ids."""
    every = select(table.c.id, table.c.ads_name if table is source.ads else table.c.name)
    return every, by_id(every, table)


def by_id(statement: AnySelect, table: Table) -> AnySelect:
    """`statement` for `rows_by_id`, by the ids of `table`. Make it once: that takes as long as asking."""
    return statement.where(table.c.id.in_(bindparam("ids", expanding=True)))


def rows_by_id(reader: Reader, statement: AnySelect, ids: Iterable[int]) -> list[AnyRow]:
    """The rows of a statement made by `by_id` for `ids`, asked for in chunks."""
    wanted = sorted(set(ids))
    found: list[AnyRow] = []
    for start in range(0, len(wanted), source.CHUNK):
        found += reader.all(statement, {"ids": wanted[start : start + source.CHUNK]})
    return found


def read_places(reader: Reader) -> Places:
    """The names of all places. Raises UpstreamError."""
    return Places({table.name: names_of(reader, table) for table in _PLACES})


def read_agencies(reader: Reader) -> Agencies:
    """The agencies that may be shown. Raises UpstreamError."""
    agency, district = source.agentstvo.c, source.district.c
    rows = reader.all(
        select(source.agentstvo)
        .outerjoin(source.district, district.id == agency.district_id)
        .where(
            agency.id.not_in(TECHNICAL_AGENCIES),
            or_(agency.hidden.is_(None), agency.hidden != 1),
            or_(district.hidden.is_(None), district.hidden != 1),
        )
        .order_by(agency.id)
    )
    of_telephone: dict[int, int] = {}
    for row in rows:
        for slot in AGENCY_TELEPHONES:
            if (telephone_id := getattr(row, slot)) and telephone_id > 0:
                # Two agencies may share a telephone: the elder one has it.
                of_telephone.setdefault(telephone_id, row.id)
    return Agencies({row.id: row for row in rows}, of_telephone)
