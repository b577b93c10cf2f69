"""Oracle's errors in Oracle's words, raised as the classes of the driver that is really there (sqlite3).

`args[0]` carries what it carries with Oracle's own driver: an object with code, full code and message.

Sources: python-oracledb, "Error handling"; Oracle Database Error Messages.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

CLOSED: Final = "DPY-4011"
NOT_CONNECTED: Final = "DPY-1001"
CALL_TIMEOUT: Final = "DPY-4024"
REFUSED: Final = "DPY-6005"
CONNECT_TIMEOUT: Final = "ORA-12170"
_DUPLICATE, _NO_NULL, _TOO_LARGE, _NO_NUMBER = "ORA-00001", "ORA-01400", "ORA-12899", "ORA-01722"
_CHECK, _NO_TABLE, _NO_COLUMN = "ORA-02290", "ORA-00942", "ORA-00904"

#: After these the connection is of no more use, and neither are the others of its pool.
LOST_LINE: Final = frozenset({CLOSED, NOT_CONNECTED})

_INTEGRITY: Final = frozenset({_DUPLICATE, _NO_NULL, "ORA-01438", _CHECK, "ORA-02291", "ORA-02292"})
#: The driver's thousands: 1 interface, 2 programming, 3 not supported, 4 database, 5 internal, 6 operational.
_CLASSES: Final[dict[str, type[sqlite3.Error]]] = {
    "DPY-1": sqlite3.InterfaceError,
    "DPY-4": sqlite3.DatabaseError,
    "DPY-6": sqlite3.OperationalError,
}
_WORDS: Final = {
    CLOSED: "the database or network closed the connection\n[Errno 104] Connection reset by peer",
    NOT_CONNECTED: "not connected to database",
    REFUSED: "cannot connect to database.\n[Errno 111] Connection refused",
    CONNECT_TIMEOUT: "TNS:Connect timeout occurred",
    _NO_NUMBER: "invalid number",
    _NO_TABLE: "table or view does not exist",
    "ORA-00054": "resource busy and acquire with NOWAIT specified or timeout expired",
    "ORA-00060": "deadlock detected while waiting for resource",
    "ORA-01017": "invalid username/password; logon denied",
    "ORA-01438": "value larger than specified precision allowed for this column",
    "ORA-01536": "space quota exceeded for tablespace 'SALES_DATA'",
    "ORA-01653": "unable to extend table SALES.T_CALL_INFO by 128 in tablespace SALES_DATA",
    "ORA-08177": "can't serialize access for this transaction",
}
_CHECK_FAILED: Final = re.compile(
    r"CHECK constraint failed: (?P<name>(?P<column>\w+?)_(?:BYTES_(?P<limit>\d+)|NUMBER)|\w+)"
)
_COLUMN_OF: Final = re.compile(r"(?:failed: |no such column: |has no column named )(?:(\w+)\.)?(\w+)")
_CHANGED_TABLE: Final = re.compile(r'(?:INSERT INTO|UPDATE)\s+"?(\w+)', re.IGNORECASE)
_INSERTED: Final = re.compile(r"INSERT INTO \S+ \(([^)]*)\)", re.IGNORECASE)
_SET: Final = re.compile(r'(\w+)"?\s*=\s*\?')


@dataclass(frozen=True, slots=True)
class Details:
    """What Oracle's driver puts into an exception."""

    full_code: str
    message: str

    @property
    def code(self) -> int:
        """The number of Oracle's own errors; 0 for one of the driver's."""
        return int(self.full_code[4:]) if self.full_code.startswith("ORA-") else 0

    def __str__(self) -> str:
        return self.message


def error(full_code: str, words: str | None = None) -> sqlite3.Error:
    """The exception for a code; `words` in place of those that usually come with it."""
    message = f"{full_code}: {words or _WORDS.get(full_code, 'refused by the stand-in')}"
    if full_code.startswith("ORA-"):
        message += f"\nHelp: https://docs.oracle.com/error-help/db/{full_code.lower()}/"
    return _class_of(full_code)(Details(full_code, message))


def _class_of(full_code: str) -> type[sqlite3.Error]:
    if full_code.startswith("ORA-"):
        return sqlite3.IntegrityError if full_code in _INTEGRITY else sqlite3.DatabaseError
    return _CLASSES[full_code[:5]]


def call_timeout(limit_s: float) -> sqlite3.Error:
    """No answer within the limit of the caller."""
    return error(CALL_TIMEOUT, f"call timeout of {round(limit_s * 1000)} ms exceeded")


def code_of(problem: BaseException | None) -> str | None:
    """The full code of an exception of this module; None for any other."""
    details = problem.args[0] if isinstance(problem, sqlite3.Error) and problem.args else None
    return details.full_code if isinstance(details, Details) else None


def translated(
    problem: sqlite3.Error, owner: str, sql: str, rows: Sequence[Any], limit_s: float
) -> sqlite3.Error:
    """What Oracle would say where SQLite said `problem` to `sql` with these rows of values; else the same."""
    name, said = getattr(problem, "sqlite_errorname", ""), str(problem)
    table, column = _table_and_column(said)
    if name in ("SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_UNIQUE"):
        return error(_DUPLICATE, f"unique constraint ({owner}.{table}_PK) violated")
    if name == "SQLITE_CONSTRAINT_NOTNULL":
        return error(_NO_NULL, f'cannot insert NULL into ("{owner}"."{table}"."{column}")')
    if name == "SQLITE_CONSTRAINT_CHECK":
        return _check_failed(said, owner, sql, rows)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return call_timeout(limit_s)
    if said.startswith("no such table"):
        return error(_NO_TABLE)
    if "no such column" in said or "has no column" in said:
        return error(_NO_COLUMN, f'"{column}": invalid identifier')
    return problem


def _table_and_column(said: str) -> tuple[str, str]:
    found = _COLUMN_OF.search(said)
    return ("", "") if found is None else ((found[1] or "").upper(), found[2].upper())


def _check_failed(said: str, owner: str, sql: str, rows: Sequence[Any]) -> sqlite3.Error:
    """The constraints of `schema` are named for what they stand for."""
    found = _CHECK_FAILED.search(said)
    name = "" if found is None else found["name"]
    if found is None or found["column"] is None:
        return error(_CHECK, f"check constraint ({owner}.{name}) violated")
    if found["limit"] is None:
        return error(_NO_NUMBER)
    column, limit = found["column"], int(found["limit"])
    actual = next((size for size in _sizes(sql, column, rows) if size > limit), None)
    sizes = f"maximum: {limit}" if actual is None else f"actual: {actual}, maximum: {limit}"
    table = _CHANGED_TABLE.search(sql)
    place = [owner, table[1].upper(), column] if table is not None else [owner, column]
    named = ".".join(f'"{name}"' for name in place)
    return error(_TOO_LARGE, f"value too large for column {named} ({sizes})")


def _sizes(sql: str, column: str, rows: Sequence[Any]) -> list[int]:
    """The bytes of each value that `sql` has for `column`."""
    inserted = _INSERTED.search(sql)
    columns = inserted[1].split(",") if inserted is not None else _SET.findall(sql)
    names = [name.strip(' "').upper() for name in columns]
    if column not in names:
        return []
    place = names.index(column)
    values = chain.from_iterable(row[place : place + 1] for row in rows if isinstance(row, Sequence))
    return [len(value.encode()) for value in values if isinstance(value, str)]
