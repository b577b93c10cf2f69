"""The telephones of agencies in CRM, an Oracle schema: T_AGENCY_PHONE and what is asked of it.

Source: "Oracle schemas", CRM. The table has no key: an agency may stand there several times.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Connection, Engine, Integer, MetaData, String, Table, event, func, select

from services.oracle import translated

#: The name the system has in the live tables.
SOURCE = "crm"

t_agency_phone = Table(
    "t_agency_phone",
    MetaData(),
    Column("agency_id", Integer),
    Column("agency_phone", String(1000)),
)
#: Changes with every telephone that comes or goes, and costs one pass over a small table.
SIZE = select(func.count(), func.max(t_agency_phone.c.agency_id)).select_from(t_agency_phone)
#: The register says 0 for "no agency", so there is none of that number.
ALL = select(t_agency_phone.c.agency_id, t_agency_phone.c.agency_phone).where(
    t_agency_phone.c.agency_id > 0, t_agency_phone.c.agency_phone.is_not(None)
)
#: Rows in one round trip; the driver's own 100 would take a thousand of them over a VPN.
ROWS_AT_ONCE = 5_000


def size(engine: Engine) -> tuple[int, int | None]:
    """How many telephones there are and the highest agency that has one.

    Raises:
        UpstreamError: CRM did not answer, or not as it should.
    """
    with translated(SOURCE), engine.connect() as connection:
        count, highest = connection.execute(SIZE).one()
        return int(count), None if highest is None else int(highest)


def typed_phones(engine: Engine) -> dict[int, list[str]]:
    """What was typed into the telephone fields, by agency; all of it as of one moment.

    Raises:
        UpstreamError: CRM did not answer, or not as it should.
    """
    typed: dict[int, list[str]] = {}
    with translated(SOURCE), engine.connect() as connection:
        for agency_id, text in _in_large_portions(connection):
            typed.setdefault(int(agency_id), []).append(str(text))
    return typed


def _in_large_portions(connection: Connection) -> Iterator[Any]:
    @event.listens_for(connection, "before_cursor_execute")
    def _enlarge(_connection: Connection, cursor: Any, *_statement: object) -> None:
        cursor.arraysize = ROWS_AT_ONCE

    return iter(connection.execute(ALL))
