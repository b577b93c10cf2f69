"""The SQLite files that stand for Oracle schemas: made whole or not at all, and never over somebody's own."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sandbox.errors import SandboxError
from sandbox.vilnius import schema

Rows = Mapping[str, Iterable[Sequence[Any]]]


def is_made(path: Path) -> bool:
    """Whether the file is there already.

    Raises:
        SandboxError: there is one that the sandbox did not make.
    """
    if not path.exists():
        return False
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
        try:
            (found,) = database.execute("PRAGMA application_id").fetchone()
        except sqlite3.DatabaseError:  # no database at all
            found = None
    if found != schema.APPLICATION_ID:
        raise SandboxError(f"{path} was not made by the sandbox: it was not touched")
    return True


def make(path: Path, rows: Rows) -> None:
    """Make the file named for one of the schemas, with `rows` by table, in place of what is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    with closing(sqlite3.connect(unfinished)) as database:
        # Whoever reads never waits for the one who writes, as with Oracle.
        database.execute("PRAGMA journal_mode = WAL")
        with database:
            for statement in schema.statements(path.stem):
                database.execute(statement)
            for table, values in rows.items():
                marks = ", ".join("?" for _ in schema.columns(table))
                database.executemany(f"INSERT INTO {table} VALUES ({marks})", values)
    for leftover in ("-wal", "-shm"):  # of the file that is replaced
        path.with_name(path.name + leftover).unlink(missing_ok=True)
    os.replace(unfinished, path)


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that cannot change anything.

    Raises:
        SandboxError: the file is not there, or not the sandbox's.
    """
    if not is_made(path):
        raise SandboxError(f"there is no {path} yet: run `python -m sandbox create-vilnius` first")
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
        yield database
