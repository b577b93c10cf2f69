"""INSERT that updates an existing row, in each dialect's own words."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.orm import Session


def upsert(
    session: Session,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    changes: Mapping[str, ColumnElement[Any]] | None = None,
) -> None:
    """Insert `rows` into `table`; where the primary key exists, overwrite the row's other columns.

    Args:
        rows: all carry the same keys; none at all does nothing.
        changes: what to set in an existing row instead, e.g. `{"count": table.c.count + 1}`.
    """
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    others = [name for name in rows[0] if name not in keys]
    dialect = session.get_bind().dialect.name
    if dialect in ("mysql", "mariadb"):
        insert = mysql.insert(table)
        # MariaDB has no "do nothing" that spares other errors: a key set to itself changes nothing.
        new = changes or {name: insert.inserted[name] for name in others or keys}
        session.execute(insert.on_duplicate_key_update(dict(new)), rows)
        return
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = make(table)
    new = changes or {name: statement.excluded[name] for name in others}
    if new:
        statement = statement.on_conflict_do_update(index_elements=keys, set_=dict(new))
    else:
        statement = statement.on_conflict_do_nothing(index_elements=keys)
    session.execute(statement, rows)
