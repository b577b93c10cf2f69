from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from sandbox.call_centre.clock import CENTRE_ZONE
from sandbox.call_centre.database import connect
from sandbox.call_centre.generate import DemoSize, create

#: A Wednesday, at the quietest hour of the day.
AT_NIGHT = datetime(2026, 3, 4, 3, 0, tzinfo=CENTRE_ZONE)
SMALL = DemoSize(days=3, calls_per_day=300, operators=6, agencies=20)


@pytest.fixture
def at_night() -> datetime:
    return AT_NIGHT


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A database file that does not exist yet."""
    engine = connect(f"sqlite:///{tmp_path / 'call-centre.db'}")
    yield engine
    engine.dispose()


@pytest.fixture
def small(engine: Engine) -> Engine:
    """A small call centre, made at night."""
    create(engine, SMALL, seed=1, now=AT_NIGHT)
    return engine


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The demo as it comes by default, made at night; nobody may change it."""
    engine = connect(f"sqlite:///{tmp_path_factory.mktemp('demo') / 'call-centre.db'}")
    create(engine, DemoSize(), seed=1, now=AT_NIGHT)
    yield engine
    engine.dispose()
