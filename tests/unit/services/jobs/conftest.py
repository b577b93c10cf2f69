"""A portal database with the tables of the collector."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.jobs.tables import JobRunRow, LeaseRow
from services.storage import Base, Store, table_of


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'portal.db'}")
    Base.metadata.create_all(store.engine, tables=[table_of(LeaseRow), table_of(JobRunRow)])
    yield store
    store.close()
