"""The portal of a test, and for tests that change nothing one for the whole module."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.unit.portal.fakes import Portal, Prepared, open_portal, prepare


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
