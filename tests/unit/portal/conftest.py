"""The portal of a test, and for tests that change nothing one for the whole module."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.unit.portal.fakes import Portal, Prepared, open_portal, prepare
from tests.unit.portal.telephony_examples import THEMES, FakeTelephony


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """A database with one person of each kind, made once: each portal works on a copy."""
    return prepare(tmp_path_factory.mktemp("prepared") / "portal.db")


@pytest.fixture
def make_portal(tmp_path: Path, prepared: Prepared) -> Iterator[Callable[..., Portal]]:
    """Open portals with settings of the test's own; keywords as for `open_portal`."""
    with ExitStack() as opened:

        def make(**options: object) -> Portal:
            directory = tmp_path / str(len(list(tmp_path.iterdir())))
            directory.mkdir()
            return opened.enter_context(open_portal(directory, prepared, **options))  # type: ignore[arg-type]

        yield make


@pytest.fixture
def fresh_portal(make_portal: Callable[..., Portal]) -> Portal:
    """A portal that this test may change as it likes."""
    return make_portal()


@pytest.fixture(scope="module")
def shared_portal(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Iterator[Portal]:
    """A portal for tests that only look."""
    with open_portal(tmp_path_factory.mktemp("portal"), prepared) as portal:
        yield portal


def _with_telephony(directory: Path) -> dict[str, str]:
    """Settings of a portal with telephony and a CRM."""
    return {
        "TELEPHONY__THEMES": ", ".join(THEMES),
        "TELEPHONY__LOG_FILE": str(directory / "stat.log"),
        "CRM__DATABASE_URL": f"sqlite:///{directory / 'crm.db'}",
    }


@pytest.fixture
def make_telephony(
    make_portal: Callable[..., Portal], tmp_path: Path
) -> Callable[..., tuple[Portal, FakeTelephony]]:
    """Open portals with a telephony of the test's own; keywords as for `make_portal`."""

    def make(**options: object) -> tuple[Portal, FakeTelephony]:
        telephony = FakeTelephony()
        return make_portal(telephony=telephony, **(_with_telephony(tmp_path) | options)), telephony

    return make


@pytest.fixture(scope="module")
def telephony_portal(tmp_path_factory: pytest.TempPathFactory, prepared: Prepared) -> Iterator[Portal]:
    """A portal with telephony for `called`."""
    directory = tmp_path_factory.mktemp("telephony")
    with open_portal(directory, prepared, telephony=FakeTelephony(), **_with_telephony(directory)) as portal:
        yield portal


@pytest.fixture
def called(telephony_portal: Portal) -> tuple[FlaskClient, FakeTelephony]:
    """A browser in the list of networks, and the telephony it comes to."""
    telephony = FakeTelephony()
    services = replace(telephony_portal.services, telephony=telephony)  # type: ignore[arg-type]
    telephony_portal.server.extensions["portal"] = services
    return telephony_portal.stranger(), telephony
