"""Two portals, started once as their users start them, and one Chromium.

`demo` is what `make run` gives without a configuration: the sandbox with its live traffic. `portal` works
with a MariaDB whose calls the tests make themselves, over a line they can break. A missing server program or
browser is an error, never a skip: a test that did not run proves nothing.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, StorageState, expect
from sqlalchemy import create_engine, text

from tests.e2e.browser import chromium
from tests.e2e.call_centre import CallCentre
from tests.e2e.visits import PASSWORD, SUPERVISOR, Visits
from tests.support.faulty_proxy import FaultyProxy
from tests.support.mariadb import MariaDB
from tests.support.portal_process import Config, PortalProcess
from tests.support.processes import LOOPBACK, wait_until

# A page with its chart on a machine that does other work as well.
expect.set_options(timeout=15_000)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """The server of the call centre."""
    with tempfile.TemporaryDirectory(prefix="portal-mariadb-") as directory:
        server = MariaDB(Path(directory))
        yield server
        server.stop()


@pytest.fixture(scope="session")
def centre(mariadb: MariaDB) -> Iterator[CallCentre]:
    """The call centre, for tests to let calls begin and change."""
    made = CallCentre(mariadb)
    yield made
    made.close()


@pytest.fixture(scope="session")
def line(mariadb: MariaDB) -> Iterator[FaultyProxy]:
    """The line between `portal` and the call centre; who breaks it heals it."""
    with FaultyProxy(LOOPBACK, mariadb.port) as proxy:
        yield proxy


@pytest.fixture(scope="session")
def start_portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., PortalProcess]]:
    """Starts portals, each in a directory of its own, and ends them with the session."""
    started: list[PortalProcess] = []

    def start(config: Config | None = None) -> PortalProcess:
        portal = PortalProcess(tmp_path_factory.mktemp("portal"), config)
        started.append(portal)
        portal.start()
        return portal

    yield start
    for portal in started:
        portal.stop()


@pytest.fixture(scope="session")
def demo(start_portal: Callable[..., PortalProcess]) -> PortalProcess:
    """The portal without a configuration; logins operator, supervisor, admin."""
    return start_portal()


@pytest.fixture(scope="session")
def portal(
    start_portal: Callable[..., PortalProcess], centre: CallCentre, line: FaultyProxy
) -> PortalProcess:
    """The portal in real use, with the copy of recent days complete. Its one person is SUPERVISOR."""
    running = start_portal(real_config(centre, line.port))
    running.add_person(SUPERVISOR, PASSWORD, name="Светлана Корнилова")
    wait_until(lambda: is_copied(running), "the recent days are copied", timeout=90)
    return running


def real_config(centre: CallCentre, port: int) -> Config:
    """The configuration of a portal that reaches the call centre's server at `port`."""
    return {
        "portal": {
            "secret_key": secrets.token_urlsafe(48),
            "database_url": "sqlite:///portal.db",
            "timezone": centre.zone.key,
        },
        "call_centre": {"database_url": centre.url(port), "timezone": centre.zone.key},
    }


def is_copied(portal: PortalProcess) -> bool:
    """Whether the portal has a copy of all recent days."""
    engine = create_engine(f"sqlite:///{portal.directory / 'portal.db'}")
    with engine.connect() as connection:
        days = connection.execute(text("SELECT count(*), sum(is_full) FROM copied_day")).one()
    engine.dispose()
    return bool(days[0] and days[0] == days[1])


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the session."""
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def states() -> dict[tuple[str, str], StorageState]:
    """The cookies of those who logged in, by portal and login."""
    return {}


@pytest.fixture
def visits(browser: Browser, states: dict[tuple[str, str], StorageState]) -> Iterator[Visits]:
    """Browser contexts of this test, watched for errors, policy violations and foreign requests."""
    opened = Visits(browser, states)
    yield opened
    opened.end()
