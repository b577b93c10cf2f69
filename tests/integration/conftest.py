"""Private servers shared by the integration tests.

A missing server program is an error, never a skip: a test that did not run proves nothing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.faulty_proxy import FaultyProxy
from tests.support.mariadb import FaultyMariaDB, MariaDB
from tests.support.postgres import Postgres
from tests.support.processes import LOOPBACK


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """One server for the session; take a database of your own from `create_database`."""
    with tempfile.TemporaryDirectory(prefix="portal-mariadb-") as directory:
        server = MariaDB(Path(directory))
        yield server
        server.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for the session; take a database of your own from `create_database`."""
    with tempfile.TemporaryDirectory(prefix="portal-postgres-") as directory:
        server = Postgres(Path(directory))
        yield server
        server.stop()


@pytest.fixture
def faulty_mariadb(mariadb: MariaDB) -> Iterator[FaultyMariaDB]:
    """The session's server behind a line that passes everything until the test says otherwise."""
    with FaultyProxy(LOOPBACK, mariadb.port) as proxy:
        yield FaultyMariaDB(mariadb, proxy)
