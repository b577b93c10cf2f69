"""The portal database: the meeting point of all processes (SQLite, PostgreSQL or MariaDB).

SQLite rules, from its documentation ("Write-Ahead Logging", "BEGIN IMMEDIATE"): readers never wait for the
writer in WAL mode; a transaction that begins by reading and writes later cannot wait for another writer,
so writers say BEGIN IMMEDIATE and wait their turn at the start.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

BUSY_TIMEOUT_MS = 30_000
#: A server ends a write transaction that idles this long. Write blocks are short, so its process was frozen
#: or cut off, and its locks would keep others waiting: the next collector has to lead within 5 s.
FROZEN_AFTER_MS = 3_000
_CONNECT_TIMEOUT_S = 5
_LOOK_AGAIN_S = 0.001
#: Execution options of an SQLite engine: transactions begin as writers; they are on the disk when they end.
WRITES = "portal_writes"
DURABLE = "portal_durable"


class StorageError(Exception):
    """The portal database did not do what was asked; nothing of the transaction was kept."""


class StorageFull(StorageError):
    """No room left on the disk of the portal database. Reading goes on."""


class StorageBusy(StorageError):
    """A lock was not to be had within the busy timeout, or two writers blocked each other."""


class StorageUnavailable(StorageError):
    """The portal database cannot be reached or opened."""


class database_now_ms(FunctionElement[int]):
    """The database's own clock in milliseconds since 1970, the one clock all processes share."""

    type = BigInteger()
    inherit_cache = True


@compiles(database_now_ms, "sqlite")
def _sqlite_now(_element: database_now_ms, _compiler: SQLCompiler, **_kw: Any) -> str:
    return "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"


@compiles(database_now_ms, "postgresql")
def _postgresql_now(_element: database_now_ms, _compiler: SQLCompiler, **_kw: Any) -> str:
    # clock_timestamp, not now(): a lease must not be judged by the start of a long transaction.
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"


@compiles(database_now_ms, "mysql", "mariadb")
def _mysql_now(_element: database_now_ms, _compiler: SQLCompiler, **_kw: Any) -> str:
    # UNIX_TIMESTAMP would go through the session's zone, where one hour of autumn comes twice.
    return "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000)"


