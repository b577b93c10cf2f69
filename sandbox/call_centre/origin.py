"""The mark the sandbox leaves in a database it made.

It says that the database is complete, remembers what it was made with, and keeps `play` and `create` from
ever writing to a database that belongs to somebody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy import inspect as inspector_of

from sandbox.call_centre import schema
from sandbox.errors import SandboxError


@dataclass(frozen=True, slots=True)
class Origin:
    """What a database of the sandbox was made with."""

    seed: int
    calls_per_day: int  # on an ordinary weekday
    made_at: datetime


def find(engine: Engine) -> Origin | None:
    """The origin of the database, or None when nothing (or only an unfinished attempt) is in it.

    Raises:
        SandboxError: there are calls in it that the sandbox did not put there.
        sqlalchemy.exc.SQLAlchemyError: the database does not answer.
    """
    tables = inspector_of(engine).get_table_names()
    if schema.ORIGIN not in tables:
        if "calls" in tables:
            raise SandboxError("this database was not made by the sandbox: nothing in it was touched")
        return None
    columns = schema.call_centre().tables[schema.ORIGIN].c
    with engine.connect() as connection:
        row = connection.execute(select(columns.seed, columns.calls_per_day, columns.made_at)).first()
    return None if row is None else Origin(*row)


def required(engine: Engine) -> Origin:
    """The origin of the database.

    Raises:
        SandboxError: the sandbox did not make it, or did not finish.
    """
    origin = find(engine)
    if origin is None:
        raise SandboxError("there is no call-centre database yet: run `python -m sandbox create` first")
    return origin


def mark(connection: Connection, origin: Origin) -> None:
    """Declare the database complete; the last thing its maker does."""
    table = schema.call_centre().tables[schema.ORIGIN]
    values = {"seed": origin.seed, "calls_per_day": origin.calls_per_day, "made_at": origin.made_at}
    connection.execute(insert(table).values(values))
