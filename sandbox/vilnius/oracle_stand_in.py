"""An SQLAlchemy plugin that makes an SQLite file behave like Oracle, with its faults.

URL: `sqlite:////path/sales.db?plugin=oracle_stand_in&faults=/path/faults.json`; without `faults` all is well.
Its user finds Oracle's errors, empty text that is NULL, moments without fractions of a second, and a line
that broke as one that broke. What is to go wrong stands in `oracle_faults`.

Sources: Oracle Database Error Messages; python-oracledb, "Error handling"; SQLAlchemy, `CreateEnginePlugin`.
"""

from __future__ import annotations

import logging
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any, Final

from sqlalchemy import URL, Engine, ExceptionContext, event
from sqlalchemy.engine import CreateEnginePlugin

from sandbox.vilnius import oracle_errors as errors
from sandbox.vilnius.oracle_faults import FaultFile, OracleFaults

log = logging.getLogger(__name__)

_FAULTS_OPTION: Final = "faults"
#: Seconds an answer may take when the engine names no limit: the driver's own wait for a lock.
_LIMIT_S: Final = 5.0
#: So long a late transaction waits for one that writes meanwhile.
_LATE_WAITS_S: Final = 60.0
_WRITES: Final = re.compile(r"\s*(?:INSERT|UPDATE|DELETE)\b", re.IGNORECASE)
#: A moment as SQLAlchemy binds it.
_FRACTION: Final = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.)\d{6}")

_Write = tuple[str, list[Any]]


class OracleStandIn(CreateEnginePlugin):
    """The plugin; `create_engine` makes one for each engine."""

    def __init__(self, url: URL, kwargs: dict[str, Any]) -> None:
        super().__init__(url, kwargs)
        path = url.query.get(_FAULTS_OPTION)
        self._faults = FaultFile(Path(str(path)) if path else None)

    def update_url(self, url: URL) -> URL:
        return url.difference_update_query([_FAULTS_OPTION])

    def engine_created(self, engine: Engine) -> None:
        event.listen(engine, "do_connect", self._connect)
        event.listen(engine, "handle_error", _forget_connection)

    def _connect(
        self, _dialect: object, _record: object, arguments: Sequence[Any], options: Mapping[str, Any]
    ) -> sqlite3.Connection:
        faults, limit_s = self._faults.now(), options.get("timeout", _LIMIT_S)
        _hang(faults, limit_s, errors.error(errors.CONNECT_TIMEOUT))
        if faults.down:
            raise errors.error(errors.REFUSED)
        connection = _Connection(*arguments, **options)
        connection.prepare(self._faults, Path(arguments[0]), limit_s)
        return connection


class _Connection(sqlite3.Connection):
    """A connection that may break; it remembers what its transaction wrote, in case that is to come late."""

    def prepare(self, faults: FaultFile, file: Path, limit_s: float) -> None:
        self._faults = faults
        self._file = file
        self._dice = Random()
        self._written: list[_Write] = []
        self._is_broken = False
        self.owner = file.stem.upper()
        self.limit_s = limit_s
        super().execute("PRAGMA synchronous = NORMAL")

    def cursor(self, factory: object = None) -> Any:
        return super().cursor(_Cursor)

    def commit(self) -> None:
        if not self._written:
            super().commit()
            return
        faults = self._faults.now()
        if self._is_broken or faults.down:
            raise self._broken()
        try:
            _hang(faults, self.limit_s, errors.call_timeout(self.limit_s))
        except sqlite3.Error:  # Oracle goes on with it when whoever asked has given up
            self._leave_to_later(faults.hang_s - self.limit_s)
            self.rollback()
            raise
        fate = self._dice.random()
        if fate < faults.late_commit:
            self._leave_to_later(faults.late_ms / 1000)
            raise self._broken()
        try:
            super().commit()
        except sqlite3.Error as problem:
            raise errors.translated(problem, self.owner, "COMMIT", [], self.limit_s) from problem
        self._written = []
        if fate < faults.late_commit + faults.lost_answer:
            raise self._broken()

    def rollback(self) -> None:
        self._written = []
        super().rollback()

    def before_statement(self, sql: str) -> None:
        """Let whatever goes wrong at a statement go wrong."""
        faults = self._faults.now()
        if self._is_broken or faults.down:
            raise self._broken()
        _hang(faults, self.limit_s, errors.call_timeout(self.limit_s))
        if self._dice.random() < faults.lost_line:
            raise self._broken()
        if _WRITES.match(sql):
            for code, share in faults.refuse.items():
                if self._dice.random() < share:
                    raise errors.error(code)

    def after_statement(self, sql: str, rows: list[Any]) -> None:
        """Remember what was carried out, if it writes."""
        if _WRITES.match(sql):
            self._written.append((sql, rows))

    def _leave_to_later(self, after_s: float) -> None:
        late = threading.Timer(after_s, _carry_out_late, (self._file, self._written))
        late.daemon = True
        late.start()

    def _broken(self) -> sqlite3.Error:
        """Break the line: what was not committed is undone, as Oracle does for a session that died."""
        self._is_broken = True
        self.rollback()
        return errors.error(errors.CLOSED)


class _Cursor(sqlite3.Cursor):
    def execute(self, sql: str, parameters: Any = (), /) -> Any:
        values = _as_oracle_takes_them(parameters)
        return self._carried_out(sql, [values], lambda: super(_Cursor, self).execute(sql, values))

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Any:
        rows = [_as_oracle_takes_them(values) for values in parameters]
        return self._carried_out(sql, rows, lambda: super(_Cursor, self).executemany(sql, rows))

    def _carried_out(self, sql: str, rows: list[Any], carry_out: Callable[[], Any]) -> Any:
        connection = self.connection
        assert isinstance(connection, _Connection)
        connection.before_statement(sql)
        try:
            result = carry_out()
        except sqlite3.Error as problem:
            raise errors.translated(problem, connection.owner, sql, rows, connection.limit_s) from problem
        connection.after_statement(sql, rows)
        return result


def _hang(faults: OracleFaults, limit_s: float, timeout: sqlite3.Error) -> None:
    if faults.hang_s:
        time.sleep(min(faults.hang_s, limit_s))
    if faults.hang_s >= limit_s:
        raise timeout


def _forget_connection(context: ExceptionContext) -> None:
    """Tell SQLAlchemy, whose dialect is that of SQLite, which connections are of no more use."""
    code = errors.code_of(context.original_exception)
    if code in errors.LOST_LINE:
        context.is_disconnect = True
    elif code == errors.CALL_TIMEOUT:
        # This one owes an answer; the others of the pool are well.
        context.is_disconnect, context.invalidate_pool_on_disconnect = True, False


def _carry_out_late(file: Path, writes: Sequence[_Write]) -> None:
    """What a session does whose line broke while it was told to commit: nobody learns what becomes of it."""
    try:
        with closing(sqlite3.connect(file, timeout=_LATE_WAITS_S)) as connection, connection:
            for sql, rows in writes:
                connection.executemany(sql, rows)
    except sqlite3.Error as problem:
        log.info("a late transaction vanished: %s", problem)


def _as_oracle_takes_them(values: Any) -> Any:
    if isinstance(values, Mapping):
        return {name: _as_oracle_takes_it(value) for name, value in values.items()}
    return tuple(_as_oracle_takes_it(value) for value in values)


def _as_oracle_takes_it(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    moment = _FRACTION.fullmatch(value)
    return (value or None) if moment is None else f"{moment[1]}000000"