class Store:
    """Gives short transactions on the portal database.

    `read()` and `write()` yield a Session; `write()` commits at the end of the block or rolls back on an
    error. A write block holds the database's only write lock on SQLite: keep it under 50 ms, never call an
    outside system inside and never open a second one inside. Make the store after a fork, not before.
    """

    def __init__(self, url: str | URL, *, pool_size: int = 20) -> None:
        self.url = make_url(url)
        if self.is_sqlite:
            self.engine = sqlite_engine(self.url, pool_size)
            self._writing: Engine = self.engine.execution_options(**{WRITES: True})
            self._keeping: Engine = self._writing.execution_options(**{DURABLE: True})
        else:
            # A reader sees one moment. A writer sees the latest commit: waiting for a lock in an old world
            # ends in serialisation errors on PostgreSQL, and in gap locks on MariaDB.
            self.engine = _server_engine(self.url, pool_size, "REPEATABLE READ")
            self._writing = _server_engine(self.url, pool_size, "READ COMMITTED", FROZEN_AFTER_MS)
            self._keeping = self._writing  # a server's commit is on its disk unless somebody set it otherwise
        self._turn = threading.Lock()

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Yield a session for reading; it sees one moment of the database.

        Raises:
            StorageUnavailable: the database cannot be reached.
        """
        with our_errors(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Session]:
        """Yield a session for writing; commits at the end of the block.

        What is `durable` survives a loss of power once the block has ended; on SQLite that costs an fsync,
        without which the last transactions may be gone then (never half of one).

        Raises:
            StorageFull: the disk is full.
            StorageBusy: a lock was not to be had within the busy timeout.
            StorageUnavailable: the database cannot be reached.
        """
        with (
            self._own_turn(),
            our_errors(),
            Session(self._keeping if durable else self._writing, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def _own_turn(self) -> Iterator[None]:
        """Let the writers of this process queue: SQLite lets those that wait starve each other."""
        if not self.is_sqlite:
            yield
            return
        if not self._turn.acquire(timeout=BUSY_TIMEOUT_MS / 1000):
            raise StorageBusy("another thread kept the write lock of the portal database")
        try:
            yield
        finally:
            self._turn.release()

    def close(self) -> None:
        """Close all pooled connections."""
        self.engine.dispose()
        self._writing.dispose()


def sqlite_engine(url: URL, pool_size: int) -> Engine:
    """Open an SQLite file in WAL mode.

    Raises:
        StorageUnavailable: the URL names no file.
    """
    if url.database in (None, "", ":memory:"):
        raise StorageUnavailable("the portal database must be a file: several processes meet in it")
    Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size * 4,
        connect_args={"check_same_thread": False},
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # SQLAlchemy, not the driver, says BEGIN: the driver would begin deferred, at the first write.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get(WRITES, False):
        connection.exec_driver_sql("BEGIN")
        return
    # SQLite ignores the pragma inside a transaction
    connection.exec_driver_sql(f"PRAGMA synchronous = {'FULL' if options.get(DURABLE) else 'NORMAL'}")
    _begin_to_write(connection.connection.dbapi_connection)


def _begin_to_write(driver: Any) -> None:
    """Wait for the write lock as long as the connection's busy timeout says.

    SQLite's own waiting looks again after up to 100 ms; a process that writes one transaction after the other
    has the lock again by then, and the others starve.

    Raises:
        StorageBusy: it was not to be had in time.
    """
    (patience_ms,) = driver.execute("PRAGMA busy_timeout").fetchone()
    deadline = time.monotonic() + patience_ms / 1000
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                ours = _of_code(_code(error))
                if not isinstance(ours, StorageBusy):
                    raise ours or error from error
                if time.monotonic() >= deadline:
                    raise ours from error
                time.sleep(_LOOK_AGAIN_S)
            else:
                return
    finally:
        driver.execute(f"PRAGMA busy_timeout = {patience_ms}")


def _server_engine(url: URL, pool_size: int, isolation: str, idle_ms: int = 0) -> Engine:
    """Connect to PostgreSQL or MariaDB; `idle_ms` bounds the idle time inside a transaction (0: no bound)."""
    if url.get_backend_name() == "postgresql":
        connect_args: dict[str, Any] = {
            "connect_timeout": _CONNECT_TIMEOUT_S,
            "options": f"-c lock_timeout={BUSY_TIMEOUT_MS} -c idle_in_transaction_session_timeout={idle_ms}",
            # A firewall may drop the connection without a word.
            "keepalives_idle": 15,
            "keepalives_interval": 5,
            "keepalives_count": 3,
        }
    else:
        url = url.update_query_dict({"charset": "utf8mb4"})
        connect_args = {
            "connect_timeout": _CONNECT_TIMEOUT_S,
            "read_timeout": 2 * BUSY_TIMEOUT_MS // 1000,
            "init_command": f"SET innodb_lock_wait_timeout = {BUSY_TIMEOUT_MS // 1000},"
            f" idle_transaction_timeout = {idle_ms // 1000}",
        }
    return create_engine(
        url,
        pool_size=pool_size,
        pool_pre_ping=True,
        pool_recycle=300,
        isolation_level=isolation,
        connect_args=connect_args,
        hide_parameters=True,
    )


@contextmanager
def our_errors() -> Iterator[None]:
    """Raise failures of the database itself as StorageError; mistakes in statements stay what they are."""
    try:
        yield
    except PoolTimeout as error:
        raise StorageBusy("all connections to the portal database are in use") from error
    except DBAPIError as error:
        ours = _translated(error)
        if ours is None:
            raise
        raise ours from error


_UNREACHABLE = "the portal database cannot be reached"
# SQLite: names of its result codes. PostgreSQL: SQLSTATE. MariaDB: error numbers; 2xxx come from its client.
_FULL = {"SQLITE_FULL", "53100", "1021", "1114"}
_BUSY = {"SQLITE_BUSY", "55P03", "40001", "40P01", "1205", "1213"}
_UNAVAILABLE = {"SQLITE_CANTOPEN", "SQLITE_IOERR", "SQLITE_NOTADB"}
_UNAVAILABLE |= {"25P03", "3D000", "53300", "57P01", "57P02", "57P03"}
_UNAVAILABLE |= {"1040", "1044", "1045", "1049", "1053", "1927", "2002", "2003", "2006", "2013"}


def _translated(error: DBAPIError) -> StorageError | None:
    """Our error for a failure of the database itself; None for a mistake of ours in a statement."""
    code = _code(error.orig)
    # psycopg gives no code when it could not even connect.
    unconnected = not code and isinstance(error, OperationalError)
    if error.connection_invalidated or unconnected:
        return StorageUnavailable(_UNREACHABLE)
    return _of_code(code)


def _of_code(code: str) -> StorageError | None:
    """Our error for the driver's own code of an error; None for one that is no failure of the database."""
    if code in _FULL:
        return StorageFull("the disk of the portal database is full")
    if code in _BUSY:
        return StorageBusy("the portal database is busy")
    if code in _UNAVAILABLE or code[:2] in ("08", "28"):
        return StorageUnavailable(_UNREACHABLE)
    return None


def _code(error: BaseException | None) -> str:
    """The driver's own code of an error; an empty string when it has none."""
    if name := getattr(error, "sqlite_errorname", None):
        return "_".join(name.split("_")[:2])  # SQLITE_BUSY_SNAPSHOT is a kind of SQLITE_BUSY
    if error is not None and error.args and isinstance(error.args[0], int):
        return str(error.args[0])  # MariaDB's number says more than its SQLSTATE
    return getattr(error, "sqlstate", None) or ""
