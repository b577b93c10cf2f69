"""Doors to the database: engines, and ids for rows that are written many at a time."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, create_engine, event, func, select
from sqlalchemy.engine import make_url

_BUSY_TIMEOUT_MS = 10_000


def connect(url: str) -> Engine:
    """An engine for the stand-in; one on SQLite lets a writer and many readers live together.

    Raises:
        sqlalchemy.exc.ArgumentError: `url` is not a database URL.
    """
    engine = create_engine(make_url(url), pool_pre_ping=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA journal_mode = WAL")
    # A power cut may cost the demo its last calls, never its consistency.
    connection.execute("PRAGMA synchronous = NORMAL")


class FreshIds:
    """Hands out the ids that follow the highest one of each table."""

    def __init__(self, connection: Connection, metadata: MetaData) -> None:
        self._connection = connection
        self._metadata = metadata
        self._counters: dict[str, Iterator[int]] = {}

    def start(self, table: str, first: int) -> None:
        """Begin at `first` in a table that is still empty."""
        self._counters[table] = itertools.count(first)

    def next(self, table: str) -> int:
        if table not in self._counters:
            highest = self._connection.scalar(select(func.max(self._metadata.tables[table].c.id)))
            self._counters[table] = itertools.count((highest or 0) + 1)
        return next(self._counters[table])
