"""The one door to the call-centre database: its tables as far as they are used, and reading from them.

The portal only has SELECT there. Times are naive local time of the centre.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias
from urllib.parse import quote

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Engine,
    Integer,
    MetaData,
    Numeric,
    Row,
    Select,
    String,
    Table,
    Text,
    create_engine,
    event,
    inspect,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import QueuePool

from services.calls.phones import phone_key
from services.calls.source_errors import translated

CONNECT_TIMEOUT_S = 3
READ_TIMEOUT_S = 10
#: The server gives up first, so that it does not go on with a question nobody waits for.
STATEMENT_LIMIT_S = 9
#: Ids in one IN list.
CHUNK = 500

#: Rows and statements whose columns are not followed by the type checker.
AnyRow: TypeAlias = Row[*tuple[Any, ...]]
AnySelect: TypeAlias = Select[*tuple[Any, ...]]

_metadata = MetaData()


def _table(name: str, *columns: Column[Any]) -> Table:
    return Table(name, _metadata, Column("id", BigInteger, primary_key=True), *columns)


def _ids(*names: str) -> list[Column[Any]]:
    return [Column(name, BigInteger) for name in names]


AGENCY_FLAGS = (
    "bank_card",
    "tickets",
    "english",
    "station_not_set",
    "switch_msk_agency",
    "stambul",
    "austria",
)
AGENCY_TELEPHONES = tuple(f"tel_{slot}_id" for slot in range(1, 8))

calls = _table(
    "calls",
    Column("datetime", DateTime),
    *_ids("operator_id", "card_id", "privat_processing_id"),
    Column("result", Integer),
    Column("type_call", Integer),
)
cards = _table("cards", *_ids("telephone_id"))
telephone = _table("telephone", Column("number", String), Column("comment", Text))
operators = _table("operators", Column("name", String))
privat_processing = _table(
    "privat_processing",
    Column("calls_results_ids", Text),
    *_ids("client_name_id", "manager_name_id", "client_city_id", "country_id", "metro_id", "ads_id"),
)
calls_result = _table(
    "calls_result", *_ids("telephone_id"), Column("datetime", DateTime), Column("result", Integer)
)
agentstvo = _table(
    "agentstvo",
    *(Column(name, String) for name in ("name", "english_name", "adres")),
    Column("comment", Text),
    *_ids(*AGENCY_TELEPHONES, "city_id", "metro_id", "district_id", "area_id", "region", "time_rezhim_id"),
    *(Column(name, Integer) for name in ("time_zone", *AGENCY_FLAGS, "hidden")),
)
names = _table("names", Column("name", String))
city = _table("city", Column("name", String))
metro = _table("metro", Column("name", String))
district = _table("district", Column("name", String), Column("hidden", Integer))
areas = _table("areas", Column("name", String))
regions = _table("regions", Column("name", String))
country = _table("country", Column("name", String))
#: Working hours of agencies; not every installation has it.
time_rezhim = _table("time_rezhim", Column("name", String))
ads = _table("ads", Column("ads_name", String))


@dataclass(frozen=True, slots=True)
class CallsTable:
    """What differs between installations, found by inspection."""

    duration_column: str | None  # seconds
    end_column: str | None  # moment of the end, local time
    is_time_indexed: bool


class Reader:
    """Asks the call-centre database over one connection.

    All methods raise `UpstreamError` when it does not answer, refuses, or answers in an unknown shape.
    """

    def __init__(self, connection: Connection, on_answer: Callable[[timedelta], None] | None) -> None:
        self._connection = connection
        self._on_answer = on_answer

    def all(self, statement: AnySelect, parameters: Mapping[str, object] | None = None) -> Sequence[AnyRow]:
        """All rows of the answer."""
        began = time.monotonic()
        with translated():
            rows = self._connection.execute(statement, parameters).all()
        if self._on_answer is not None:
            self._on_answer(timedelta(seconds=time.monotonic() - began))
        return rows

    def streamed(self, statement: AnySelect, size: int) -> Iterator[AnyRow]:
        """The rows of a long answer, fetched `size` at a time."""
        with translated():
            result = self._connection.execute(statement.execution_options(yield_per=size))
            yield from result

    def has_names(self, table: Table) -> bool:
        """Whether this installation has `table`, with the columns that give an id a name."""
        with translated():
            inspector = inspect(self._connection)
            if not inspector.has_table(table.name):
                return False
            return {"id", "name"} <= {column["name"] for column in inspector.get_columns(table.name)}

    def calls_table(self) -> CallsTable:
        """Look at what the `calls` table of this installation has."""
        with translated():
            inspector = inspect(self._connection)
            columns = inspector.get_columns("calls")
            indexed = {index["column_names"][0] for index in inspector.get_indexes("calls")}
        moments = [column["name"] for column in columns if isinstance(column["type"], DateTime)]
        numbers = {column["name"] for column in columns if isinstance(column["type"], Integer | Numeric)}
        ends = [name for name in moments if "end" in name.lower() or "finish" in name.lower()]
        return CallsTable(
            duration_column="duration" if "duration" in numbers else None,
            end_column=ends[0] if ends else None,
            is_time_indexed="datetime" in indexed,
        )


class CallCentre:
    """The call-centre database at `url` (MySQL or MariaDB; SQLite for the demo). It may be absent.

    Raises:
        ValueError: `url` leads to another kind of database.
    """

    def __init__(self, url: str, *, pre_ping: bool = True) -> None:
        """Prepare; nothing is opened yet. With `pre_ping` a pooled connection is proved before each use."""
        self._engine = _engine(make_url(url), pre_ping)

    @contextmanager
    def reading(self, on_answer: Callable[[timedelta], None] | None = None) -> Iterator[Reader]:
        """Yield a reader; it holds one connection until the end of the block.

        `on_answer` is told how long each answer took.

        Raises:
            UpstreamError: no connection is to be had.
        """
        with translated():
            connection = self._engine.connect()
        try:
            yield Reader(connection, on_answer)
        finally:
            with translated():
                connection.close()

    def close(self) -> None:
        """Close all pooled connections."""
        self._engine.dispose()


def _engine(url: URL, pre_ping: bool) -> Engine:
    backend = url.get_backend_name()
    if backend == "sqlite":
        return _sqlite_engine(url)
    if backend not in ("mysql", "mariadb"):
        raise ValueError(f"the call-centre database is MySQL or MariaDB, not {backend}")
    engine = create_engine(
        url.set(drivername=f"{backend}+pymysql").update_query_dict({"charset": "utf8mb4"}),
        pool_size=5,
        max_overflow=0,
        pool_timeout=CONNECT_TIMEOUT_S,
        pool_pre_ping=pre_ping,
        pool_recycle=300,
        # No transaction of ours may hold an old view of rows that others change.
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,  # there is nothing to roll back: saves a round trip
        hide_parameters=True,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            "read_timeout": READ_TIMEOUT_S,
            "write_timeout": READ_TIMEOUT_S,
        },
    )
    event.listen(engine, "connect", _prepare_mysql)
    return engine


def _prepare_mysql(connection: Any, _record: object) -> None:
    is_mariadb = "mariadb" in connection.get_server_info().lower()
    limit = (
        f"max_statement_time = {STATEMENT_LIMIT_S}"
        if is_mariadb
        else f"max_execution_time = {STATEMENT_LIMIT_S * 1000}"
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SET SESSION {limit}")
        cursor.execute("SET SESSION TRANSACTION READ ONLY")


def _sqlite_engine(url: URL) -> Engine:
    path = url.database
    if path in (None, "", ":memory:"):
        raise ValueError("the call-centre database on SQLite must be a file: another process writes it")

    def connect() -> sqlite3.Connection:
        # Read only: a missing file is an outage, not an order to make an empty one.
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode=ro", uri=True, timeout=READ_TIMEOUT_S, check_same_thread=False
        )
        connection.create_function("phone_key", 1, _sqlite_phone_key, deterministic=True)
        return connection

    return create_engine(
        "sqlite://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=5,
        max_overflow=0,
        pool_timeout=CONNECT_TIMEOUT_S,
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
    )


def _sqlite_phone_key(number: str | None) -> str | None:
    return None if number is None else phone_key(number)
