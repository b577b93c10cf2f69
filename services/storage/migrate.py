"""Brings the tables of the portal database to a revision. Any number of processes may do it at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, NullPool, create_engine
from sqlalchemy.engine import URL, make_url

from services.storage.store import WRITES, Store, our_errors, sqlite_engine

#: How long to wait for another process that migrates the same database.
_PATIENCE_S = 600
_LOCK_NAME = "portal.migrate"
_LOCK_KEY = 0x706F7274  # PostgreSQL's locks have numbers


class MigrationError(Exception):
    """The tables could not be brought to the revision."""


def upgrade(store: Store | str | URL, revision: str = "head") -> None:
    """Bring the database up to `revision`; does nothing when it is there already.

    Raises:
        MigrationError: the database is at a revision this program does not know, a row would be left without
            the row it refers to, or the lock was not to be had.
        StorageError: the database cannot be reached.
    """
    with migrating(store) as connection:
        command.upgrade(config(connection), revision)


def downgrade(store: Store | str | URL, revision: str) -> None:
    """Bring the database down to `revision`; "base" removes every table.

    Raises:
        MigrationError, StorageError: as `upgrade`.
    """
    with migrating(store) as connection:
        command.downgrade(config(connection), revision)


def current(store: Store | str | URL) -> str | None:
    """The revision the database is at; None when it was never migrated.

    Raises:
        StorageError: the database cannot be reached.
    """
    with _connected(store) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def is_current(store: Store | str | URL) -> bool:
    """Whether the database is at the latest revision this program knows.

    Raises:
        StorageError: the database cannot be reached.
    """
    return current(store) == ScriptDirectory.from_config(config()).get_current_head()


def config(connection: Connection | None = None) -> Config:
    """Alembic's settings; commands that touch a database need the connection."""
    made = Config(attributes={"connection": connection})
    made.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    made.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return made


@contextmanager
def _connected(store: Store | str | URL) -> Iterator[Connection]:
    """Connect outside of the pool: the limits of a short transaction do not fit a migration."""
    url = store.url if isinstance(store, Store) else make_url(store)
    if url.get_backend_name() == "sqlite":
        engine: Engine = sqlite_engine(url, pool_size=1).execution_options(**{WRITES: True})
    elif url.get_backend_name() == "postgresql":
        engine = create_engine(url, poolclass=NullPool)
    else:
        # Every statement that changes tables commits; so shall the note of the revision beside it.
        engine = create_engine(
            url.update_query_dict({"charset": "utf8mb4"}), poolclass=NullPool, isolation_level="AUTOCOMMIT"
        )
    try:
        with our_errors(), engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def migrating(store: Store | str | URL) -> Iterator[Connection]:
    """Connect, and keep other processes from migrating the same database meanwhile."""
    with _connected(store) as connection:
        alone = {"sqlite": _alone_on_sqlite, "postgresql": _alone_on_postgresql}
        try:
            with alone.get(connection.dialect.name, _alone_on_mariadb)(connection):
                yield connection
        except CommandError as error:  # e.g. a revision that a newer program made
            raise MigrationError(str(error)) from error


@contextmanager
def _alone_on_sqlite(connection: Connection) -> Iterator[None]:
    driver: Any = connection.connection.dbapi_connection
    driver.execute(f"PRAGMA busy_timeout = {_PATIENCE_S * 1000}")
    # A table that is made anew is dropped first, and would take the rows that refer to it along. The pragma
    # does nothing inside a transaction.
    driver.execute("PRAGMA foreign_keys = OFF")
    with connection.begin():  # IMMEDIATE: this is the lock
        yield
        orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if orphans:
            raise MigrationError(f"rows without the row they refer to: {orphans[:5]}")


@contextmanager
def _alone_on_postgresql(connection: Connection) -> Iterator[None]:
    with connection.begin():
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {_PATIENCE_S * 1000}")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK_KEY})")
        yield


@contextmanager
def _alone_on_mariadb(connection: Connection) -> Iterator[None]:
    # The lock's name is known in the whole server, hence the database in it. It ends with the connection.
    got = connection.exec_driver_sql(
        f"SELECT GET_LOCK(CONCAT('{_LOCK_NAME}.', MD5(DATABASE())), {_PATIENCE_S})"
    ).scalar()
    if got != 1:
        raise MigrationError("another process has been migrating this database for too long")
    yield
