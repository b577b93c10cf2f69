"""The migrations lead to the tables of the code, and back, on every database."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import URL, make_url

from services.storage import Base, StorageUnavailable
from services.storage.draft import import_all_tables
from services.storage.migrate import MigrationError, current, downgrade, is_current, upgrade
from tests.support.processes import LOOPBACK, free_port, wait_until
from tests.support.stores import KINDS, empty_database

PROJECT = Path(__file__).parents[2]


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    return make_url(empty_database(request.param, request, tmp_path))


def tables(url: URL) -> set[str]:
    engine = create_engine(url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def test_the_migrated_database_has_exactly_the_tables_of_the_code(url: URL) -> None:
    import_all_tables()

    upgrade(url)

    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Base.metadata)
    engine.dispose()
    assert differences == []


def test_migrations_go_up_down_and_up_again(url: URL) -> None:
    assert current(url) is None
    assert not is_current(url)

    upgrade(url)
    assert is_current(url)
    upgrade(url)
    assert is_current(url)

    downgrade(url, "base")
    assert current(url) is None
    assert tables(url) == {"alembic_version"}

    upgrade(url)
    assert is_current(url)


def test_every_migration_can_be_undone_alone(url: URL) -> None:
    upgrade(url, "0001")
    before = tables(url)
    while not is_current(url):
        upgrade(url, "+1")

        downgrade(url, "-1")

        assert tables(url) == before
        upgrade(url, "+1")
        before = tables(url)


class Upgrades:
    """Processes that upgrade one database, all from the same moment on."""

    PROGRAM = """
import os, sys
from services.storage.migrate import upgrade
print("ready", flush=True)
sys.stdin.readline()
upgrade(os.environ["DATABASE"])
"""

    def __init__(self, url: URL) -> None:
        environment = os.environ | {"DATABASE": url.render_as_string(hide_password=False)}
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-c", self.PROGRAM],
                cwd=PROJECT,
                env=environment,
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            for _ in range(4)
        ]

    def __len__(self) -> int:
        return len(self._processes)

    def begin(self) -> None:
        for process in self._processes:
            assert process.stdout is not None
            process.stdout.readline()
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()

    def errors(self) -> str:
        """What they wrote to standard error until their end."""
        return "".join(process.communicate(timeout=120)[1] for process in self._processes)

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()


@pytest.fixture
def upgrades(url: URL) -> Iterator[Upgrades]:
    upgrades = Upgrades(url)
    yield upgrades
    upgrades.close()


def test_processes_that_migrate_at_once_do_not_hurt_each_other(url: URL, upgrades: Upgrades) -> None:
    upgrades.begin()

    assert upgrades.errors() == ""
    assert is_current(url)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_processes_that_are_held_up_at_the_first_table_go_on_one_after_another(
    url: URL, upgrades: Upgrades
) -> None:
    engine = create_engine(url)
    watcher = engine.execution_options(isolation_level="AUTOCOMMIT")
    blocked = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    with engine.connect() as connection, watcher.connect() as watching:
        connection.execute(text("CREATE TABLE alembic_version (version_num text)"))
        upgrades.begin()
        wait_until(lambda: watching.scalar(blocked) == len(upgrades), "all of them wait", 60)
        connection.rollback()
    engine.dispose()

    assert upgrades.errors() == ""
    assert is_current(url)


def test_a_database_of_a_newer_program_is_left_alone(url: URL) -> None:
    upgrade(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()

    with pytest.raises(MigrationError, match="9999"):
        upgrade(url)

    assert not is_current(url)
    assert current(url) == "9999"


def test_migrating_an_absent_server_says_so() -> None:
    with pytest.raises(StorageUnavailable):
        upgrade(f"postgresql+psycopg://ann@{LOOPBACK}:{free_port()}/portal")
