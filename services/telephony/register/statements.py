"""The register: T_CALL_INFO of SALES, an Oracle schema that other programs write to as well.

Everything that is ever asked of it stands here, in words that Oracle and SQLite understand alike.
Source: "Oracle schemas", SALES. All functions raise what SQLAlchemy raises.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    MetaData,
    Row,
    String,
    Table,
    and_,
    bindparam,
    func,
    insert,
    literal,
    select,
    text,
    update,
)

#: The name the system has in the live tables.
SOURCE = "sales"
#: Oracle takes at most a thousand values in one list.
MOST_KEYS = 500

t_call_info = Table(
    "t_call_info",
    MetaData(),
    Column("call_info_id", BigInteger, primary_key=True, autoincrement=False),
    Column("time_begin", DateTime),
    Column("time_end", DateTime),
    Column("agency_id", String(255)),
    Column("phone_number", String(15)),
    Column("currator", String(128)),
    Column("theme", String(128)),
    Column("region", String(3)),
    Column("agency_manager", String(50)),
    Column("agency_name", String(255)),
)
_c = t_call_info.c
_OTHERS = [column for column in t_call_info.columns if column is not _c.call_info_id]

PROBE = select(literal(1))
HIGHEST_KEY = select(func.max(_c.call_info_id))
ROWS_OF_KEYS = select(*t_call_info.columns).where(_c.call_info_id.in_(bindparam("keys", expanding=True)))
NEWEST = (
    select(*t_call_info.columns)
    .where(_c.region == bindparam("region"))
    .order_by(_c.call_info_id.desc())
    .limit(bindparam("most"))
)
NEWEST_BELOW = NEWEST.where(_c.call_info_id < bindparam("below"))
INSERT = insert(t_call_info)
#: Changes a row only as long as it is as it was seen. An order that arrives late, of a process that was
#: frozen or over a line that was thought dead, therefore never undoes what came after it.
UPDATE_SEEN = (
    update(t_call_info)
    .where(
        and_(
            _c.call_info_id == bindparam("key"),
            *(column.is_not_distinct_from(bindparam(f"seen_{column.name}")) for column in _OTHERS),
        )
    )
    .values({column: bindparam(f"new_{column.name}") for column in _OTHERS})
)


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One row of T_CALL_INFO under the names of its columns.

    Times are naive local time of the centre, to the second. None stands for no text too, as in Oracle.
    """

    call_info_id: int
    time_begin: datetime | None
    time_end: datetime | None
    agency_id: str | None
    phone_number: str | None
    currator: str | None
    theme: str | None
    region: str | None
    agency_manager: str | None
    agency_name: str | None


COLUMNS = tuple(field.name for field in fields(RegisterRow))


def probe(connection: Connection) -> None:
    """Ask something that costs nothing."""
    connection.execute(PROBE)


def highest_key(connection: Connection) -> int:
    """The highest key there is; 0 in an empty register."""
    return int(connection.scalar(HIGHEST_KEY) or 0)


def keys_of_sequence(connection: Connection, sequence: str, count: int) -> list[int]:
    """Draw `count` keys of Oracle's sequence; nobody else gets them, whether they are used or not."""
    return [int(key) for key in connection.scalars(draw(sequence), {"most": count})]


def draw(sequence: str) -> Any:
    """The statement that draws from `sequence`, a name that the settings have checked; Oracle's alone."""
    return text(f"SELECT {sequence}.NEXTVAL FROM DUAL CONNECT BY LEVEL <= :most")


def rows_of(connection: Connection, keys: Collection[int]) -> dict[int, RegisterRow]:
    """The rows that have one of `keys`, at most `MOST_KEYS` of them, by key."""
    if not keys:
        return {}
    return {
        row.call_info_id: row for row in map(_row, connection.execute(ROWS_OF_KEYS, {"keys": list(keys)}))
    }


def newest(connection: Connection, region: str, count: int, *, below: int | None = None) -> list[RegisterRow]:
    """Up to `count` rows of `region` with the highest keys, of those under `below` where it is given."""
    if below is None:
        return [_row(row) for row in connection.execute(NEWEST, {"region": region, "most": count})]
    values = {"region": region, "most": count, "below": below}
    return [_row(row) for row in connection.execute(NEWEST_BELOW, values)]


def insert_rows(connection: Connection, rows: Sequence[RegisterRow]) -> None:
    """Insert all of `rows`; none at all does nothing."""
    if rows:
        connection.execute(INSERT, [asdict(row) for row in rows])


def update_rows(connection: Connection, changes: Sequence[tuple[RegisterRow, RegisterRow]]) -> int:
    """Make each row that is as the first of its pair like the second; return how many that were."""
    if not changes:
        return 0
    return connection.execute(UPDATE_SEEN, [_change(seen, new) for seen, new in changes]).rowcount


def _change(seen: RegisterRow, new: RegisterRow) -> Mapping[str, object]:
    values: dict[str, object] = {"key": seen.call_info_id}
    for column in _OTHERS:
        values[f"seen_{column.name}"] = getattr(seen, column.name)
        values[f"new_{column.name}"] = getattr(new, column.name)
    return values


def _row(row: Row[*tuple[Any, ...]]) -> RegisterRow:
    key, *values = row
    return RegisterRow(int(key), *(None if value == "" else value for value in values))
